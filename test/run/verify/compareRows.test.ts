/** How often Milvus is asked, and the source read once more for rows that are in doubt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashValues } from '../../../src/core/canonical.ts';
import type { PartitionRecord } from '../../../src/core/checkpoint.ts';
import type { PlannedCollection } from '../../../src/core/plan.ts';
import { type Comparing, compareSamples } from '../../../src/run/verify/compareRows.ts';
import type { VerifyContext } from '../../../src/run/verify/verify.ts';
import { part, planned } from '../../contract/checkpoint.ts';

const ROWS = 8_000;
const schema = {
  fields: [
    { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
    { name: 'data', type: 'FloatVector', primaryKey: false, dim: 1 },
  ],
  metric: 'L2',
} as const;
const TWIN = [new Uint8Array(4)];
const WANTED = 'ffffffffffffffff';

/** Parts of which every id occurs twice: Milvus returns the other row each time, and the source has both. */
async function countsFor(parts: number, rows = ROWS): Promise<{ reads: number; queries: number }> {
  const records = Array.from({ length: parts }, (_, at): PartitionRecord => {
    const samples = Array.from({ length: rows }, (_, row) => ({ key: String(at * rows + row), hash: WANTED }));
    return { planned: planned(at), part: { ...part(`p${at}`), samples }, load: undefined };
  });
  let [reads, queries] = [0, 0];
  const pool = {
    async run({ keys, partition }: { keys: BigInt64Array; partition: { id: string } }) {
      // Every part is looked through each time: one of them stands for all.
      if (partition.id === 'p0') reads++;
      const matches = Array.from(keys, (key) => [WANTED, hashValues(TWIN)].map((hash) => ({ key: String(key), hash })));
      return { rows: 0, matches: matches.flat() };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const collection = { target: 'a', schema } as unknown as PlannedCollection;
  const run = {
    config: { onDuplicate: 'fail' },
    reader: { kind: 'milvus1x', detail: null },
    collections: [collection],
    ledger: { of: () => records },
    pool: { beside: () => pool },
    target: {
      async rows(...[, , keys]: [string, unknown, bigint[]]) {
        queries++;
        return new Map(keys.map((key) => [String(key), TWIN]));
      },
    },
    signal: new AbortController().signal,
  } as unknown as VerifyContext;
  const context: Comparing = { run, planned: collection, into: 'a', before: {} };
  const { compared, different, remarks } = await compareSamples(context);
  assert.deepEqual([compared, different, remarks.length], [parts * rows, 0, 1]);
  return { reads, queries };
}

test('where every id occurs twice the source is not read again for each ten thousand rows', async () => {
  assert.equal((await countsFor(1)).reads, 1);
  const { reads } = await countsFor(50);
  assert.ok(reads <= 6, `${reads} times for 400,000 rows`);
});

test('samples of many parts are asked for together', async () => {
  assert.equal((await countsFor(3000, 1)).queries, 1);
});

test('hundreds of thousands of rows of one query may be in doubt', async () => {
  assert.equal((await countsFor(1, 300_000)).reads, 1);
});
