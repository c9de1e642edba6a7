/** The layout pass over index files that faiss wrote: each is consumed to its last byte, and says what faiss says of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOutFaiss, runAsync, runSync } from '../../../src/formats/faiss/layout.ts';
import type { FaissNode, Recipe } from '../../../src/formats/faiss/model.ts';
import { faissCases, fixtureBytes } from './fixtures.ts';
import { checkLayout } from './layoutCheck.ts';

const CASES = faissCases();

for (const known of CASES) {
  test(`${known.name} (${known.cc})`, () => {
    const bytes = fixtureBytes(known.file);
    const layout = runSync(layOutFaiss(bytes.length), bytes);
    checkLayout(layout);
    const { root, metric, recipe } = layout;
    assert.equal(layout.indexBytes, bytes.length);
    assert.equal(root.cc, known.cc);
    assert.deepEqual([metric.code, metric.argument ?? null], [known.metric, known.metricArgument]);
    assert.equal(recipe.kind === 'refused' && recipe.sketch === undefined, known.refused);
    assert.equal(recipe.kind === 'refused' && recipe.sketch !== undefined, known.sketch);
    const read = recipe.kind === 'refused' ? recipe.sketch : recipe;
    if (read === undefined) assert.ok(recipe.kind === 'refused' && recipe.why !== '' && recipe.hint !== '');
    else assert.deepEqual([read.kind, read.d, read.rows], [known.kind, known.d, known.rows]);
  });
}

/** The recipe of a case of that name. */
function recipeOf(name: string): Recipe {
  const bytes = fixtureBytes(`${name}.index`);
  const { recipe } = runSync(layOutFaiss(bytes.length), bytes);
  if (recipe.kind === 'refused') throw new Error(recipe.why);
  return recipe;
}

function nodesOf(node: FaissNode): string[] {
  return [node.cc, ...node.children.flatMap(({ node: child }) => nodesOf(child))];
}

test('every kind that can be walked is among the fixtures', () => {
  const seen = new Set(
    CASES.flatMap((known) => {
      const bytes = fixtureBytes(known.file);
      return nodesOf(runSync(layOutFaiss(bytes.length), bytes).root);
    }),
  );
  const wanted = [
    ...['IxF2', 'IxFI', 'IxFl', 'IxFP', 'IxFp', 'IxMp', 'IxM2', 'IxPT', 'IxRF', 'IxRP', 'IwFl', 'IwFd', 'IwP2', 'IwPn'],
    ...['IwSQ', 'IwSq', 'IwPQ', 'IwQR', 'IwPf', 'IwRQ', 'IwLS', 'IwPR', 'IwPL', 'IVRf', 'IVLf', 'NPRf', 'NPLf', 'IwIQ'],
    ...['IvFl', 'IvFL', 'IvSQ', 'IvPQ', 'IvQR', 'Imiq', 'ImRQ', 'IxSQ', 'IxPq', 'IxPo', 'IxPQ', 'IPfs', 'IxRQ', 'IxRq'],
    ...['IxLS', 'IxPR', 'IxPL', 'IRfs', 'ILfs', 'IPRf', 'IPLf', 'Ix2L', 'Ixrq', 'Ixrr', 'Iwrq', 'Iwrr', 'IHNf', 'IHNs'],
    ...['IHNp', 'IHN2', 'IHfP', 'IHNc', 'IHc2', 'INSf', 'INSs', 'INSp', 'INNf', 'IBxF', 'IBwF', 'IBMp', 'IBM2', 'IBHf'],
    ...['IBHc', 'IBFf', 'IBHh', 'IBHm', 'LTra', 'rrot', 'PCAm', 'PcAm', 'Pcam', 'RmDT', 'VNrm', 'VCnt', 'HRot'],
  ];
  assert.deepEqual(
    wanted.filter((cc) => !seen.has(cc)),
    [],
  );
});

test('an id map over lists is read by what the lists store, one over rows by the row', () => {
  const overLists = recipeOf('idmap-ivfflat').ids;
  assert.ok(overLists.kind === 'mapped' && overLists.inner === 'lists' && overLists.maps.length === 1);
  const overRows = recipeOf('idmap-flat').ids;
  assert.ok(overRows.kind === 'mapped' && overRows.inner === 'rows');
  const twice = recipeOf('idmap-idmap-flat').ids;
  assert.ok(twice.kind === 'mapped' && twice.maps.length === 2);
  // The inner map lies before the outer one in the file, and is applied first.
  assert.ok(twice.maps[0]!.at < twice.maps[1]!.at);
});

test('refined indexes are taken from their refine part', () => {
  assert.equal(recipeOf('refine-pq').codec.kind, 'float32');
  assert.deepEqual(recipeOf('refine-pq').losses, []);
});

test('on-disk lists name the last component of what is stored, and no path', () => {
  for (const name of ['ivfflat-ondisk', 'ivfflat-ondisk-path']) {
    const { storage } = recipeOf(name);
    assert.ok(storage.kind === 'lists' && storage.elsewhere !== undefined);
    assert.match(storage.elsewhere.name, /^[^/\\]+\.ivfdata$/);
  }
});

test('what is lost is said in plain words, and what is not is not said', () => {
  assert.deepEqual(recipeOf('ivfflat').losses, []);
  assert.deepEqual(recipeOf('hnsw-flat').losses, []);
  assert.deepEqual(recipeOf('l2norm-flat-ip').losses, ['L2 normalisation: original lengths are gone']);
  assert.equal(recipeOf('l2norm-flat-ip').normalised, true);
  assert.deepEqual(recipeOf('pca-narrower-flat').losses, ['PCA 24 → 11: dimensions dropped']);
  const { losses, storedLosses } = recipeOf('opq-narrower-ivfpq');
  assert.equal(losses.length, 2);
  assert.deepEqual(storedLosses, ['product quantiser, 4 × 6 bits: vectors are approximations']);
});

test('read by a promise, and piece by piece, it is the same', async () => {
  const bytes = fixtureBytes('opq-narrower-ivfpq.index');
  const read = async (at: number, length: number): Promise<Uint8Array> => bytes.slice(at, at + length);
  assert.deepEqual(await runAsync(layOutFaiss(bytes.length), read), runSync(layOutFaiss(bytes.length), bytes));
});
