/** Reads that the SDK has no part in, at a real Azurite, which checks signatures. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { StoreCredentials } from '../../../src/core/contracts.ts';
import { azureAccess } from '../../../src/stores/azure/access.ts';
import { type BlobRange, plainReads } from '../../../src/stores/azure/plainReads.ts';
import { openConnections, PATIENCE } from '../../../src/stores/http/connections.ts';
import { azuriteForTests } from '../../servers/startAzurite.ts';
import { azurePlace, openPlace } from '../places.ts';

const azurite = await azuriteForTests();
after(() => azurite[Symbol.asyncDispose]());

const NAMES = [
  'plain',
  'a b',
  'ä/ü',
  "it's (a) *star*!",
  'a+b&c=d',
  '100%',
  '%41',
  'ques?tion',
  'hash#',
  '日本/語',
  '~^`',
];

async function placeWith(names: readonly string[]) {
  const place = azurePlace(azurite);
  await using store = await openPlace(place);
  const etags = new Map<string, string>();
  for (const name of names) {
    await store.put(name, Buffer.from(`contents of ${name}`));
    etags.set(name, (await store.stat(name))!.version);
  }
  const range = (name: string): BlobRange => ({
    key: `${place.config.root}/${name}`,
    etag: etags.get(name)!,
    start: 3,
    length: 10,
  });
  return { place, range, etags };
}

/** A signature for the container, with which blobs may be read. */
async function signatureFor(bucket: string): Promise<string> {
  const client = new BlobServiceClient(
    azurite.endpoint,
    new StorageSharedKeyCredential(azurite.account, azurite.key),
  ).getContainerClient(bucket);
  const expiresOn = new Date(Date.now() + 3_600_000);
  const url = await client.generateSasUrl({ expiresOn, permissions: ContainerSASPermissions.parse('r') });
  return new URL(url).search;
}

test('blobs of any name are read with the key of the account, and with a signature', async () => {
  const { place, range } = await placeWith(NAMES);
  const { bucket } = place.config;
  const logins: StoreCredentials[] = [place.credentials, { sas: await signatureFor(bucket) }];
  for (const credentials of logins) {
    const connections = openConnections(PATIENCE);
    const read = plainReads(azureAccess(place.config, credentials), bucket, connections)!;
    for (const name of NAMES) {
      const body = await read.read(range(name));
      assert.ok(body, `${name} with ${Object.keys(credentials)}`);
      const bytes = Buffer.concat(await body.toArray());
      const size = Buffer.byteLength(`contents of ${name}`);
      assert.deepEqual(await read.stat(range(name).key), { size, version: range(name).etag });
      assert.equal(bytes.toString(), Buffer.from(`contents of ${name}`).subarray(3, 13).toString());
    }
    connections.close();
  }
});

test('what is not these bytes of this version is nothing', async () => {
  const { place, range, etags } = await placeWith(['there']);
  const connections = openConnections(PATIENCE);
  const at = (credentials: StoreCredentials) =>
    plainReads(azureAccess(place.config, credentials), place.config.bucket, connections)!;
  const read = at(place.credentials);
  const there = range('there');
  assert.ok(etags.get('there')?.startsWith('"'));
  assert.equal(await read.read({ ...there, etag: '"0x0"' }), undefined, 'another version');
  assert.equal(await read.read({ ...there, key: `${there.key}x` }), undefined, 'no such blob');
  assert.equal(await read.read({ ...there, length: 1000 }), undefined, 'more than there is');
  assert.equal(await read.stat(`${there.key}x`), 'absent');
  const elsewhere = plainReads(azureAccess(place.config, place.credentials), 'not-there', connections)!;
  assert.equal(await elsewhere.stat(there.key), undefined, 'no such container: for the SDK to say');
  const wrong = Buffer.from('another key').toString('base64');
  assert.equal(await at({ ...place.credentials, secretKey: wrong }).read(there), undefined, 'another key');
  connections.close();
});

test('a role is for the SDK to log in with', () => {
  const { config } = azurePlace(azurite);
  const access = azureAccess({ ...config, useIam: true }, { accessKey: 'account' });
  assert.equal(plainReads(access, 'container', openConnections(PATIENCE)), undefined);
});

test('a thread that looks and reads does not load the SDK', async () => {
  const { place, etags } = await placeWith(['rows']);
  const known = { size: 16, version: etags.get('rows') };
  const script = `
    const { openAzureStore } = await import(${JSON.stringify(new URL('../../../src/stores/azure/store.js', import.meta.url).href)});
    const { createRequire } = await import('node:module');
    const store = await openAzureStore(${JSON.stringify(place.config)}, ${JSON.stringify(place.credentials)});
    const file = await store.openFile('rows', { known: ${JSON.stringify(known)} });
    const bytes = new Uint8Array(16);
    await file.readInto(bytes, 0);
    await file.close();
    await (await store.openFile('rows')).close();
    if ((await store.openFile('deleted_docs')) !== undefined) throw new Error('there is no such blob');
    await store[Symbol.asyncDispose]();
    const loaded = Object.keys(createRequire(import.meta.url).cache ?? {}).filter((path) => path.includes('storage-blob'));
    console.log(Buffer.from(bytes).toString(), loaded.length);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(stdout.trim(), 'contents of rows 0');
});
