import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { fillRecords, RECORD_WORDS, recordKey, sortRecords } from '../../../src/run/ids/keySort.ts';
import { mergeRuns } from '../../../src/run/ids/mergeRuns.ts';
import { temporaryFolder } from '../../temporary.ts';

const key = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n),
);

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

test('records sort by key, those of one key stay in their order', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 300 }), (keys) => {
      const records = new Uint32Array(keys.length * RECORD_WORDS);
      fillRecords(records, BigInt64Array.from(keys), { to: 0, partition: 7, firstRow: 100 });
      const sorted = sortRecords(records, new Uint32Array(records.length), keys.length);
      const got = keys.map((_, index) => {
        const at = index * RECORD_WORDS;
        assert.equal(sorted[at + 2], 7);
        return { key: recordKey(sorted[at]!, sorted[at + 1]!), row: sorted[at + 3]! - 100 };
      });
      const want = keys
        .map((value, row) => ({ key: value, row }))
        .sort((a, b) => compare(a.key, b.key) || a.row - b.row);
      assert.deepEqual(got, want);
    }),
  );
});

test('many runs are merged in several passes into one order', async () => {
  using folder = temporaryFolder();
  const all: bigint[] = [];
  const runs: string[] = [];
  for (let run = 0; run < 150; run++) {
    const keys = BigInt64Array.from(
      { length: run % 40 },
      (_, index) => BigInt((index * 7919 + run * 104_729) % 2000) - 1000n,
    );
    const records = new Uint32Array(keys.length * RECORD_WORDS);
    fillRecords(records, keys, { to: 0, partition: run, firstRow: 0 });
    const file = join(folder.path, `run-${run}`);
    writeFileSync(file, sortRecords(records, new Uint32Array(records.length), keys.length));
    runs.push(file);
    all.push(...keys);
  }
  const merged = [...(await mergeRuns(runs, folder.path, new AbortController().signal))];
  assert.deepEqual(
    merged.map(({ high, low }) => recordKey(high, low)),
    all.sort(compare),
  );
  for (let at = 1; at < merged.length; at++) {
    const [a, b] = [merged[at - 1]!, merged[at]!];
    if (a.high === b.high && a.low === b.low)
      assert.ok(a.partition < b.partition || (a.partition === b.partition && a.row < b.row));
  }
});
