import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../../src/core/errors.ts';
import { appliedLsn, readWalRecords, splitLsn, type WalRecord } from '../../../src/formats/milvus1x/wal.ts';

interface Given {
  readonly type: number;
  readonly name: string;
  readonly tag: string;
  readonly rows: number;
  readonly data: number;
}

/** A log file of those records, and the LSN of each. */
function makeLog(number: number, records: readonly Given[]): { bytes: Uint8Array; lsns: bigint[] } {
  const parts: Uint8Array[] = [];
  const lsns: bigint[] = [];
  let end = 0;
  for (const { type, name, tag, rows, data } of records) {
    const [nameBytes, tagBytes] = [Buffer.from(name), Buffer.from(tag)];
    const bytes = new Uint8Array(21 + nameBytes.length + tagBytes.length + rows * 8 + data);
    end += bytes.length;
    const view = new DataView(bytes.buffer);
    const lsn = (BigInt(number) << 32n) | BigInt(end);
    view.setBigUint64(0, lsn, true);
    view.setUint8(8, type);
    view.setUint16(9, nameBytes.length, true);
    view.setUint16(11, tagBytes.length, true);
    view.setUint32(13, rows, true);
    view.setUint32(17, data, true);
    bytes.set(nameBytes, 21);
    bytes.set(tagBytes, 21 + nameBytes.length);
    parts.push(bytes);
    lsns.push(lsn);
  }
  return { bytes: Buffer.concat(parts), lsns };
}

function readAll(
  bytes: Uint8Array,
  number: number,
  { start = 0, end = bytes.length } = {},
): { records: WalRecord[]; asked: number } {
  const records: WalRecord[] = [];
  let asked = 0;
  const reading = readWalRecords({ number, size: bytes.length, start, end, file: 'wal/1.wal' }, (record) =>
    records.push(record),
  );
  for (let step = reading.next(); step.done !== true; ) {
    const { offset, length } = step.value;
    assert.ok(offset >= 0 && offset + length <= bytes.length, 'asks for bytes of the file only');
    asked += length;
    step = reading.next(bytes.slice(offset, offset + length));
  }
  return { records, asked };
}

const given = fc.record({
  type: fc.integer({ min: 0, max: 5 }),
  name: fc.string({ maxLength: 700 }),
  tag: fc.string({ maxLength: 20 }),
  rows: fc.integer({ min: 0, max: 20 }),
  data: fc.integer({ min: 0, max: 2000 }),
});

test('every record comes back', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 8 }), (list) => {
      const { bytes, lsns } = makeLog(3, list);
      const { records } = readAll(bytes, 3);
      const kinds = ['other', 'insert', 'insert', 'delete', 'insert', 'other'];
      const want = list.map(({ type, name, tag, rows }, index) => ({
        lsn: lsns[index],
        kind: kinds[type],
        collection: Buffer.from(name).toString(),
        tag: Buffer.from(tag).toString(),
        rows,
      }));
      assert.deepEqual(records, want);
    }),
  );
});

test('vectors are skipped, not read', () => {
  const { bytes } = makeLog(1, [
    { type: 2, name: 'faces', tag: '', rows: 100, data: 1_000_000 },
    { type: 3, name: 'faces', tag: '', rows: 7, data: 0 },
  ]);
  const { records, asked } = readAll(bytes, 1);
  assert.deepEqual(
    records.map(({ kind, rows }) => [kind, rows]),
    [
      ['insert', 100],
      ['delete', 7],
    ],
  );
  assert.ok(asked <= 2 * 512);
});

test('a mutated log ends in an error or in records, never beyond the file', () => {
  const { bytes } = makeLog(
    1,
    Array.from({ length: 6 }, (_, index) => ({ type: 2, name: `c${index}`, tag: 'eu', rows: 3, data: 96 })),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: bytes.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      fc.integer({ min: 0, max: bytes.length }),
      (at, flip, cut) => {
        const broken = bytes.slice(0, cut);
        if (at < cut) broken[at] = broken[at]! ^ flip;
        try {
          const { records } = readAll(broken, 1);
          assert.ok(records.length <= 6);
        } catch (thrown) {
          assert.ok(thrown instanceof MigrateError && thrown.code === 'E_WAL' && thrown.at.file === 'wal/1.wal');
          assert.ok(thrown.at.offset !== undefined);
        }
      },
    ),
  );
});

test('the newest applied LSN', () => {
  const meta = new Uint8Array(24);
  const view = new DataView(meta.buffer);
  view.setBigUint64(0, 5n, true);
  view.setBigUint64(8, 9n, true);
  view.setBigUint64(16, 9n, true);
  assert.equal(appliedLsn(meta, 'm'), 9n);
  view.setBigUint64(16, 8n, true);
  assert.equal(appliedLsn(meta, 'm'), 5n);
  assert.throws(() => appliedLsn(meta.subarray(0, 20), 'm'), { code: 'E_WAL' });
  assert.deepEqual(splitLsn((7n << 32n) | 0xfffffff0n), { file: 7, offset: 0xfffffff0 });
});
