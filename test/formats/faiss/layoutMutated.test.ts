/** Damaged index files: each ends in an error that says where, or in a layout that holds; in little time and memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../../src/core/errors.ts';
import { layOutFaiss } from '../../../src/formats/faiss/layout.ts';
import type { FaissLayout } from '../../../src/formats/faiss/model.ts';
import { faissCases, fixtureBytes } from './fixtures.ts';
import { checkLayout } from './layoutCheck.ts';

const RUNS = 8000;
/** Larger files would only make the same walks slower to begin. */
const LARGEST_FILE = 24_000;
const SLOWEST_MS = 1000;

const FILES = faissCases()
  .map((known) => ({ name: known.name, bytes: fixtureBytes(known.file) }))
  .filter(({ bytes }) => bytes.length <= LARGEST_FILE);

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** Most fields are near the beginning or near the end. */
const place = fc.oneof(
  fc.nat(400).map((at) => () => at),
  fc.nat(200).map((back) => (length: number) => length - back),
  fc.nat(1_000_000).map((share) => (length: number) => Math.floor((share / 1_000_000) * length)),
);

const U64S = [0n, 1n, 2n, 7n, 255n, 2n ** 20n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 61n];
const u64 = fc.oneof(fc.constantFrom(...U64S, 2n ** 63n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const I32S = [0, 1, -1, 2, 3, 8, 25, 255, 65_536, 2 ** 20, 2 ** 20 + 1, 2 ** 31 - 1, -(2 ** 31)];
const i32 = fc.oneof(fc.constantFrom(...I32S), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const KINDS = ['null', 'IxF2', 'IxMp', 'IxPT', 'IwFl', 'IHNf', 'IBxF', 'IxHe', 'Imiq', 'Viqt', 'il00', 'ilar', 'sprs'];

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  place.map(
    (cut): Mutation =>
      (bytes) =>
        bytes.subarray(0, Math.max(0, cut(bytes.length))),
  ),
  fc.tuple(place, fc.nat(7)).map(([at, bit]) => put((b, i) => b.writeUInt8(b.readUInt8(i) ^ (1 << bit), i), at, 1)),
  fc.tuple(place, u64).map(([at, value]) => put((b, i) => b.writeBigUInt64LE(value, i), at, 8)),
  fc.tuple(place, i32).map(([at, value]) => put((b, i) => b.writeInt32LE(value, i), at, 4)),
  fc.tuple(place, fc.constantFrom(...KINDS)).map(([at, cc]) => put((b, i) => void b.write(cc, i, 'latin1'), at, 4)),
  fc.tuple(place, fc.nat(30)).map(
    ([at, n]): Mutation =>
      (bytes) =>
        without(bytes, Math.max(0, at(bytes.length)), n),
  ),
  fc.uint8Array({ maxLength: 40 }).map(
    (more): Mutation =>
      (bytes) =>
        Buffer.concat([bytes, more]),
  ),
);

function put(write: (bytes: Buffer, at: number) => void, where: (length: number) => number, size: number): Mutation {
  return (bytes) => {
    const at = where(bytes.length);
    if (at < 0 || at + size > bytes.length) return bytes;
    const copy = Buffer.from(bytes);
    write(copy, at);
    return copy;
  };
}

function without(bytes: Uint8Array, at: number, count: number): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
}

/** The layout of `bytes`, with what it took. */
function walked(bytes: Uint8Array): { layout: FaissLayout; asked: number; requests: number } {
  const pass = layOutFaiss(bytes.length);
  let [asked, requests] = [0, 0];
  let step = pass.next();
  while (!step.done) {
    const { at, length } = step.value;
    assert.ok(at >= 0 && length > 0 && at + length <= bytes.length, `wants ${length} bytes at ${at}`);
    requests++;
    asked += length;
    step = pass.next(bytes.subarray(at, at + length));
  }
  return { layout: step.value, asked, requests };
}

function holds(bytes: Uint8Array): void {
  const started = performance.now();
  try {
    const { layout, asked, requests } = walked(bytes);
    checkLayout(layout);
    // Jumps back cost a window each; nothing is read over and over.
    assert.ok(asked <= 3 * bytes.length + 64 * 1024, `${asked} bytes asked for`);
    assert.ok(requests <= bytes.length / 8 + 8, `${requests} requests`);
  } catch (thrown) {
    if (!(thrown instanceof MigrateError)) throw thrown;
    assert.equal(thrown.code, 'E_FAISS');
    assert.ok(thrown.at.offset !== undefined && thrown.found !== undefined && thrown.wanted !== undefined);
  }
  assert.ok(performance.now() - started < SLOWEST_MS);
}

test(`${RUNS} damaged files end in an error or in a layout that holds`, (context) => {
  const seed = Date.now() | 0;
  context.diagnostic(`seed ${seed}`);
  assert.ok(FILES.length > 100);
  const heapBefore = process.memoryUsage().arrayBuffers;
  const damaged = fc.property(
    fc.nat(FILES.length - 1),
    fc.array(mutation, { minLength: 1, maxLength: 3 }),
    (index, mutations) => {
      holds(mutations.reduce((bytes, change) => change(bytes), FILES[index]!.bytes));
    },
  );
  fc.assert(damaged, { numRuns: RUNS, seed });
  assert.ok(process.memoryUsage().arrayBuffers - heapBefore < 256 * 2 ** 20);
});

test('every file cut at each of its first bytes, and at some behind them, ends in an error', () => {
  for (const { name, bytes } of FILES) {
    const { layout } = walked(bytes);
    if (layout.recipe.kind === 'refused') continue;
    const step = Math.max(1, Math.floor(bytes.length / 150));
    for (let cut = 0; cut < bytes.length; cut += cut < 100 ? 1 : step)
      assert.throws(() => walked(bytes.subarray(0, cut)), { code: 'E_FAISS' }, `${name} cut at ${cut}`);
  }
});
