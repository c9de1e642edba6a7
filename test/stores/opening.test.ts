/** How many requests it takes to open a file and to read of it, on real services; a proxy in between counts them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Store, StoreFile } from '../../src/core/contracts.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { azuriteForTests } from '../servers/startAzurite.ts';
import { gcsForTests } from '../servers/startGcs.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { azurePlace, gcsPlace, openPlace } from './places.ts';
import { openPlace as openS3Place, newPlace as s3Place } from './s3.ts';

const [minio, gcs, azurite] = await Promise.all([minioForTests(), gcsForTests(), azuriteForTests()]);
after(() => Promise.all([minio, gcs, azurite].map((server) => server[Symbol.asyncDispose]())));

interface Service {
  readonly endpoint: string;
  /** Below the endpoint. */
  readonly path: string;
  open(endpoint: string): Promise<Store>;
}

const SERVICES: Readonly<Record<string, Service>> = {
  S3: {
    endpoint: minio.endpoint,
    path: '',
    open: (endpoint) => openS3Place(s3Place({ ...minio, endpoint })),
  },
  GCS: { endpoint: gcs.endpoint, path: '', open: (endpoint) => openPlace(gcsPlace(endpoint)) },
  Azure: {
    endpoint: new URL(azurite.endpoint).origin,
    path: new URL(azurite.endpoint).pathname,
    open: (endpoint) => openPlace(azurePlace({ ...azurite, endpoint })),
  },
};

async function requestsOf(proxy: FaultProxy, work: () => Promise<unknown>): Promise<number> {
  const before = proxy.requests;
  await work();
  return proxy.requests - before;
}

async function read(file: StoreFile | undefined, start: number, length: number): Promise<string> {
  const target = Buffer.alloc(length);
  await file!.readInto(target, start);
  return target.toString();
}

for (const [name, { endpoint, path, open }] of Object.entries(SERVICES))
  test(`${name}: first bytes come with the opening, and what is known is not asked for`, async () => {
    await using proxy = await startFaultProxy(endpoint, () => undefined);
    await using store = await open(`${proxy.endpoint}${path}`);
    await store.put('f', Buffer.from('0123456789'));
    const beginning = async () => assert.equal(await read(await store.openFile('f', { first: 8 }), 0, 8), '01234567');
    assert.equal(await requestsOf(proxy, beginning), 1);
    const known = (await store.stat('f'))!;
    const middle = async () => assert.equal(await read(await store.openFile('f', { known }), 3, 4), '3456');
    assert.equal(await requestsOf(proxy, middle), 1);
    const plain = async () => assert.equal(await read(await store.openFile('f'), 3, 4), '3456');
    assert.equal(await requestsOf(proxy, plain), 2);
  });
