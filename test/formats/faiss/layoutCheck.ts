/** What holds for every layout, whatever the file: each place that it names lies in the file, and the rows add up. */
import assert from 'node:assert/strict';
import type { Centroids, Codec, FaissLayout, FaissNode, Recipe, TableRef } from '../../../src/formats/faiss/model.ts';

const ELEMENT = { f32: 4, u8: 1, i32: 4, i64: 8 };
const LARGEST_D = 2 ** 20;

export function checkLayout({ root, recipe, indexBytes, fileBytes }: FaissLayout): void {
  assert.ok(indexBytes <= fileBytes);
  checkNode(root, fileBytes);
  if (recipe.kind !== 'refused') checkRecipe(recipe, fileBytes);
  else if (recipe.sketch !== undefined) checkRecipe(recipe.sketch, fileBytes);
}

function checkNode(node: FaissNode, end: number): void {
  assert.ok(node.at >= 0 && node.at + node.bytes <= end, `${node.cc} at ${node.at} of ${node.bytes} bytes`);
  for (const { node: child } of node.children) checkNode(child, node.at + node.bytes);
}

export function checkRecipe(recipe: Recipe, fileBytes: number): void {
  const { d, innerD, rows, counted = rows, ids, transforms, codec } = recipe;
  assert.ok(d >= 0 && d <= LARGEST_D && innerD >= 0 && innerD <= LARGEST_D);
  assert.ok(Number.isSafeInteger(rows) && rows >= 0);
  checkStorage(recipe, fileBytes);
  if (ids.kind === 'mapped') for (const map of ids.maps) checkTable(map, counted, fileBytes);
  let dims = d;
  for (const { dIn, dOut } of transforms) {
    assert.equal(dIn, dims);
    dims = dOut;
  }
  assert.equal(dims, innerD);
  checkCodec(codec, { rows: counted, fileBytes });
}

function checkStorage({ storage, rows }: Recipe, fileBytes: number): void {
  const inside = (at: number, bytes: number, end = fileBytes): void => assert.ok(at >= 0 && at + bytes <= end);
  if (storage.kind === 'rows') inside(storage.at, rows * storage.record);
  else if (storage.kind === 'blocks') inside(storage.at, Math.ceil(rows / storage.blockRows) * storage.blockBytes);
  if (storage.kind !== 'lists') return;
  const { lists, record, block, duplicates, elsewhere } = storage;
  assert.ok(lists.rows.length * 24 <= 4 * fileBytes, 'a table that the file does not justify');
  let total = 0;
  for (let i = 0; i < lists.rows.length; i++) {
    const count = lists.rows[i]!;
    total += count;
    if (count === 0) continue;
    const codes = block === undefined ? count * record : Math.ceil(count / block.rows) * block.bytes;
    inside(lists.codesAt[i]!, codes, elsewhere?.bytes);
    inside(lists.idsAt[i]!, count * 8, elsewhere?.bytes);
  }
  if (duplicates !== undefined) inside(duplicates.at, duplicates.count * 16);
  assert.equal(total + (duplicates?.count ?? 0), rows);
}

function checkTable({ type, at, count }: TableRef, wanted: number, fileBytes: number): void {
  assert.equal(count, wanted);
  assert.ok(at >= 0 && at + count * ELEMENT[type] <= fileBytes);
}

interface Around {
  readonly rows: number;
  readonly fileBytes: number;
}

function checkCodec(codec: Codec, around: Around): void {
  if ('residual' in codec && codec.residual !== undefined) checkCentroids(codec.residual, around.fileBytes);
  if (codec.kind === 'twoLayer') checkCentroids(codec.centroids, around.fileBytes);
  if (codec.kind === 'signs') checkCodec(codec.inner, around);
  if (around.rows === 0) return;
  if (codec.kind === 'refined') assert.ok(codec.codesAt + around.rows * codec.record <= around.fileBytes);
  if ('quantiser' in codec) checkQuantiser(codec.quantiser, around.fileBytes);
}

type Quantiser = Extract<Codec, { kind: 'fastScan' }>['quantiser'];

function checkQuantiser(quantiser: Quantiser, fileBytes: number): void {
  const { d } = quantiser;
  if (quantiser.kind === 'product') checkTable(quantiser.centroids, d * 2 ** quantiser.nbits, fileBytes);
  else {
    const { nbits, splits, codebooks } = quantiser;
    const entries = nbits.reduce((sum, bits) => sum + 2 ** bits, 0);
    assert.equal(
      splits.reduce((sum, fields) => sum + fields, 0),
      nbits.length,
    );
    checkTable(codebooks, (entries * d) / splits.length, fileBytes);
  }
}

function checkCentroids({ count, recipe }: Centroids, fileBytes: number): void {
  assert.ok(recipe.rows >= count);
  if (recipe.kind === 'multi') checkQuantiser(recipe.quantiser, fileBytes);
  else checkRecipe(recipe, fileBytes);
}
