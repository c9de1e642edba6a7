/** Many small requests of which some fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MigrateError } from '../../src/core/errors.ts';
import { inBatches } from '../../src/stores/batches.ts';

const broken = (more: { retry?: boolean; retryAfterMs?: number } = {}) =>
  new MigrateError('E_STORE', 'broken', { at: {}, retry: true, ...more });
const items = Array.from({ length: 100 }, (_, index) => index);

test('what failed is done again while the rest gets done, and nothing else is', async () => {
  const tries = new Map<number, number>();
  await inBatches(items, async (item) => {
    const count = (tries.get(item) ?? 0) + 1;
    tries.set(item, count);
    // Each by itself goes well after some tries; all in one round never would.
    if (count <= item % 5) throw broken();
  });
  assert.deepEqual(
    items.map((item) => tries.get(item)),
    items.map((item) => (item % 5) + 1),
  );
});

test('rounds that get no further end with their first failure', async () => {
  let calls = 0;
  const all = inBatches(items, async (item) => {
    calls++;
    if (item >= 40) throw broken();
  });
  await assert.rejects(all, { message: 'broken', retry: true });
  assert.equal(calls, 100 + 3 * 60);
});

test('a last one that fails twice does not make all the others be done again', async () => {
  const calls = new Map<number, number>();
  await inBatches(items, async (item) => {
    calls.set(item, (calls.get(item) ?? 0) + 1);
    if (item === 99 && calls.get(item)! < 4) throw broken();
  });
  assert.deepEqual([calls.get(0), calls.get(99)], [1, 4]);
});

test('a service that asks to wait is not asked again, and neither is one that refused', async () => {
  let calls = 0;
  const busy = inBatches(items, async (item) => {
    calls++;
    if (item === 3) throw broken();
    if (item === 7) throw broken({ retryAfterMs: 5 });
  });
  await assert.rejects(busy, { retryAfterMs: 5 });
  assert.equal(calls, 100);
  calls = 0;
  const refused = inBatches(items, async (item) => {
    calls++;
    if (item === 3) throw broken({ retry: false });
  });
  await assert.rejects(refused, { retry: false });
  assert.equal(calls, 16, 'one batch');
});
