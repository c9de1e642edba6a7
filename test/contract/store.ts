/** What every store promises (core/contracts.ts), as tests. A driver's own test file calls this with a way to open it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Store, StoreFile, Upload } from '../../src/core/contracts.ts';
import { crc32 } from '../../src/core/crc32.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { openings } from './openings.ts';

/** What one driver has and another has not. */
export interface StoreFacts {
  /** Whether `sweep` finds groups that were begun and neither committed nor recorded. */
  readonly sweeps?: boolean;
  /** Size of a file that goes in several pieces. */
  readonly largeBytes?: number;
  /** How many unfinished uploads the service keeps below the store's root, asked behind the driver's back. */
  readonly unfinished?: (store: Store, paths: readonly string[]) => Promise<number>;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const unrecorded = async (): Promise<void> => undefined;

async function opened(store: Store, path: string): Promise<StoreFile> {
  const file = await store.openFile(path);
  assert.ok(file, `${path} is there`);
  return file;
}

/** Bytes that differ from place to place, so that a piece in the wrong place is seen. */
function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  const words = new Uint32Array(bytes.buffer, 0, Math.floor(length / 4));
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(index, 2_654_435_761);
  return bytes;
}

/** CRC-32 of a whole file, read by ranges of an odd size, several at once. */
async function crcOf(store: Store, path: string): Promise<number> {
  const file = await opened(store, path);
  const [range, bytes] = [3_333_333, Buffer.allocUnsafe(file.size)];
  const reads = Array.from({ length: Math.ceil(file.size / range) }, (_, index) =>
    file.readInto(bytes.subarray(index * range, Math.min(file.size, (index + 1) * range)), index * range),
  );
  await Promise.all(reads);
  await file.close();
  return crc32(bytes);
}

async function readAll(store: Store, path: string): Promise<string> {
  const file = await opened(store, path);
  const bytes = new Uint8Array(file.size);
  await file.readInto(bytes, 0);
  await file.close();
  return new TextDecoder().decode(bytes);
}

async function paths(store: Store, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of store.list(prefix)) found.push(path);
  return found.sort();
}

async function write(store: Store, dir: string, files: Record<string, string>): Promise<void> {
  const group = await store.begin(dir, unrecorded);
  for (const [name, content] of Object.entries(files)) {
    const writer = await group.create(name);
    await writer.write(text(content));
    await writer.close();
  }
  await group.commit();
}

