/** The same contract on the same fake-gcs-server over a network that breaks every sixth request, with a run's retries. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Store } from '../../src/core/contracts.ts';
import { openGcsStore } from '../../src/stores/gcs/store.ts';
import { type RetryLimits, withRetry } from '../../src/stores/with/retry.ts';
import { storeContract } from '../contract/store.ts';
import { everyNth, FAULTS, startFaultProxy } from '../servers/faultProxy.ts';
import { gcsForTests } from '../servers/startGcs.ts';
import { gcsPlace } from './places.ts';

const LIMITS: RetryLimits = { tries: 12, totalMs: 120_000, firstWaitMs: 2, longestWaitMs: 50 };
/** A stalled answer is given up so soon. */
const PATIENCE = { connectMs: 1_000, idleMs: 1_000 };

const gcs = await gcsForTests();
const proxy = await startFaultProxy(gcs.endpoint, everyNth(6, 20_261_121));
after(async () => {
  await proxy[Symbol.asyncDispose]();
  await gcs[Symbol.asyncDispose]();
});

async function open(endpoint = proxy.endpoint): Promise<Store> {
  const { config, credentials } = gcsPlace(endpoint);
  return withRetry(await openGcsStore(config, credentials, PATIENCE), LIMITS);
}

storeContract('gcs over a bad network', () => open(), { largeBytes: 40_000_001 });

test('all kinds of faults came', () => {
  for (const fault of FAULTS) assert.ok((proxy.counts.get(fault) ?? 0) > 0, `${fault}: ${proxy.counts.get(fault)}`);
});

test('an object that was composed and answered to nobody is complete', async () => {
  let broken = 0;
  await using faulty = await startFaultProxy(gcs.endpoint, ({ url }) =>
    /\/compose\?/.test(url!) && broken++ === 0 ? 'lost answer' : undefined,
  );
  await using store = await open(faulty.endpoint);
  const group = await store.begin('t/p', async () => undefined);
  const writer = await group.create('f');
  await writer.write(Buffer.alloc(17_000_000, 7));
  await writer.close();
  await group.commit();
  assert.equal(broken, 2, 'it was composed twice');
  assert.equal((await store.stat('t/p/f'))?.size, 17_000_000);
  await group.abort();
  assert.equal((await store.stat('t/p/f'))?.size, 17_000_000, 'an abort after the commit changes nothing');
  assert.equal(await store.sweep('t', 'p'), 0, 'no piece is left');
});
