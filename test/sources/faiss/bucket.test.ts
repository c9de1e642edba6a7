/** Indexes in a bucket of a real MinIO: the same rows as from a local file, with lists in a second object too. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStoreConfig, OpenStore } from '../../../src/core/contracts.ts';
import { openStore } from '../../../src/stores/index.ts';
import { minioForTests } from '../../servers/startMinio.ts';
import { faissFixtures, readIndex } from './reading.ts';

/** Each reads in a way of its own: rows, lists, blocks, maps, copies, second codes, centroids, a graph to be passed. */
const CASES = [
  'flat-l2',
  'binary-flat',
  'idmap-idmap-flat',
  'ivfflat',
  'idmap-ivfflat',
  'ivfflat-dedup',
  'ivfflat-ondisk',
  'ivfpqr',
  'opq-ivfpq',
  'fastscan-m7-bbs64',
  'nsg-flat',
];

describe('a Faiss index in a bucket', () => {
  let minio: Awaited<ReturnType<typeof minioForTests>>;
  const bucket = `faiss-${randomUUID()}`;
  before(async () => {
    minio = await minioForTests();
    const { endpoint, accessKey: accessKeyId, secretKey: secretAccessKey } = minio;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    for (const name of readdirSync(faissFixtures())) {
      if (name.endsWith('.npy') || !CASES.some((each) => name.startsWith(each))) continue;
      const Body = readFileSync(join(faissFixtures(), name));
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `indexes/${name}`, Body }));
    }
    client.destroy();
  });
  after(() => minio[Symbol.asyncDispose]());

  for (const name of CASES)
    test(`${name}: the same rows in the same order`, async () => {
      const { endpoint, accessKey, secretKey } = minio;
      const store: ObjectStoreConfig = {
        scheme: 's3',
        bucket,
        root: '',
        endpoint,
        region: 'us-east-1',
        useSsl: false,
        pathStyle: true,
        useIam: false,
        iamEndpoint: undefined,
        createBucket: false,
        credentials: 'source',
        maxMbps: undefined,
      };
      const open: OpenStore = (config) => openStore(config, { source: { accessKey, secretKey } });
      const hint = { partBytes: 20_000 };
      const there = await readIndex(`indexes/${name}.index`, { said: { store }, openStore: open, hint });
      const here = await readIndex(join(faissFixtures(), `${name}.index`), { hint });
      assert.deepEqual(there.ids, here.ids);
      assert.deepEqual(there.keys, here.keys);
      assert.ok(Buffer.compare(there.vectors, here.vectors) === 0);
      assert.deepEqual(there.partitions, here.partitions);
    });

  test('an object that is not there is named', async () => {
    const { endpoint, accessKey, secretKey } = minio;
    const store = { scheme: 's3', bucket, root: '', endpoint, region: 'us-east-1', useSsl: false } as ObjectStoreConfig;
    const open: OpenStore = (config) => openStore(config, { source: { accessKey, secretKey } });
    await assert.rejects(
      readIndex('indexes/absent.index', {
        said: { store: { ...store, pathStyle: true, credentials: 'source' } },
        openStore: open,
      }),
      ({ code, at }) => code === 'E_SOURCE_NOT_FOUND' && at.file.endsWith(`${bucket}/indexes/absent.index`),
    );
  });
});
