import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurn, inTurn } from '../../../src/run/threads/turn.ts';

test('one after the other, in the order in which they asked, also after a failure', async () => {
  const turn = createTurn();
  const seen: string[] = [];
  let inside = 0;
  const work = (name: string, fails = false) =>
    inTurn(turn, async () => {
      assert.equal(++inside, 1);
      seen.push(`${name} begins`);
      await new Promise(setImmediate);
      seen.push(`${name} ends`);
      inside--;
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([work('a'), work('b', true), work('c')]);
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});
