import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
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
  for await (const _ of store.list('dir/f/g')) assert.fail('there is nothing below a file');
});

test('local: the folders above one end at the root, also at that of the file system', () => {
  assert.deepEqual(foldersWithin('/', '/a/b'), ['/a/b', '/a', '/']);
  assert.deepEqual(foldersWithin('/', '/'), ['/']);
  assert.deepEqual(foldersWithin('/out', '/out/a/b'), ['/out/a/b', '/out/a', '/out']);
  assert.deepEqual(foldersWithin('/out/', '/out'), ['/out']);
  assert.deepEqual(foldersWithin('/out', '/output'), [], 'of another name that begins like that');
});

test('local: a link that leads in a circle is no file, and nothing else is hidden by it', async () => {
  using folder = temporaryFolder();
  symlinkSync('b', join(folder.path, 'a'));
  symlinkSync('a', join(folder.path, 'b'));
  writeFileSync(join(folder.path, 'c'), 'text');
  await using store = openLocalStore(folder.path);
  const listed: unknown[] = [];
  for await (const file of store.list('')) listed.push(file);
  assert.deepEqual(listed, [{ path: 'c', size: 4 }]);
});

/** What a user who is not root comes to, who may do nothing with what bears no rights for others. */
async function asNobody(root: string, use: string): Promise<string> {
  const script = `
    if (process.getuid() === 0) process.setuid(65534);
    const { openLocalStore } = await import(${JSON.stringify(new URL('../../src/stores/local.js', import.meta.url).href)});
    const store = openLocalStore(${JSON.stringify(root)});
    const use = async () => { ${use} };
    await use().catch(({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return stdout.trim();
}

test('local: what may not be read is told as that, and nobody is led to give the right to write to it', async () => {
  using folder = temporaryFolder();
  chmodSync(folder.path, 0o755);
  mkdirSync(join(folder.path, 'shut'), { mode: 0 });
  writeFileSync(join(folder.path, 'shut.txt'), 'text', { mode: 0 });
  const list = (path: string): string => `for await (const _ of store.list('${path}'));`;
  for (const use of ["await store.openFile('shut.txt')", list('shut'), list('shut/below')]) {
    const { code, hint } = JSON.parse(await asNobody(folder.path, use));
    assert.deepEqual([code, hint], ['E_STORE', 'give this user the right to read it']);
  }
});

test('local: a disk of its own may be the folder, whose lost+found is for root alone', async () => {
  using folder = temporaryFolder();
  chmodSync(folder.path, 0o755);
  mkdirSync(join(folder.path, 'lost+found'), { mode: 0 });
  writeFileSync(join(folder.path, 'f'), 'text');
  const list = "for await (const file of store.list('')) console.log(JSON.stringify(file))";
  assert.equal(await asNobody(folder.path, list), '{"path":"f","size":4}');
});
