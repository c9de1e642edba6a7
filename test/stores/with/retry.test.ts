import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../../src/core/contracts.ts';
import { MigrateError } from '../../../src/core/errors.ts';
import { openLocalStore } from '../../../src/stores/local.ts';
import { aroundStore } from '../../../src/stores/with/around.ts';
import { type RetryLimits, withRetry } from '../../../src/stores/with/retry.ts';
import { temporaryFolder } from '../../temporary.ts';

const LIMITS: RetryLimits = { tries: 4, totalMs: 10_000, firstWaitMs: 1, longestWaitMs: 4 };

const passing = (retryAfterMs?: number): MigrateError =>
  new MigrateError('E_STORE', 'it broke', {
    retry: true,
    found: 'HTTP 503',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

/** A local store whose calls fail as often as told before they are made, and the calls in their order. */
function failing(errors: () => Error | undefined): { store: Store; calls: string[]; root: string } & Disposable {
  const folder = temporaryFolder();
  const calls: string[] = [];
  const store = aroundStore(openLocalStore(folder.path), async ({ name }, make) => {
    calls.push(name);
    const error = errors();
    if (error !== undefined) throw error;
    return make();
  });
  return { store, calls, root: folder.path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

const times = (count: number, error: () => Error): (() => Error | undefined) => {
  let left = count;
  return () => (left-- > 0 ? error() : undefined);
};

test('every call of a store and of what it gives back is made again', async () => {
  let turn = 0;
  // Every other call fails.
  using broken = failing(() => (turn++ % 2 === 0 ? passing() : undefined));
  const store = withRetry(broken.store, LIMITS);
  const group = await store.begin('t/p', async () => undefined);
  const writer = await group.create('f');
  await writer.write(Buffer.from('....body'));
  await writer.patchStart(Buffer.from('head'));
  await writer.close();
  await group.commit();
  const file = (await store.openFile('t/p/f'))!;
  const target = Buffer.alloc(8);
  await file.readInto(target, 0);
  await file.close();
  assert.equal(target.toString(), 'headbody');
  await store.move('t/p', 't/q');
  await store.put('g', target);
  assert.equal((await store.stat('t/q/f'))?.size, 8);
  await store.remove('t');
  await store.discard({ path: 'x', token: 'y' });
  assert.equal(await store.sweep('', 'x'), 0);
  assert.ok((await store.free())! > 0);
  const made = [...new Set(broken.calls)];
  assert.equal(broken.calls.length, made.length * 2, broken.calls.join(' '));
  assert.equal(made.length, 16);
});

test('an error that will stay is thrown at once, as it is', async () => {
  const lasting = new MigrateError('E_STORE', 'denied', { found: 'HTTP 403' });
  using broken = failing(() => lasting);
  await assert.rejects(withRetry(broken.store, LIMITS).stat('f'), (error) => error === lasting);
  const bug = new TypeError('a bug');
  using buggy = failing(() => bug);
  await assert.rejects(withRetry(buggy.store, LIMITS).stat('f'), (error) => error === bug);
  assert.deepEqual([broken.calls.length, buggy.calls.length], [1, 1]);
});

test('after so many tries it is given up, and nobody above tries again', async () => {
  using broken = failing(() => passing());
  await assert.rejects(withRetry(broken.store, LIMITS).stat('f'), (error) => {
    assert.ok(error instanceof MigrateError);
    assert.equal(error.message, 'it broke');
    assert.match(error.found!, /^HTTP 503; 4 tries in \d\.\d s$/);
    assert.equal(error.retry, false);
    return true;
  });
  assert.equal(broken.calls.length, 4);
});

test('no try is begun after the time is up', async () => {
  using broken = failing(() => passing(300));
  const began = performance.now();
  await assert.rejects(withRetry(broken.store, { ...LIMITS, tries: 1000, totalMs: 200 }).stat('f'), /it broke/);
  assert.ok(performance.now() - began < 200, 'it does not wait for a try that will not be');
  assert.equal(broken.calls.length, 1);
});

test('what the service asks to wait is waited', async () => {
  using broken = failing(times(1, () => passing(150)));
  const began = performance.now();
  assert.equal(await withRetry(broken.store, LIMITS).stat('f'), undefined);
  assert.ok(performance.now() - began >= 149, `${performance.now() - began} ms`);
});

test('a listing that breaks again and again gives each file once', async () => {
  using broken = failing(() => undefined);
  const names = Array.from({ length: 20 }, (_, index) => `f${index}`);
  for (const name of names) await broken.store.put(name, Buffer.from(name));
  let [listings, reach] = [0, 0];
  const breaking: Store = {
    ...broken.store,
    async *list(prefix) {
      listings++;
      reach += 6;
      let left = reach;
      for await (const file of broken.store.list(prefix)) {
        if (left-- === 0) throw passing();
        yield file;
      }
    },
  };
  const found: string[] = [];
  for await (const { path } of withRetry(breaking, LIMITS).list('')) found.push(path);
  assert.deepEqual(found.sort(), names.sort());
  assert.equal(listings, 4);
});
