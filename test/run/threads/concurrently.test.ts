import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueue, forEachConcurrently } from '../../../src/run/threads/concurrently.ts';

test('never more at a time than allowed, and every item once', async () => {
  let running = 0;
  let most = 0;
  const seen: number[] = [];
  await forEachConcurrently([...Array(50).keys()], 4, async (item) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    seen.push(item);
    running--;
  });
  assert.equal(most, 4);
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    [...Array(50).keys()],
  );
});

test('after a failure nothing new begins, and the first error is thrown when all is quiet', async () => {
  const begun: number[] = [];
  let open = 0;
  const work = forEachConcurrently([...Array(20).keys()], 3, async (item) => {
    begun.push(item);
    open++;
    await Promise.resolve();
    open--;
    if (item === 1) throw new Error('first');
    if (item === 2) throw new Error('second');
  });
  await assert.rejects(work, /first/);
  assert.equal(open, 0);
  assert.ok(begun.length < 20);
});

test('a queue hands every item to one consumer and ends', async () => {
  const queue = createQueue<number>();
  const got: number[] = [];
  const work = forEachConcurrently(queue, 3, async (item) => {
    got.push(item);
  });
  for (let item = 0; item < 10; item++) queue.push(item);
  queue.end();
  await work;
  assert.deepEqual(
    got.sort((a, b) => a - b),
    [...Array(10).keys()],
  );
});
