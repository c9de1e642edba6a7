import assert from 'node:assert/strict';
import { appendFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { type Batch, int64s } from '../../../src/core/batch.ts';
import type { DroppedRows, OpenStore, Partition, SourceReader } from '../../../src/core/contracts.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { openReader, openSource } from '../../../src/sources/index.ts';
import { openStore } from '../../../src/stores/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { collect, config, segmentContent, slowReads, testRing, writeSegment } from './build.ts';

const DIM = 4;
/** Seconds: what was written then is put back as it was. */
const WRITTEN_AT = 1_500_000_000;

interface Opened {
  readonly reader: SourceReader;
  readonly schema: Schema;
  readonly partitions: readonly Partition[];
}

/** Segments of a collection `c`, written and planned. */
async function open(
  db: string,
  segments: readonly { rows: number; deleted: readonly number[] }[],
  partBytes: number,
  stores: OpenStore = openStore,
): Promise<Opened> {
  const named = segments.map(({ rows, deleted }, index) => ({
    segment: String(100 + index),
    rows: rows - new Set(deleted).size,
  }));
  for (const [index, { rows, deleted }] of segments.entries())
    writeSegment(db, 'c', String(100 + index), segmentContent(rows, DIM, deleted, index * 1_000_000));
  writeFileSync(
    join(db, 'meta.json'),
    JSON.stringify({ collections: [{ collection: 'c', metric: 1, rows: 0, dim: DIM, segments: named }], rows: 0 }),
  );
  return planned(db, partBytes, stores);
}

async function planned(db: string, partBytes: number, stores: OpenStore = openStore): Promise<Opened> {
  await using source = await openSource(config(db), { openStore });
  const [dataset] = await source.datasets();
  const partitions = await collect(source.plan(dataset!, { partBytes }));
  const fields = dataset!.schema.fields.map((field, index) => ({ ...field, name: ['key', 'vec'][index]! }));
  return { reader: await openReader(source.reader, stores), schema: { ...dataset!.schema, fields }, partitions };
}

const droppedRows = (ordinals: readonly number[]): DroppedRows => ({ ordinals: () => ordinals.values() });

const keysOf = (batch: Batch): number[] => [...int64s(batch.columns[0]!)].map(Number);

test('any segments, slabs, cuts and dropped rows: the live rows in order, whatever the slabs and the reads under way', async () => {
  const segment = fc.integer({ min: 0, max: 150 }).chain((rows) =>
    fc.record({
      rows: fc.constant(rows),
      deleted:
        rows === 0
          ? fc.constant([])
          : fc.oneof(
              fc.constant<number[]>([]),
              fc.constant([...Array(rows).keys()]),
              fc.array(fc.nat(rows - 1), { maxLength: 2 * rows }),
            ),
    }),
  );
  using folder = temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { minLength: 1, maxLength: 5 }),
      fc.record({
        slabBytes: fc.integer({ min: 88, max: 3000 }),
        partBytes: fc.integer({ min: 24, max: 6000 }),
        slabs: fc.integer({ min: 1, max: 5 }),
        readsInFlight: fc.integer({ min: 1, max: 6 }),
        turns: fc.array(fc.nat(4), { minLength: 1, maxLength: 7 }),
      }),
      fc.uniqueArray(fc.nat(300)),
      async (segments, { slabBytes, partBytes, slabs, readsInFlight, turns }, picked) => {
        const { reader, schema, partitions } = await open(
          folder.path,
          segments,
          partBytes,
          slowReads(readsInFlight, turns),
        );
        const want = segments.flatMap(({ rows, deleted }, index) =>
          Array.from({ length: rows }, (_, row) => row)
            .filter((row) => !deleted.includes(row))
            .map((row) => index * 1_000_000 + row),
        );
        const ring = testRing(slabBytes, slabs);
        let before = 0;
        let [read, deleted] = [0, 0];
        for (const partition of partitions) {
          const own = want.slice(before, before + partition.rows);
          before += partition.rows;
          const ordinals = picked.filter((ordinal) => ordinal < own.length).sort((a, b) => a - b);
          const rows: number[] = [];
          let dropped = 0;
          for await (const batch of reader.read(partition, schema, ring, droppedRows(ordinals))) {
            // The next slabs are being filled meanwhile.
            await setImmediate();
            rows.push(...keysOf(batch));
            dropped += batch.dropped;
            read += batch.read;
            deleted += batch.deleted;
            assert.equal(batch.read, batch.rows + batch.deleted + batch.dropped);
            assert.deepEqual(
              batch.columns.map(({ field, bytes }) => [field, bytes.length, bytes.byteOffset % 8]),
              [
                ['key', batch.rows * 8, 0],
                ['vec', batch.rows * DIM * 4, 0],
              ],
            );
            assertVectors(batch);
          }
          assert.deepEqual(
            rows,
            own.filter((_, ordinal) => !ordinals.includes(ordinal)),
          );
          assert.equal(dropped, ordinals.length);
          const keys: number[] = [];
          for await (const batch of reader.readKeys(partition, schema, ring, 'exactly')) {
            assert.equal(batch.first, keys.length);
            keys.push(...[...batch.keys].map(Number));
          }
          assert.deepEqual(keys, own);
        }
        assert.equal(before, want.length);
        assert.equal(ring.lent(), 0);
        assert.deepEqual(
          [read, deleted],
          [
            segments.reduce((sum, { rows }) => sum + rows, 0),
            segments.reduce((sum, { deleted: list }) => sum + new Set(list).size, 0),
          ],
        );
      },
    ),
    { numRuns: 150 },
  );
});

