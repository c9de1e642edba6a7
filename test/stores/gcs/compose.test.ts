import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { composeRound, MOST_COMPONENTS } from '../../../src/stores/gcs/compose.ts';

test('rounds keep the order, and come to 32 at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (count) => {
      let level: number[][] = Array.from({ length: count }, (_, index) => [index]);
      for (let round = 0; level.length > MOST_COMPONENTS; round++) {
        assert.ok(round < 3);
        const groups = composeRound(level);
        for (const group of groups) assert.ok(group.length <= MOST_COMPONENTS);
        level = groups.map((group) => group.flat());
      }
      assert.deepEqual(
        level.flat(),
        Array.from({ length: count }, (_, index) => index),
      );
    }),
    { numRuns: 30 },
  );
});

test('no more is composed than must be', () => {
  assert.deepEqual(
    composeRound(Array.from({ length: 64 }, (_, index) => index))
      .map((group) => group.length)
      .filter((length) => length > 1),
    [32, 2],
  );
  assert.equal(composeRound(Array.from({ length: 32 }, () => 0)).length, 32);
});
