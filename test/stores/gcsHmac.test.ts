/** HMAC keys of Google: with them it speaks S3. A MinIO stands in for it, which shows only that they are taken so. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MigrateError } from '../../src/core/errors.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { upload } from './failures.ts';
import { gcsPlace, openPlace } from './places.ts';

const minio = await minioForTests();
after(() => minio[Symbol.asyncDispose]());

test('gs:// with an access key and a secret key', async () => {
  const { config } = gcsPlace(minio.endpoint, { region: 'us-east-1' });
  const credentials = { accessKey: minio.accessKey, secretKey: minio.secretKey };
  await using store = await openPlace({ config, credentials });
  await upload(store, 17_000_000);
  assert.equal((await store.stat('dir/key'))?.size, 17_000_000);
  assert.equal(store.describe('dir/key'), `gs://contract/${config.root}/dir/key`);
  await store.remove('dir');
  assert.equal(await store.stat('dir/key'), undefined);
});

test('half of a pair of keys is refused: it would be left aside, and somebody else would read', async () => {
  const { config } = gcsPlace(minio.endpoint);
  for (const credentials of [{ accessKey: 'GOOG1' }, { secretKey: 'a-secret' }])
    await assert.rejects(openPlace({ config, credentials }), (error) => {
      assert.ok(error instanceof MigrateError && error.code === 'E_CONFIG');
      return /come together/.test(error.message) && !JSON.stringify(error).includes('a-secret');
    });
});
