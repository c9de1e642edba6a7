/** Questions to a store about each of many parts: several at a time where it is far away, and none after the first failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Store } from '../../../src/core/contracts.ts';
import { sweepJob } from '../../../src/run/places/layout.ts';
import { sideBySide } from '../../../src/run/places/sideBySide.ts';
import { planned } from '../../contract/checkpoint.ts';

const BUCKET = { scheme: 's3', bucket: 'b', root: '' } as const;

test('what a dead run left in many folders of a bucket is looked for in several at a time', async () => {
  const swept = new Set<string>();
  let [under, most] = [0, 0];
  const store = {
    async sweep(folder: string) {
      most = Math.max(most, ++under);
      await setImmediate();
      under--;
      swept.add(folder);
      return 0;
    },
  } as unknown as Store;
  const records = Array.from({ length: 100 }, (_, at) => ({ planned: { ...planned(at), collection: `c${at}` } }));
  await sweepJob({ store, config: BUCKET as never }, records, 'j');
  assert.deepEqual([swept.size, most], [101, 16]);
});

test('a folder is asked one thing at a time', async () => {
  let [under, most] = [0, 0];
  await sideBySide({ scheme: 'file' }, [1, 2, 3], async () => {
    most = Math.max(most, ++under);
    await setImmediate();
    under--;
  });
  assert.equal(most, 1);
});

test('nothing new is begun after a failure, or when the run is to stop', async () => {
  const begun: number[] = [];
  const items = Array.from({ length: 100 }, (_, at) => at);
  const failing = sideBySide(BUCKET, items, async (item) => {
    begun.push(item);
    await setImmediate();
    if (item === 20) throw new Error('the 20th');
  });
  await assert.rejects(failing, /the 20th/);
  assert.ok(begun.length <= 48, `${begun.length} were begun`);
  const stop = new AbortController();
  let done = 0;
  const stopped = sideBySide(
    BUCKET,
    items,
    async () => {
      if (++done === 5) stop.abort();
    },
    stop.signal,
  );
  await assert.rejects(stopped, { code: 'E_INTERRUPTED' });
  assert.ok(done <= 20, `${done} were done`);
});
