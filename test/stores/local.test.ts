import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { foldersWithin, openLocalStore } from '../../src/stores/local.ts';
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

test('local: the folders above one end at the root, also at that of the file system', () => {
  assert.deepEqual(foldersWithin('/', '/a/b'), ['/a/b', '/a', '/']);
  assert.deepEqual(foldersWithin('/', '/'), ['/']);
  assert.deepEqual(foldersWithin('/out', '/out/a/b'), ['/out/a/b', '/out/a', '/out']);
  assert.deepEqual(foldersWithin('/out/', '/out'), ['/out']);
  assert.deepEqual(foldersWithin('/out', '/output'), [], 'of another name that begins like that');
});
