import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Store } from '../../../src/core/contracts.ts';
import { stopPausesBy } from '../../../src/core/pause.ts';
import { openLocalStore } from '../../../src/stores/local.ts';
import { aroundStore } from '../../../src/stores/with/around.ts';
import { transferClock, withLimit } from '../../../src/stores/with/limit.ts';
import { temporaryFolder } from '../../temporary.ts';

const PIECE = new Uint8Array(100_000);

async function putMany(store: Store, count: number, name: string): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => store.put(`${name}${index}`, PIECE)));
}

test('no more bytes a second than allowed, by reads and writes together', async () => {
  using folder = temporaryFolder();
  const store = withLimit(openLocalStore(folder.path), { maxMbps: 20, callsInFlight: undefined }, clock());
  const began = performance.now();
  await putMany(store, 20, 'f');
  const file = (await store.openFile('f0'))!;
  for (let turn = 0; turn < 20; turn++) await file.readInto(new Uint8Array(100_000), 0);
  const ms = performance.now() - began;
  // 4 MB at 20 MB/s, less what was saved up before.
  assert.ok(ms >= 150 - 1, `${ms} ms`);
  await file.close();
});

test('all threads of the process share one limit', async () => {
  using folder = temporaryFolder();
  transferClock();
  const began = performance.now();
  const threads = Array.from({ length: 3 }, (_, index) => {
    const workerData = { root: folder.path, name: `t${index}-`, count: 20, maxMbps: 20 };
    return new Worker(new URL('./limitedThread.js', import.meta.url), { workerData });
  });
  for (const [code] of await Promise.all(threads.map((thread) => once(thread, 'exit')))) assert.equal(code, 0);
  const ms = performance.now() - began;
  // 6 MB at 20 MB/s: a limit per thread would take 100 ms.
  assert.ok(ms >= 250 - 1, `${ms} ms`);
});

test('without limits the store is left as it is', () => {
  using folder = temporaryFolder();
  const store = openLocalStore(folder.path);
  assert.equal(withLimit(store, { maxMbps: undefined, callsInFlight: undefined }), store);
});

test('no more calls under way than allowed, and none forgotten', async () => {
  using folder = temporaryFolder();
  let [underway, most] = [0, 0];
  const watched = aroundStore(openLocalStore(folder.path), async ({ name }, make) => {
    if (name === 'store.put') most = Math.max(most, ++underway);
    try {
      return await make();
    } finally {
      if (name === 'store.put') underway--;
    }
  });
  const store = withLimit(watched, { maxMbps: undefined, callsInFlight: 3 });
  await putMany(store, 20, 'f');
  assert.equal(most, 3);
  await assert.rejects(store.put('../x', PIECE));
  await putMany(store, 4, 'g');
});

// The last: from then on the waits of this thread are told to end.
test('a wait for its turn ends when all is to stop', async () => {
  using folder = temporaryFolder();
  const booked = clock();
  // By other threads, for a while.
  new BigInt64Array(booked)[0] = process.hrtime.bigint() + 20_000_000_000n;
  const store = withLimit(openLocalStore(folder.path), { maxMbps: 1, callsInFlight: undefined }, booked);
  const stop = new SharedArrayBuffer(4);
  stopPausesBy(stop);
  // Nothing else would keep this process until then.
  const alive = setInterval(() => undefined, 1_000);
  try {
    const put = assert.rejects(store.put('f', PIECE), { code: 'E_INTERRUPTED' });
    Atomics.store(new Int32Array(stop), 0, 1);
    Atomics.notify(new Int32Array(stop), 0);
    await put;
  } finally {
    clearInterval(alive);
  }
});

function clock(): SharedArrayBuffer {
  return new SharedArrayBuffer(8);
}
