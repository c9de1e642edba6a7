import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { openLocalStore } from '../../../src/stores/local.ts';
import { STORE_CALLS_CHANNEL, type StoreCallDone, withLog } from '../../../src/stores/with/log.ts';
import { temporaryFolder } from '../../temporary.ts';

test('each call is told of: what, where, how many bytes, and what came of it', async () => {
  using folder = temporaryFolder();
  const store = withLog(openLocalStore(folder.path));
  await store.put('unheard', new Uint8Array(1));
  const heard: StoreCallDone[] = [];
  const listener = (message: unknown): void => void heard.push(message as StoreCallDone);
  subscribe(STORE_CALLS_CHANNEL, listener);
  await store.put('f', new Uint8Array(3));
  await assert.rejects(store.move('none', 'nowhere'));
  unsubscribe(STORE_CALLS_CHANNEL, listener);
  await store.remove('f');
  const told = heard.map(({ name, place, bytes, error }) => [name, place, bytes, error]);
  assert.deepEqual(told, [
    ['store.put', `${folder.path}/f`, 3, undefined],
    ['store.move', `${folder.path}/none`, 0, 'could not rename a folder'],
  ]);
  for (const { ms } of heard) assert.ok(ms >= 0);
});
