/** Every kind of index file, decoded whole and compared with what faiss itself gives back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { layOutFaiss, runSync } from '../../../src/formats/faiss/layout.ts';
import type { Recipe } from '../../../src/formats/faiss/model.ts';
import { type Decoded, decodeWhole } from './decodeWhole.ts';
import { type FaissCase, faissCases, fixtureBytes, type Truth, truthOf } from './fixtures.ts';

const cases = faissCases();

describe('files of every kind', () => {
  for (const one of cases.filter(({ refused }) => !refused)) {
    test(`${one.name} (${one.cc})`, () => {
      const file = fixtureBytes(one.file);
      const recipe = recipeOf(one, file);
      assert.deepEqual([recipe.kind, recipe.d, recipe.rows], [one.kind, one.d, one.rows]);
      const lists = one.name.startsWith('ivfflat-ondisk') ? fixtureBytes('ivfflat-ondisk.ivfdata') : file;
      for (const rowsAtATime of [1, 7, 64, 1000])
        compare(one, decodeWhole(file, recipe, { lists, rowsAtATime }), truthOf(one));
      if (!one.inner) return;
      const kept = decodeWhole(file, recipe, { lists, keepTransformed: true });
      compare({ ...one, exact: one.exact && !lossy(one) }, kept, truthOf(one, 'inner'));
    });
  }
});

function recipeOf(one: FaissCase, file: Uint8Array): Recipe {
  const { recipe } = runSync(layOutFaiss(file.length), file);
  if (recipe.kind !== 'refused') return recipe;
  assert.ok(one.sketch && recipe.sketch !== undefined, `refused: ${recipe.why}`);
  return recipe.sketch;
}

/** Scalar codes inside a chain: their last bit is the processor's. */
function lossy({ name }: FaissCase): boolean {
  return name.includes('sq8');
}

function compare(one: FaissCase, found: Decoded, truth: Truth): void {
  const [a, b] = sorted(one, found, truth);
  assert.deepEqual(a.ids, b.ids);
  assert.equal(a.vectors.length, b.vectors.length);
  if (one.exact) assert.ok(Buffer.from(a.vectors.buffer).equals(Buffer.from(b.vectors.buffer)), firstDifference(a, b));
  else assertClose(a, b);
}

/** By id where the order of the file is not given, and ids are unique. */
function sorted(one: FaissCase, found: Decoded, truth: Truth): [Decoded, Decoded] {
  const wanted = { ids: [...truth.ids], vectors: truth.vectors };
  return one.cc === 'IwFd' || one.cc === 'IBHh' ? [byId(found), byId(wanted)] : [found, wanted];
}

function byId({ ids, vectors }: Decoded): Decoded {
  const rowBytes = vectors.length / ids.length;
  const order = ids.map((id, place) => ({ id, place })).sort((a, b) => (a.id < b.id ? -1 : 1));
  const rows = order.map(({ place }) => vectors.subarray(place * rowBytes, (place + 1) * rowBytes));
  return { ids: order.map(({ id }) => id), vectors: Uint8Array.from(Buffer.concat(rows)) };
}

function firstDifference(a: Decoded, b: Decoded): string {
  const [x, y] = [
    new Uint32Array(a.vectors.buffer.slice(0, a.vectors.length & ~3)),
    new Uint32Array(b.vectors.buffer.slice(0, b.vectors.length & ~3)),
  ];
  const at = x.findIndex((word, index) => word !== y[index]);
  return `word ${at} is ${x[at]?.toString(16)}, wanted ${y[at]?.toString(16)}`;
}

function assertClose(a: Decoded, b: Decoded): void {
  const [x, y] = [new Float32Array(a.vectors.buffer), new Float32Array(b.vectors.buffer)];
  const limit =
    2e-6 *
    Math.max(
      1,
      y.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
  for (let at = 0; at < y.length; at++)
    if (!(Math.abs(x[at]! - y[at]!) <= limit)) assert.fail(`component ${at} is ${x[at]}, wanted ${y[at]}`);
}
