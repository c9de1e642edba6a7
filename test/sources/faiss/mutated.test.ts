/**
 * Damaged index files through the whole source: each ends in one of our errors, or in exactly as many whole rows as it
 * was planned to have. Never a crash, a hang or memory beyond the file's size.
 *
 * `MUTATION_SEED` repeats a run, `MUTATIONS` says how many files are made.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MigrateError } from '../../../src/core/errors.ts';
import { fieldBytes } from '../../../src/core/schema.ts';
import { temporaryFolder } from '../../temporary.ts';
import { type Case, faissCases, faissFixtures, readIndex } from './reading.ts';

const MUTATIONS = Number(process.env.MUTATIONS ?? 5000);
/** What may be wrong with a file of which nothing is known. */
const OURS = ['E_FAISS', 'E_FAISS_UNSUPPORTED', 'E_METRIC', 'E_DIMENSION', 'E_SOURCE_NOT_FOUND'];
/** Larger fixtures say no more than smaller ones of their kind. */
const LARGEST = 150_000;

test(`${MUTATIONS} damaged files end in an error or in whole rows`, async (context) => {
  using folder = temporaryFolder();
  const seed = Number(process.env.MUTATION_SEED ?? randomInt(2 ** 31));
  context.diagnostic(`MUTATION_SEED=${seed}`);
  const random = generator(seed);
  const cases = faissCases().filter(({ file }) => statSync(join(faissFixtures(), file)).size <= LARGEST);
  const file = join(folder.path, 'damaged.index');
  const seen = { errors: 0, rows: 0 };
  for (let run = 0; run < MUTATIONS; run++) {
    const each = cases[run % cases.length]!;
    const { bytes, how } = mutated(readFileSync(join(faissFixtures(), each.file)), random);
    writeFileSync(file, bytes);
    const outcome = await read(file, each, how);
    seen[outcome]++;
  }
  context.diagnostic(`${seen.errors} ended in an error, ${seen.rows} in rows`);
  // Neither all refused (the mutations would be too wild) nor all read (too tame).
  assert.ok(seen.errors > MUTATIONS / 10 && seen.rows > MUTATIONS / 10, JSON.stringify(seen));
  assert.ok(process.memoryUsage().rss < 1e9, `${process.memoryUsage().rss} bytes of memory`);
});

async function read(file: string, { name }: Case, how: string): Promise<'errors' | 'rows'> {
  const what = `${name}, ${how}`;
  try {
    const said = { allowSketch: true };
    const { dataset, ids, vectors, keys } = await readIndex(file, { said, hint: { partBytes: 50_000 } });
    assert.equal(ids.length, dataset.rows, what);
    assert.equal(vectors.length, dataset.rows * fieldBytes(dataset.schema.fields[1]!), what);
    assert.deepEqual(keys, ids, what);
    return 'rows';
  } catch (thrown) {
    if (!(thrown instanceof MigrateError)) throw new Error(`${what}: ${String(thrown)}`, { cause: thrown });
    assert.ok(OURS.includes(thrown.code), `${what}: ${thrown.code} ${thrown.message}`);
    assert.ok(thrown.at.file !== undefined, `${what}: ${thrown.message}: no file`);
    if (thrown.code === 'E_FAISS') assertSaysAll(thrown, what);
    return 'errors';
  }
}

/** A file that is damaged: where, in which field, what is there and what should be. */
function assertSaysAll({ message, at: { offset, field }, found, wanted }: MigrateError, what: string): void {
  const said = { offset, field, found, wanted };
  for (const [name, value] of Object.entries(said)) assert.ok(value !== undefined, `${what}: ${message}: no ${name}`);
}

/** Numbers that break what is not checked: signs, powers of two, sums that overflow. */
const WILD = [
  0n,
  1n,
  -1n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 60n,
  2n ** 61n,
  2n ** 62n,
  -(2n ** 63n),
];

function mutated(original: Uint8Array, random: () => number): { bytes: Uint8Array; how: string } {
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  // Headers and tables are at the front mostly.
  const place = (width: number): number =>
    Math.floor((random() < 0.7 ? Math.min(400, bytes.length - width) : bytes.length - width) * random());
  switch (Math.floor(random() * 6)) {
    case 0: {
      const at = place(1);
      bytes[at]! ^= 1 << Math.floor(random() * 8);
      return { bytes, how: `a bit of byte ${at}` };
    }
    case 1: {
      const at = place(4);
      view.setInt32(at, Math.floor(random() * 2 ** 32) | 0, true);
      return { bytes, how: `four bytes at ${at}` };
    }
    case 2: {
      const at = place(8);
      const value = WILD[Math.floor(random() * WILD.length)]!;
      view.setBigInt64(at, value, true);
      return { bytes, how: `${value} at ${at}` };
    }
    case 3: {
      const at = place(8);
      const value = view.getBigInt64(at, true) + BigInt(Math.floor(random() * 5) - 2);
      view.setBigInt64(at, BigInt.asIntN(64, value), true);
      return { bytes, how: `${value} at ${at}, nearly what was there` };
    }
    case 4: {
      const length = Math.floor(bytes.length * random());
      return { bytes: bytes.subarray(0, length), how: `cut to ${length} bytes` };
    }
    default: {
      const more = Math.ceil(random() * 50);
      const longer = new Uint8Array(bytes.length + more);
      longer.set(bytes);
      longer.fill(255, bytes.length);
      return { bytes: longer, how: `${more} bytes more` };
    }
  }
}

/** Numbers from 0 to 1, the same for the same seed (a Weyl sequence through an integer hash). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
