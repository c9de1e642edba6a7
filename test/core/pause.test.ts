import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause, stopPausesBy } from '../../src/core/pause.ts';

test('a wait lasts as long as it should, until the flag is set: then it ends at once, and so does each later one', async () => {
  const timed = async (ms: number): Promise<number> => {
    const began = performance.now();
    await pause(ms);
    return performance.now() - began;
  };
  assert.ok((await timed(20)) >= 18);
  const memory = new SharedArrayBuffer(4);
  const flag = new Int32Array(memory);
  stopPausesBy(memory);
  // Nothing else would keep this process until then.
  const alive = setInterval(() => undefined, 1_000);
  try {
    assert.ok((await timed(20)) >= 18);
    const began = performance.now();
    const waits = Promise.allSettled([pause(60_000), pause(60_000)]);
    Atomics.store(flag, 0, 1);
    assert.equal(Atomics.notify(flag, 0), 2);
    for (const wait of [...(await waits), ...(await Promise.allSettled([pause(60_000)]))]) {
      assert.equal(wait.status, 'rejected');
      assert.equal(wait.reason.code, 'E_INTERRUPTED');
    }
    assert.ok(performance.now() - began < 10_000);
  } finally {
    clearInterval(alive);
  }
});
