/** Accounts with real folders (Data Lake Storage Gen2) have a blob for each, marked so: Azurite has none, a test makes some. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { azuriteForTests } from '../../servers/startAzurite.ts';
import { azurePlace, openPlace } from '../places.ts';

const azurite = await azuriteForTests();
after(() => azurite[Symbol.asyncDispose]());

test('a folder is no file: it has no stat, is not opened, not listed, and does not hinder what is below it', async () => {
  const place = azurePlace(azurite);
  await using store = await openPlace(place);
  await store.put('db/tables/id.npy', Buffer.from('rows'));
  const { endpoint, account, key } = azurite;
  const client = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key));
  const container = client.getContainerClient(place.config.bucket);
  for (const folder of ['db', 'db/tables'])
    await container.getBlockBlobClient(`${place.config.root}/${folder}`).upload('', 0, {
      metadata: { hdi_isfolder: 'true' },
    });

  assert.equal(await store.stat('db'), undefined);
  assert.equal(await store.openFile('db/tables'), undefined);
  assert.equal((await store.stat('db/tables/id.npy'))?.size, 4);
  const listed = [];
  for await (const { path } of store.list('')) listed.push(path);
  assert.deepEqual(listed, ['db/tables/id.npy']);
  await store.remove('db');
  assert.equal(await store.stat('db/tables/id.npy'), undefined);
});