/** segmentContent counts on through all values of a segment: the first value of a row follows from its id. */
function assertVectors(batch: Batch): void {
  const { bytes } = batch.columns[1]!;
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (const [row, key] of keysOf(batch).entries()) {
    const first = Math.floor(key / 1_000_000) * 1_000_000;
    for (let at = 0; at < DIM; at++)
      assert.equal(values[row * DIM + at], Math.fround(first + (key - first) * DIM + at));
  }
}

test('given up in the middle: no read is under way any more, and every slab is back', async () => {
  using folder = temporaryFolder();
  const slow = slowReads(4, [9, 1, 30, 2]);
  const { reader, schema, partitions } = await open(folder.path, [{ rows: 500, deleted: [3] }], 1e9, slow);
  const ring = testRing(600, 5);
  for await (const batch of reader.read(partitions[0]!, schema, ring)) {
    assert.ok(batch.rows > 0);
    assert.ok(ring.lent() > 1, 'the next ones are being read');
    break;
  }
  assert.equal(ring.lent(), 0);
  const slabs = Array.from({ length: 5 }, () => ring.acquire());
  for (const { memory } of slabs) new Uint8Array(memory).fill(7);
  for (let turn = 0; turn < 40; turn++) await setImmediate();
  for (const { memory } of slabs) assert.ok(new Uint8Array(memory).every((byte) => byte === 7));
});

test('a batch is of one segment, and full where there are rows enough', async () => {
  using folder = temporaryFolder();
  const { reader, schema, partitions } = await open(
    folder.path,
    [
      { rows: 250, deleted: [] },
      { rows: 50, deleted: [7] },
    ],
    1e9,
  );
  assert.equal(partitions.length, 1);
  const batches: [string, number][] = [];
  for await (const batch of reader.read(partitions[0]!, schema, testRing(832 + 100 * 16)))
    batches.push([batch.origin, batch.rows]);
  assert.deepEqual(batches, [
    ['100', 100],
    ['100', 100],
    ['100', 50],
    ['101', 49],
  ]);
});

test('a partition of deleted rows only: one batch without rows, which counts them', async () => {
  using folder = temporaryFolder();
  const { reader, schema, partitions } = await open(folder.path, [{ rows: 3, deleted: [2, 0, 1, 1] }], 1e9);
  assert.deepEqual(
    partitions.map(({ rows, deleted, bytes }) => [rows, deleted, bytes]),
    [[0, 3, 0]],
  );
  const [batch, ...more] = await collect(reader.read(partitions[0]!, schema, testRing(1000)));
  assert.deepEqual([batch?.rows, batch?.read, batch?.deleted, more.length], [0, 3, 3, 0]);
});

test('a consumer that stops early gets the slab and the files back', async () => {
  using folder = temporaryFolder();
  const { reader, schema, partitions } = await open(folder.path, [{ rows: 500, deleted: [3] }], 1e9);
  const ring = testRing(1000);
  let closed = false;
  const ordinals: Iterator<number> = {
    next: () => ({ done: false, value: 400 }),
    return: () => {
      closed = true;
      return { done: true, value: undefined };
    },
  };
  for await (const batch of reader.read(partitions[0]!, schema, ring, { ordinals: () => ordinals })) {
    assert.ok(batch.rows > 0);
    break;
  }
  assert.deepEqual([ring.lent(), closed], [0, true]);
});

test('a file that is not what the plan saw is refused', async () => {
  using folder = temporaryFolder();
  const made = [{ rows: 20, deleted: [3, 5] }];
  await open(folder.path, made, 1e9);
  for (const name of ['100.rv', '100.uid', 'deleted_docs'])
    utimesSync(join(folder.path, 'tables', 'c', '100', name), WRITTEN_AT, WRITTEN_AT);
  const { reader, schema, partitions } = await planned(folder.path, 1e9);
  const read = async (): Promise<unknown> => collect(reader.read(partitions[0]!, schema, testRing(1000)));
  const file = (name: string): string => join(folder.path, 'tables', 'c', '100', name);
  const whole = segmentContent(20, DIM, [3, 5]);
  const putBack = (name: string, bytes: Uint8Array): void => {
    writeFileSync(file(name), bytes);
    utimesSync(file(name), WRITTEN_AT, WRITTEN_AT);
  };
  const refused = (segment: string) => (error: { code: string; at: { segment?: string; file?: string } }) =>
    error.code === 'E_SOURCE_CHANGED' && error.at.segment === '100' && (error.at.file?.endsWith(segment) ?? false);
  for (const [name, bytes] of [
    ['100.rv', whole.rv],
    ['100.uid', whole.uid],
    ['deleted_docs', whole.deletedDocs],
  ] as const) {
    appendFileSync(file(name), 'x');
    await assert.rejects(read(), refused(name));
    rmSync(file(name));
    await assert.rejects(read(), refused(name));
    // Of the same size, and yet another one.
    writeFileSync(file(name), bytes);
    await assert.rejects(read(), refused(name));
    putBack(name, bytes);
    await read();
  }
  putBack('deleted_docs', segmentContent(20, DIM, [3, 3]).deletedDocs);
  await assert.rejects(read(), refused('deleted_docs'));
  putBack('deleted_docs', segmentContent(20, DIM, [3, 20]).deletedDocs);
  await assert.rejects(read(), { code: 'E_DELETED_DOCS' });
  putBack('deleted_docs', whole.deletedDocs);
  await read();
});
