import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { BLOCK_BYTES, createBlockPool } from '../../src/stores/blocks.ts';
import { openLocalStore } from '../../src/stores/local.ts';
import { storeContract } from '../contract/store.ts';
import { temporaryFolder } from '../temporary.ts';

const folders: Disposable[] = [];
after(() => {
  for (const folder of folders) folder[Symbol.dispose]();
});

const open = async () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return openLocalStore(folder.path);
};
storeContract('local', open, { sweeps: true, largeBytes: 20_000_001 });

test('local: a file that is written to while it is read is an error', async () => {
  await using store = await open();
  await store.put('f', new Uint8Array(10));
  const file = await store.openFile('f');
  assert.ok(file);
  appendFileSync(store.describe('f'), 'more');
  await assert.rejects(file.readInto(new Uint8Array(4), 0), /changed while it was read/);
  await file.close();
});

test('local: a folder is no file', async () => {
  await using store = await open();
  await store.put('dir/f', new Uint8Array(1));
  assert.equal(await store.stat('dir'), undefined);
  assert.equal(await store.openFile('dir'), undefined);
  assert.equal(await store.openFile('dir/f/g'), undefined);
});

/** Not a whole number of blocks. */
const LONG = 2_500_001;

function pattern(seed: number): Uint8Array {
  return Uint8Array.from({ length: LONG }, (_, at) => (at * 31 + seed) % 251);
}

test('local: more files at once than there is memory for direct writes', async () => {
  await using store = await open();
  const group = await store.begin('part', async () => undefined);
  const writers = await Promise.all(Array.from({ length: 20 }, (_, index) => group.create(`${index}`)));
  const contents = writers.map((_, index) => pattern(index));
  // Pieces that end neither with a block nor with a page.
  for (let at = 0; at < LONG; at += 333_333)
    for (const [index, writer] of writers.entries()) await writer.write(contents[index]!.slice(at, at + 333_333));
  for (const [index, writer] of writers.entries()) {
    await writer.patchStart(Uint8Array.of(1, 2, index));
    contents[index]!.set([1, 2, index]);
    await writer.close();
  }
  await group.commit();
  for (const [index, content] of contents.entries())
    assert.ok(readFileSync(store.describe(`part/${index}`)).equals(content), `file ${index}`);
});

test('local: a header of a file that is smaller than a block', async () => {
  await using store = await open();
  const group = await store.begin('part', async () => undefined);
  const writer = await group.create('f');
  await writer.write(new Uint8Array(10));
  await writer.patchStart(Uint8Array.of(1, 2, 3));
  await writer.write(Uint8Array.of(4));
  await writer.close();
  await group.commit();
  assert.deepEqual([...readFileSync(store.describe('part/f'))], [1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 4]);
});

test('blocks begin on a page, are used again, and end', () => {
  const pool = createBlockPool(2);
  const [one, two] = [pool.take(), pool.take()];
  assert.ok(one && two);
  assert.equal(one.byteOffset % 4096, 0);
  assert.equal(two.byteOffset, one.byteOffset + BLOCK_BYTES);
  assert.equal(pool.take(), undefined);
  one.fill(7);
  pool.give(one);
  assert.equal(pool.take(), one);
  assert.ok(two.every((byte) => byte === 0));
});