/** @param open a new, empty store */
export function storeContract(name: string, open: () => Promise<Store>, facts: StoreFacts = {}): void {
  const on = (what: string, work: (store: Store, context: TestContext) => Promise<void>): void => {
    test(`${name}: ${what}`, async (context) => {
      await using store = await open();
      await work(store, context);
    });
  };

  on('what is not there has no stat, and an empty listing', async (store) => {
    assert.equal(await store.stat('no/such'), undefined);
    assert.equal(await store.openFile('no/such'), undefined);
    assert.deepEqual(await paths(store, 'no'), []);
    await store.remove('no/such');
  });

  on('a group is invisible until it is committed, and then whole', async (store) => {
    const group = await store.begin('tables/a/part', unrecorded);
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
    const group = await store.begin('tables/a/part', unrecorded);
    await (await group.create('id.npy')).write(text('body'));
    const closed = await group.create('data.npy');
    await closed.write(text('more'));
    await closed.close();
    await group.abort();
    await group.abort();
    assert.deepEqual(await paths(store, ''), []);
    assert.equal(await store.sweep('tables/a', 'part'), 0);
  });

  on('the first bytes can be patched once the rest is written', async (store) => {
    const group = await store.begin('p', unrecorded);
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
    const group = await store.begin('p', unrecorded);
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
    const file = await opened(store, 'p/f');
    assert.equal(file.size, 10);
    const read = async (start: number, length: number): Promise<string> => {
      // In shared memory, as slabs are, and not at its start.
      const target = new Uint8Array(new SharedArrayBuffer(length + 1), 1);
      await file.readInto(target, start);
      return new TextDecoder().decode(target.slice());
    };
    assert.equal(await read(3, 4), '3456');
    assert.equal(await read(0, 10), '0123456789');
    assert.equal(await read(9, 1), '9');
    assert.equal(await read(10, 0), '');
    await assert.rejects(read(8, 4), MigrateError);
    await assert.rejects(read(10, 1), MigrateError);
    await assert.rejects(read(11, 1), MigrateError);
    await file.close();
  });

  openings(on);

  on('several reads are under way at once', async (store) => {
    await store.put('f', pattern(100_000));
    const [file, want] = [await opened(store, 'f'), pattern(100_000)];
    const starts = Array.from({ length: 40 }, (_, index) => (index * 37_123) % 90_000);
    const reads = starts.map(async (start) => {
      const target = Buffer.alloc(10_000);
      await file.readInto(target, start);
      assert.ok(target.equals(want.subarray(start, start + 10_000)), `10,000 bytes from ${start}`);
    });
    await Promise.all(reads);
    await file.close();
  });

  on('what is said to be read forward comes as it is read, also out of order, with gaps and again', async (store) => {
    const want = pattern(9_000_000);
    await store.put('f', want);
    const file = await opened(store, 'f');
    file.expect(1000, 8_500_000);
    const check = async (start: number, length: number): Promise<void> => {
      const target = Buffer.from(new SharedArrayBuffer(length));
      await file.readInto(target, start);
      assert.ok(target.equals(want.subarray(start, start + length)), `${length} bytes from ${start}`);
    };
    await check(1000, 70_000);
    await Promise.all([check(71_000, 1_000_000), check(1_071_000, 900_000), check(1_971_000, 1)]);
    // A small gap, a wide one, back again, and past both ends of what was said.
    await Promise.all([check(2_000_000, 500_000), check(5_000_000, 600_000), check(2_500_000, 300_000)]);
    await Promise.all([check(5_600_000, 10), check(0, 2000), check(8_400_000, 200_000)]);
    await Promise.all([check(8_000_000, 400_000), check(8_400_000, 100_000), check(8_500_000, 500_000)]);
    file.expect(0, file.size);
    for (let start = 0; start < file.size; start += 2_000_001)
      await check(start, Math.min(2_000_001, file.size - start));
    await assert.rejects(file.readInto(new Uint8Array(2), file.size - 1), MigrateError);
    // Closed in the middle of an answer: nothing of it is left that would keep the process.
    await check(0, 10);
    await file.close();
  });

  on('a file that is replaced while it is read forward is an error, or stays as it was', async (store) => {
    const [one, two] = [pattern(6_000_000), Buffer.alloc(6_000_000, 7)];
    await store.put('f', one);
    const file = await opened(store, 'f');
    file.expect(0, file.size);
    const got = Buffer.alloc(file.size);
    await file.readInto(got.subarray(0, 1_000_000), 0);
    await store.put('f', two);
    const rest = await file.readInto(got.subarray(1_000_000), 1_000_000).then(
      () => undefined,
      (error: unknown) => error,
    );
    // To the end: whoever read all of it must know that it changed, unless it is all of the old one.
    if (rest === undefined) assert.ok(got.equals(one), 'the old bytes');
    else assert.ok(rest instanceof MigrateError && !rest.retry, String(rest));
    await file.close();
  });

  on('a file that is replaced while it is open is an error, or stays as it was: never mixed bytes', async (store) => {
    await store.put('f', text('one'));
    const file = await opened(store, 'f');
    await store.put('f', text('two'));
    const target = Buffer.alloc(3);
    const read = await file.readInto(target, 0).then(
      () => target.toString(),
      (error: unknown) => error,
    );
    assert.ok(read === 'one' || (read instanceof MigrateError && !read.retry), String(read));
    await file.close();
    assert.equal(await readAll(store, 'f'), 'two');
    assert.notEqual((await store.stat('f'))?.version, file.version);
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
    assert.equal(await readAll(store, 'p/empty'), '');
    await store.put('none', new Uint8Array(0));
    assert.equal(await readAll(store, 'none'), '');
  });

  on('odd and unicode names', async (store) => {
    const odd = ['with space', 'ünï-côdé', 'per%cent', 'plus+and&', '#hash', '中文'];
    await write(store, 'odd dir', Object.fromEntries(odd.map((key) => [key, key])));
    assert.deepEqual(await paths(store, 'odd dir'), odd.map((key) => `odd dir/${key}`).sort());
    for (const key of odd) assert.equal(await readAll(store, `odd dir/${key}`), key);
    await store.move('odd dir', 'odd+dir %20');
    for (const key of odd) assert.equal(await readAll(store, `odd+dir %20/${key}`), key);
    await store.remove('odd+dir %20');
    assert.deepEqual(await paths(store, ''), []);
  });

  on('a path never leaves the store', async (store) => {
    for (const path of ['../out', 'a/../../out', '/absolute', 'nul\0'])
      await assert.rejects(store.put(path, text('x')), MigrateError, path);
    assert.match(store.describe('a/b'), /\/a\/b$/);
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

  on('a sweep leaves what is committed, and what others are at', async (store) => {
    await write(store, 't/mine.job1', { f: '1' });
    await (await (await store.begin('t/x.job1', unrecorded)).create('f')).write(text('half'));
    const other = await store.begin('t/x.job2', unrecorded);
    const writer = await other.create('f');
    await writer.write(text('other'));
    assert.equal(await store.sweep('', 'job1'), 0, 'only directly below the prefix');
    assert.equal(await store.sweep('t', 'job1'), facts.sweeps ? 1 : 0);
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
    const group = await store.begin('many', unrecorded);
    const names = Array.from({ length: 1_100 }, (_, index) => `f${index}`);
    for (const file of names) await (await group.create(file)).close();
    await group.commit();
    assert.deepEqual(await paths(store, 'many'), names.map((file) => `many/${file}`).sort());
    await store.remove('many');
    assert.deepEqual(await paths(store, ''), []);
  });

  const { largeBytes, unfinished } = facts;
  if (largeBytes === undefined) return;
  const content = pattern(largeBytes);

  /** Writes it in pieces of an odd size from memory that is used again, with its first bytes last. */
  async function writeLarge(store: Store, dir: string, record: (upload: Upload) => Promise<void>) {
    const group = await store.begin(dir, record);
    const writer = await group.create('large');
    const slab = new Uint8Array(new SharedArrayBuffer(1_000_003));
    for (let at = 0; at < content.length; at += slab.length) {
      const some = slab.subarray(0, Math.min(slab.length, content.length - at));
      some.set(content.subarray(at, at + some.length));
      if (at === 0) some.fill(0, 0, 128);
      // Of most it is known, of one in seven not.
      await writer.write(some, at % 7 === 0 ? undefined : crc32(some));
    }
    await writer.patchStart(content.subarray(0, 128));
    return { group, writer };
  }

  on('a large file arrives as it was, with its first bytes written last', async (store) => {
    const recorded: Upload[] = [];
    const { group, writer } = await writeLarge(store, 't/large', async (upload) => void recorded.push(upload));
    await writer.close();
    assert.deepEqual(await paths(store, ''), [], 'nothing is visible before the commit');
    await group.commit();
    assert.equal(await crcOf(store, 't/large/large'), crc32(content));
    for (const upload of recorded) await store.discard(upload);
    assert.deepEqual(await paths(store, ''), ['t/large/large'], 'a complete upload is not harmed');
    assert.equal(await unfinished?.(store, ['t/large/large']), unfinished && 0);
  });

  on('an aborted large file leaves nothing, wherever it was', async (store) => {
    for (const closed of [false, true]) {
      const { group, writer } = await writeLarge(store, 't/large', unrecorded);
      if (closed) await writer.close();
      await group.abort();
      await group.abort();
      assert.deepEqual(await paths(store, ''), []);
      assert.equal(await unfinished?.(store, ['t/large/large']), unfinished && 0);
    }
  });

  on('what was recorded of an abandoned file is all that is needed to be rid of it', async (store) => {
    const recorded: Upload[] = [];
    const { writer } = await writeLarge(store, 't/large', async (upload) => void recorded.push(upload));
    await writer.close();
    for (const upload of recorded) await store.discard(upload);
    for (const upload of recorded) await store.discard(upload);
    await store.sweep('t', 'large');
    assert.deepEqual(await paths(store, ''), []);
    assert.equal(await unfinished?.(store, ['t/large/large']), unfinished && 0);
  });

  on('nothing is sent before it is recorded', async (store) => {
    const failed = new Error('the checkpoint is away');
    const writing = writeLarge(store, 't/large', () => Promise.reject(failed));
    // A store that keeps nothing under ids of its own records nothing.
    const outcome = await writing.then(
      ({ group }) => group.abort(),
      (error: unknown) => error,
    );
    assert.ok(outcome === undefined || outcome === failed, String(outcome));
    assert.deepEqual(await paths(store, ''), []);
  });
}
