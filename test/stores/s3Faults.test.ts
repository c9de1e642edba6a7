/** The same contract on the same MinIO over a network that breaks every sixth request, with the retries of a real run. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Upload } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { type RetryLimits, withRetry } from '../../src/stores/with/retry.ts';
import { storeContract } from '../contract/store.ts';
import { everyNth, FAULTS, startFaultProxy } from '../servers/faultProxy.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { newPlace, openPlace, plainClient, unfinishedUploads } from './s3.ts';

const LIMITS: RetryLimits = { tries: 12, totalMs: 120_000, firstWaitMs: 2, longestWaitMs: 50 };
/** A stalled answer is given up so soon. */
const IDLE_MS = 1_000;

const minio = await minioForTests();
const client = plainClient(minio);
const proxy = await startFaultProxy(minio.endpoint, everyNth(6, 20_261_121));
after(async () => {
  client.destroy();
  await proxy[Symbol.asyncDispose]();
  await minio[Symbol.asyncDispose]();
});

async function openFaulty(endpoint = proxy.endpoint) {
  return withRetry(await openPlace(newPlace({ ...minio, endpoint }), { idleMs: IDLE_MS }), LIMITS);
}

storeContract('s3 over a bad network', () => openFaulty(), {
  largeBytes: 60_000_001,
  unfinished: (store, paths) =>
    unfinishedUploads(
      client,
      paths.map((path) => store.describe(path)),
    ),
});

test('all kinds of faults came', () => {
  for (const fault of FAULTS) assert.ok((proxy.counts.get(fault) ?? 0) > 0, `${fault}: ${proxy.counts.get(fault)}`);
});

/** Breaks the first request that fits, and lets all others through. */
async function onceBroken(fits: (method: string, url: string) => boolean) {
  let broken = 0;
  const faulty = await startFaultProxy(minio.endpoint, ({ method, url }) =>
    fits(method!, url!) && broken++ === 0 ? 'lost answer' : undefined,
  );
  return { faulty, broken: () => broken };
}

const LARGE = Buffer.alloc(17_000_000, 7);

test('an upload whose completion was answered to nobody is complete', async () => {
  const { faulty, broken } = await onceBroken((method, url) => method === 'POST' && /\?uploadId=/.test(url));
  await using _ = faulty;
  await using store = await openFaulty(faulty.endpoint);
  const group = await store.begin('t/p', async () => undefined);
  const writer = await group.create('f');
  await writer.write(LARGE);
  await writer.close();
  await group.commit();
  assert.equal(broken(), 2, 'the completion was sent twice');
  assert.equal((await store.stat('t/p/f'))?.size, LARGE.length);
  await group.abort();
  assert.equal((await store.stat('t/p/f'))?.size, LARGE.length, 'an abort after the commit changes nothing');
});

for (const how of ['commit', 'abort'] as const)
  test(`an upload whose beginning was answered to nobody is not left by ${how}`, async () => {
    const { faulty, broken } = await onceBroken((method, url) => method === 'POST' && /\?uploads/.test(url));
    await using _ = faulty;
    await using store = await openFaulty(faulty.endpoint);
    const recorded: Upload[] = [];
    const group = await store.begin('t/p', async (upload) => void recorded.push(upload));
    const writer = await group.create('f');
    await writer.write(LARGE);
    assert.equal(broken(), 2);
    // Its path before each try, its id when there was one.
    assert.equal(recorded.filter(({ token }) => token !== '').length, 1);
    assert.equal(await unfinishedUploads(client, [store.describe('t/p/f')]), 1, 'only the one that was recorded');
    if (how === 'commit') await writer.close();
    await group[how]();
    assert.equal(await unfinishedUploads(client, [store.describe('t/p/f')]), 0);
    await group.abort();
    assert.equal((await store.stat('t/p/f'))?.size, how === 'commit' ? LARGE.length : undefined);
  });

test('a failed commit can be aborted, whatever of it was done', async () => {
  const faulty = await startFaultProxy(minio.endpoint, ({ method, url }) =>
    method === 'POST' && /\?uploadId=/.test(url!) ? 'lost answer' : undefined,
  );
  await using _ = faulty;
  const place = newPlace({ ...minio, endpoint: faulty.endpoint });
  await using store = await openPlace(place, { idleMs: IDLE_MS });
  const group = await store.begin('t/p', async () => undefined);
  for (const name of ['a', 'b']) {
    const writer = await group.create(name);
    await writer.write(name === 'a' ? LARGE : LARGE.subarray(0, 10));
    await writer.close();
  }
  await assert.rejects(group.commit(), (error) => error instanceof MigrateError && error.retry);
  await group.abort();
  for await (const { path } of store.list('')) assert.fail(`${path} is there`);
});

test('a service that stays away is given up, with the number of tries', async () => {
  const faulty = await startFaultProxy(minio.endpoint, everyNth(1, 1, ['503']));
  await using _ = faulty;
  await using store = await openFaulty(faulty.endpoint);
  await assert.rejects(store.stat('f'), (error) => {
    assert.ok(error instanceof MigrateError);
    assert.match(error.found ?? '', /HTTP 503.*12 tries/);
    assert.equal(error.retry, false);
    return true;
  });
  assert.equal(faulty.requests, 12);
});
