/** Damaged files whose layout holds: their rows are decoded, or there is an error that says what is wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../../src/core/errors.ts';
import { layOutFaiss, runSync } from '../../../src/formats/faiss/layout.ts';
import type { Recipe } from '../../../src/formats/faiss/model.ts';
import { decodeWhole } from './decodeWhole.ts';
import { faissCases, fixtureBytes } from './fixtures.ts';

const RUNS = 5000;
const LARGEST_FILE = 24_000;
const SLOWEST_MS = 5000;
/** A row takes a byte of the file at least, and no decoder makes more than that of one. */
const LARGEST_OUTPUT = 256 * 2 ** 20;

/** Without those that the test's own reading of ids and copies could not follow. */
const files = faissCases()
  .filter(({ refused, cc, name }) => !refused && cc !== 'IwFd' && !name.includes('ondisk'))
  .map(({ file }) => fixtureBytes(file))
  .filter(({ length }) => length <= LARGEST_FILE);

const change = fc.record({
  /** From the start or from anywhere: most fields are at the start. */
  at: fc.oneof(fc.nat(600), fc.nat(LARGEST_FILE)),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.nat(300).map((value) => Uint8Array.of(value, value >> 8, 0, 0)),
    fc.nat(300).map((value) => Uint8Array.of(value, value >> 8, 0, 0, 0, 0, 0, 0)),
  ),
});

test(`${RUNS} damaged files are decoded, or say what is wrong with them`, (context) => {
  const seed = Date.now() | 0;
  context.diagnostic(`seed ${seed}`);
  assert.ok(files.length > 100);
  let decoded = 0;
  const changes = fc.array(change, { minLength: 1, maxLength: 3 });
  const damaged = fc.property(fc.nat(files.length - 1), changes, (index, made) => {
    const file = Uint8Array.from(files[index]!);
    for (const { at, bytes } of made)
      file.set(bytes.subarray(0, Math.max(0, file.length - at)), Math.min(at, file.length));
    if (decodes(file)) decoded++;
  });
  fc.assert(damaged, { numRuns: RUNS, seed });
  assert.ok(decoded > RUNS / 10, `${decoded} had a layout`);
});

function decodes(file: Uint8Array): boolean {
  const started = performance.now();
  try {
    const recipe = recipeOf(file);
    if (recipe === undefined) return false;
    assert.ok(recipe.rows <= file.length, `${recipe.rows} rows in ${file.length} bytes`);
    assert.ok(recipe.rows * recipe.d * 4 <= LARGEST_OUTPUT, `${recipe.rows} rows of ${recipe.d} dimensions`);
    decodeWhole(file, { ...recipe, ids: { kind: recipe.storage.kind === 'lists' ? 'lists' : 'rows' } });
    return true;
  } catch (thrown) {
    // Whoever fetches the second codes checks the ids that name them; this test does not.
    if (thrown instanceof RangeError && /^second of /.test(thrown.message)) return true;
    if (!(thrown instanceof MigrateError)) throw thrown;
    assert.match(thrown.code, /^E_FAISS/);
    return false;
  } finally {
    assert.ok(performance.now() - started < SLOWEST_MS);
  }
}

function recipeOf(file: Uint8Array): Recipe | undefined {
  const { recipe } = runSync(layOutFaiss(file.length), file);
  return recipe.kind === 'refused' ? recipe.sketch : recipe;
}
