/** 5,000 damaged or merely unusual segments: each ends in an error, or in exactly the rows that a naive reader gives. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../../src/core/errors.ts';
import { openReader, openSource } from '../../../src/sources/index.ts';
import { openStore } from '../../../src/stores/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { config, type SegmentContent, segmentContent, testRing, writeSegment } from './build.ts';

const RUNS = 5000;
const DIM = 3;
const ROW_BYTES = DIM * 4;

type Mutation = (bytes: Uint8Array) => Uint8Array;

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constant((bytes: Uint8Array) => bytes),
  fc.nat(40).map((cut) => (bytes: Uint8Array) => bytes.slice(0, Math.max(0, bytes.length - cut))),
  fc.nat(300).map((length) => (bytes: Uint8Array) => bytes.slice(0, length)),
  fc.uint8Array({ maxLength: 40 }).map((more) => (bytes: Uint8Array) => Buffer.concat([bytes, more])),
  // A bit of the length word, or of anything.
  fc.nat(63).map((bit) => (bytes: Uint8Array) => flip(bytes, bit)),
  fc.nat(4000).map((bit) => (bytes: Uint8Array) => flip(bytes, bit)),
  // A length word that fits, or nearly.
  fc.nat(80).map((length) => (bytes: Uint8Array) => withWord(bytes, BigInt(length * 4))),
);

const segment = fc.record({
  rows: fc.integer({ min: 0, max: 60 }),
  offsets: fc.array(
    fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 0, max: 59 }) }, { weight: 1, arbitrary: fc.integer() }),
    { maxLength: 30 },
  ),
  rv: mutation,
  uid: mutation,
  deletedDocs: mutation,
  both: fc.boolean(),
  slabBytes: fc.integer({ min: 100, max: 2000 }),
  partBytes: fc.integer({ min: 20, max: 2000 }),
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  const at = bit >> 3;
  if (at < copy.length) copy[at] = copy[at]! ^ (1 << (bit & 7));
  return copy;
}

function withWord(bytes: Uint8Array, word: bigint): Uint8Array {
  const copy = bytes.slice();
  if (copy.length >= 8) new DataView(copy.buffer, copy.byteOffset).setBigUint64(0, word, true);
  return copy;
}

/** The payload, if the file is whole. */
function payload(bytes: Uint8Array, longerIsFine = false): Buffer | undefined {
  if (bytes.length < 8) return undefined;
  const length = Buffer.from(bytes).readBigUInt64LE(0);
  const rest = BigInt(bytes.length - 8);
  if (length > rest || (length < rest && !longerIsFine)) return undefined;
  return Buffer.from(bytes).subarray(8, 8 + Number(length));
}

/** Rows as id and vector in hex; undefined where the segment is bad. */
function naive({ rv, uid, deletedDocs }: SegmentContent): string[] | undefined {
  const [vectors, ids, offsets] = [payload(rv), payload(uid), payload(deletedDocs, true)];
  if (vectors === undefined || ids === undefined || offsets === undefined) return undefined;
  const rows = ids.length / 8;
  if (!Number.isInteger(rows) || vectors.length !== rows * ROW_BYTES || offsets.length % 4 !== 0) return undefined;
  const deleted = new Set<number>();
  for (let at = 0; at < offsets.length; at += 4) deleted.add(offsets.readInt32LE(at));
  if ([...deleted].some((offset) => offset < 0 || offset >= rows)) return undefined;
  return Array.from({ length: rows }, (_, row) => row)
    .filter((row) => !deleted.has(row))
    .map(
      (row) =>
        ids.toString('hex', row * 8, row * 8 + 8) + vectors.toString('hex', row * ROW_BYTES, (row + 1) * ROW_BYTES),
    );
}

async function readAll(
  db: string,
  { slabBytes, partBytes }: { slabBytes: number; partBytes: number },
): Promise<string[]> {
  await using source = await openSource(config(db), { openStore });
  await using reader = await openReader(source.reader, openStore);
  const ring = testRing(slabBytes);
  const [dataset] = await source.datasets();
  const rows: string[] = [];
  for await (const partition of source.plan(dataset!, { partBytes })) {
    let [live, deleted] = [0, 0];
    for await (const batch of reader.read(partition, dataset!.schema, ring)) {
      const [ids, vectors] = batch.columns.map(({ bytes }) => Buffer.from(bytes)) as [Buffer, Buffer];
      for (let row = 0; row < batch.rows; row++)
        rows.push(
          ids.toString('hex', row * 8, row * 8 + 8) + vectors.toString('hex', row * ROW_BYTES, (row + 1) * ROW_BYTES),
        );
      live += batch.rows;
      deleted += batch.deleted;
      assert.equal(batch.read, batch.rows + batch.deleted);
    }
    assert.deepEqual([live, deleted], [partition.rows, partition.deleted]);
  }
  assert.equal(ring.lent(), 0);
  assert.equal(dataset!.rows, rows.length);
  return rows;
}

const CODES = ['E_SEGMENT_TRUNCATED', 'E_SEGMENT_OVERLONG', 'E_SEGMENT_ROWS', 'E_DELETED_DOCS'];

test('a mutated segment ends in an error or in exactly its rows', async () => {
  using folder = temporaryFolder();
  const meta = {
    collections: [{ collection: 'c', metric: 1, rows: 0, dim: DIM, segments: [{ segment: '1', rows: 0 }] }],
    rows: 0,
  };
  writeFileSync(join(folder.path, 'meta.json'), JSON.stringify(meta));
  let exact = 0;
  await fc.assert(
    fc.asyncProperty(segment, async ({ rows, offsets, rv, uid, deletedDocs, both, ...sizes }) => {
      const whole = segmentContent(rows, DIM, offsets);
      // Often one file only is damaged: else nearly nothing would be readable.
      const content = both
        ? { rv: rv(whole.rv), uid: uid(whole.uid), deletedDocs: deletedDocs(whole.deletedDocs) }
        : { ...whole, deletedDocs: deletedDocs(whole.deletedDocs) };
      writeSegment(folder.path, 'c', '1', content);
      const want = naive(content);
      if (want === undefined) {
        await assert.rejects(
          readAll(folder.path, sizes),
          (error) =>
            error instanceof MigrateError &&
            CODES.includes(error.code) &&
            error.at.segment === '1' &&
            error.hint !== undefined,
        );
      } else {
        exact++;
        assert.deepEqual(await readAll(folder.path, sizes), want);
      }
    }),
    { numRuns: RUNS },
  );
  assert.ok(exact > RUNS / 20 && exact < RUNS, `${exact} of ${RUNS} were readable`);
});
