/** Jobs with object stores by the library: URLs, stores and credentials as plain values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobConfig } from '../../src/config/jobConfig.ts';
import { ENV, opened, store } from '../cli/storeSamples.ts';

test('the library: URLs, stores and credentials as plain values', () => {
  const around = { env: ENV, cwd: '/srv', threads: 2 };
  const credentials = { source: { accessKey: 'a', secretKey: 'b' }, files: { accessKey: 'c', secretKey: 'd' } };
  const urls = jobConfig(
    {
      source: {
        kind: 'milvus1x',
        path: 's3://old/db?endpoint=http://minio:9000',
        meta: { kind: 'json', file: 's3://old/meta.json' },
      },
      files: 's3://milvus/import',
      credentials,
    },
    around,
  );
  assert.deepEqual(urls.source.store, store({ endpoint: 'http://minio:9000' }));
  assert.deepEqual(urls.source.kind === 'milvus1x' && [urls.source.path, urls.source.meta], [
    'db',
    { kind: 'json', file: 'meta.json' },
  ]);
  assert.deepEqual([urls.files?.dir, urls.files?.seenAs], ['s3://milvus/import', 'import']);
  assert.deepEqual([opened(urls, 'source')?.accessKey, opened(urls, 'files')?.secretKey], ['a', 'd']);
  const stores = jobConfig(
    {
      source: { kind: 'faiss', path: 'docs.index', store: { scheme: 'az', bucket: 'old', root: '/a/' } },
      files: { store: { scheme: 'gs', bucket: 'milvus', root: 'b', maxMbps: 10 }, keep: true },
    },
    { ...around, env: { ...ENV, AZURE_STORAGE_CONNECTION_STRING: 'c' } },
  );
  assert.deepEqual(stores.source.store, store({ scheme: 'az', root: 'a' }));
  assert.deepEqual(
    stores.files?.store,
    store({ scheme: 'gs', bucket: 'milvus', root: 'b', credentials: 'files', maxMbps: 10 }),
  );
  assert.deepEqual([stores.files?.dir, stores.files?.seenAs, stores.files?.keep], ['gs://milvus/b', 'b', true]);
  assert.equal(opened(stores, 'source')?.connectionString, 'c');
  const dumped = jobConfig({ source: { kind: 'dumped', dir: 's3://dumps/a' }, target: 'h:1' }, around);
  assert.deepEqual([dumped.files?.dir, dumped.files?.seenAs, dumped.files?.keep], ['s3://dumps/a', 'a', true]);
  assert.throws(
    () => jobConfig({ source: { kind: 'faiss', path: 'x', store: { scheme: 's3', bucket: 'A' } } }, around),
    {
      code: 'E_USAGE',
    },
  );
});
