/** Narrow columns of a bucket's files, read a window at a time: the same bytes, in far fewer requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readByWindows, WINDOW_BYTES } from '../../../src/sources/milvus1x/windows.ts';

const content = Uint8Array.from({ length: 3 * WINDOW_BYTES }, (_, index) => (index * 31 + (index >> 8)) & 255);

function countedFile(): {
  readonly asked: (readonly [number, number])[];
  read(target: Uint8Array, at: number): Promise<void>;
} {
  const asked: (readonly [number, number])[] = [];
  return {
    asked,
    async read(target, at) {
      asked.push([at, target.length]);
      await new Promise(setImmediate);
      target.set(content.subarray(at, at + target.length));
    },
  };
}

test('slabs one after the other, several under way: each byte is asked for once, none beyond the range', async () => {
  const file = countedFile();
  const [from, to] = [8, 2 * WINDOW_BYTES + 1000];
  const read = readByWindows(file, { from, to });
  const step = 30_000;
  const starts = Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
  for (let first = 0; first < starts.length; first += 3) {
    const reads = starts.slice(first, first + 3).map(async (start) => {
      const target = new Uint8Array(new SharedArrayBuffer(Math.min(step, to - start)));
      await read(target, start);
      assert.deepEqual(
        target,
        new Uint8Array(new SharedArrayBuffer(target.length)).map((_, i) => content[start + i]!),
      );
    });
    await Promise.all(reads);
  }
  assert.deepEqual(file.asked, [
    [from, WINDOW_BYTES],
    [from + WINDOW_BYTES, WINDOW_BYTES],
    [from + 2 * WINDOW_BYTES, to - from - 2 * WINDOW_BYTES],
  ]);
});

test('what takes most of a window is read alone, into its place', async () => {
  const file = countedFile();
  const read = readByWindows(file, { from: 0, to: content.length });
  const target = new Uint8Array(WINDOW_BYTES / 2);
  await read(target, 100);
  assert.deepEqual(file.asked, [[100, WINDOW_BYTES / 2]]);
  assert.deepEqual(target, content.slice(100, 100 + target.length));
});

test('a window that fails fails all that wait for it', async () => {
  const read = readByWindows({ read: () => Promise.reject(new Error('gone')) }, { from: 0, to: content.length });
  const results = await Promise.allSettled([0, 1000, 2000].map((at) => read(new Uint8Array(1000), at)));
  for (const result of results) assert.equal(result.status === 'rejected' && (result.reason as Error).message, 'gone');
});
