/** What every store promises (core/contracts.ts), as tests. A driver's own test file calls this with a way to open it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

async function readAll(store: Store, path: string): Promise<string> {
  const stat = await store.stat(path);
  assert.ok(stat, `${path} is there`);
  const bytes = new Uint8Array(stat.size);
  await store.readInto(path, bytes, 0, stat.version);
  return new TextDecoder().decode(bytes);
}

async function paths(store: Store, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of store.list(prefix)) found.push(path);
  return found.sort();
}

async function write(store: Store, dir: string, files: Record<string, string>): Promise<void> {
  const group = await store.begin(dir);
  for (const [name, content] of Object.entries(files)) {
    const writer = await group.create(name);
    await writer.write(text(content));
    await writer.close();
  }
  await group.commit();
}

/** @param open a new, empty store */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const on = (what: string, work: (store: Store) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      await using store = await open();
      await work(store);
    });
  };

  on('what is not there has no stat, and an empty listing', async (store) => {
    assert.equal(await store.stat('no/such'), undefined);
    assert.deepEqual(await paths(store, 'no'), []);
    await store.remove('no/such');
  });

  on('a group is invisible until it is committed, and then whole', async (store) => {
    const group = await store.begin('tables/a/part');
    const writer = await group.create('id.npy');
    await writer.write(text('body'));
    assert.deepEqual(await paths(store, ''), []);
    await writer.close();
    assert.deepEqual(await paths(store, ''), []);
    await group.commit();
    assert.deepEqual(await paths(store, ''), ['tables/a/part/id.npy']);
    assert.equal(await readAll(store, 'tables/a/part/id.npy'), 'body');
  });

  on('an aborted group leaves nothing, also the second time', async (store) => {
    const group = await store.begin('tables/a/part');
    await (await group.create('id.npy')).write(text('body'));
    await group.abort();
    await group.abort();
    assert.deepEqual(await paths(store, ''), []);
    assert.equal(await store.sweep('tables/a', 'part'), 0);
  });

  on('the first bytes can be patched once the rest is written', async (store) => {
    const group = await store.begin('p');
    const writer = await group.create('f');
    await writer.write(text('....'));
    await writer.write(text('rest'));
    await writer.patchStart(text('head'));
    await writer.write(text('!'));
    await writer.close();
    await group.commit();
    assert.equal(await readAll(store, 'p/f'), 'headrest!');
  });

  on('several files of a group are open at once', async (store) => {
    const group = await store.begin('p');
    const [a, b] = [await group.create('a'), await group.create('b')];
    for (const piece of ['1', '2', '3']) await Promise.all([a.write(text(`a${piece}`)), b.write(text(`b${piece}`))]);
    await Promise.all([a.close(), b.close()]);
    await group.commit();
    assert.equal(await readAll(store, 'p/a'), 'a1a2a3');
    assert.equal(await readAll(store, 'p/b'), 'b1b2b3');
  });

  on('a commit replaces what a dead run left under the final name', async (store) => {
    await write(store, 'p', { old: 'old' });
    await write(store, 'p', { new: 'new' });
    assert.deepEqual(await paths(store, ''), ['p/new']);
  });

  on('reads exactly the range, or fails', async (store) => {
    await write(store, 'p', { f: '0123456789' });
    const middle = new Uint8Array(4);
    await store.readInto('p/f', middle, 3);
    assert.equal(new TextDecoder().decode(middle), '3456');
    await store.readInto('p/f', new Uint8Array(0), 10);
    await assert.rejects(store.readInto('p/f', new Uint8Array(4), 8), MigrateError);
    await assert.rejects(store.readInto('p/none', new Uint8Array(1), 0), MigrateError);
  });

  on('a version that is gone is an error, never mixed bytes', async (store) => {
    await store.put('f', text('one'));
    const before = await store.stat('f');
    await store.put('f', text('two'));
    await assert.rejects(store.readInto('f', new Uint8Array(3), 0, before?.version), MigrateError);
    assert.equal(await readAll(store, 'f'), 'two');
  });

  on('put is whole, and replaces', async (store) => {
    await store.put('a/b/c.json', text('{}'));
    await store.put('a/b/c.json', text('{"a":1}'));
    assert.equal(await readAll(store, 'a/b/c.json'), '{"a":1}');
    assert.deepEqual(await paths(store, 'a'), ['a/b/c.json']);
  });

  on('zero bytes are a file too', async (store) => {
    await write(store, 'p', { empty: '' });
    assert.equal((await store.stat('p/empty'))?.size, 0);
  });

  on('odd and unicode names', async (store) => {
    const odd = ['with space', 'ünï-côdé', 'per%cent', 'plus+and&', '#hash', '中文'];
    await write(store, 'odd dir', Object.fromEntries(odd.map((key) => [key, key])));
    assert.deepEqual(await paths(store, 'odd dir'), odd.map((key) => `odd dir/${key}`).sort());
    for (const key of odd) assert.equal(await readAll(store, `odd dir/${key}`), key);
  });

  on('a path never leaves the store', async (store) => {
    for (const path of ['../out', 'a/../../out', '/absolute', 'nul\0'])
      await assert.rejects(store.put(path, text('x')), MigrateError, path);
  });

  on('a move may be done twice', async (store) => {
    await write(store, 'x.a1', { f: 'v' });
    await store.move('x.a1', 'x.a2');
    await store.move('x.a1', 'x.a2');
    assert.deepEqual(await paths(store, ''), ['x.a2/f']);
    await assert.rejects(store.move('none', 'nowhere'), MigrateError);
  });

  on('remove takes a folder with all below it, and no neighbour', async (store) => {
    await write(store, 't/a/p', { f: '1', g: '2' });
    await write(store, 't/ab/p', { f: '3' });
    await store.remove('t/a/p');
    await store.remove('t/a/p');
    assert.deepEqual(await paths(store, ''), ['t/ab/p/f']);
  });

  on('a sweep removes only the unfinished groups of its own mark', async (store) => {
    await write(store, 't/mine.job1', { f: '1' });
    await (await (await store.begin('t/x.job1')).create('f')).write(text('half'));
    const other = await store.begin('t/x.job2');
    const writer = await other.create('f');
    await writer.write(text('other'));
    assert.equal(await store.sweep('', 'job1'), 0, 'only directly below the prefix');
    assert.equal(await store.sweep('t', 'job1'), 1);
    assert.equal(await store.sweep('t', 'job1'), 0);
    assert.equal(await store.sweep('nowhere', 'job1'), 0);
    await writer.close();
    await other.commit();
    assert.deepEqual(await paths(store, ''), ['t/mine.job1/f', 't/x.job2/f']);
  });

  on('concurrent groups do not meet', async (store) => {
    const names = Array.from({ length: 8 }, (_, index) => `part${index}`);
    await Promise.all(names.map((dir) => write(store, `t/${dir}`, { f: dir })));
    for (const dir of names) assert.equal(await readAll(store, `t/${dir}/f`), dir);
  });

  on('lists more than one page', async (store) => {
    const group = await store.begin('many');
    for (let index = 0; index < 1_100; index++) await (await group.create(`f${index}`)).close();
    await group.commit();
    assert.equal((await paths(store, 'many')).length, 1_100);
  });
}
