/** Sizes of the rings; the rings themselves are tested where they are used (pool, sources, streams). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileRing } from '../../../src/run/threads/slabs.ts';

test('few threads have large slabs; many share what a cache holds, down to a megabyte each', () => {
  const megabytes = (threads: number): number => fileRing(threads).slabBytes / 2 ** 20;
  assert.deepEqual([1, 2, 4, 5, 8, 16, 64].map(megabytes), [4, 4, 4, 3, 2, 1, 1]);
});
