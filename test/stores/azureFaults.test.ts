/** The same contract on the same Azurite over a network that breaks every sixth request, with the retries of a run. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Store } from '../../src/core/contracts.ts';
import { openAzureStore } from '../../src/stores/azure/store.ts';
import { type RetryLimits, withRetry } from '../../src/stores/with/retry.ts';
import { storeContract } from '../contract/store.ts';
import { everyNth, FAULTS, startFaultProxy } from '../servers/faultProxy.ts';
import { azuriteForTests } from '../servers/startAzurite.ts';
import { azurePlace } from './places.ts';

const LIMITS: RetryLimits = { tries: 12, totalMs: 120_000, firstWaitMs: 2, longestWaitMs: 50 };
/** A stalled answer is given up so soon. */
const PATIENCE = { connectMs: 1_000, idleMs: 1_000 };

const azurite = await azuriteForTests();
const proxy = await startFaultProxy(azurite.endpoint, everyNth(6, 20_261_121));
after(async () => {
  await proxy[Symbol.asyncDispose]();
  await azurite[Symbol.asyncDispose]();
});

async function open(endpoint = proxy.endpoint): Promise<Store> {
  const { config, credentials } = azurePlace({ ...azurite, endpoint: `${endpoint}/${azurite.account}` });
  return withRetry(await openAzureStore(config, credentials, PATIENCE), LIMITS);
}

storeContract('azure over a bad network', () => open(), { largeBytes: 40_000_001 });

test('all kinds of faults came', () => {
  for (const fault of FAULTS) assert.ok((proxy.counts.get(fault) ?? 0) > 0, `${fault}: ${proxy.counts.get(fault)}`);
});

test('an upload whose completion was answered to nobody is complete', async () => {
  let broken = 0;
  await using faulty = await startFaultProxy(azurite.endpoint, ({ url }) =>
    /comp=blocklist/.test(url!) && broken++ === 0 ? 'lost answer' : undefined,
  );
  await using store = await open(faulty.endpoint);
  const group = await store.begin('t/p', async () => undefined);
  const writer = await group.create('f');
  await writer.write(Buffer.alloc(17_000_000, 7));
  await writer.close();
  await group.commit();
  assert.equal(broken, 2, 'the list was committed twice');
  assert.equal((await store.stat('t/p/f'))?.size, 17_000_000);
  await group.abort();
  assert.equal((await store.stat('t/p/f'))?.size, 17_000_000, 'an abort after the commit changes nothing');
  assert.equal(await store.sweep('t', 'p'), 0, 'no block is left');
});
