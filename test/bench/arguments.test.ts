/** The benchmark's command line, as far as Elasticsearch and buckets are concerned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments, USAGE } from '../../bench/arguments.ts';

test('es: documents, threads and runs', () => {
  const usual = readArguments(['es']);
  assert.deepEqual(usual.benches, ['es']);
  assert.deepEqual(usual.es.corpora, [{ documents: 100_000, dim: 768, digits: 'short' }]);
  assert.deepEqual(usual.es.threads.slice(0, 3), [1, 2, 4]);
  assert.equal(usual.es.runs, 3);
  const said = readArguments(['es', '--documents', '500kx128,20kx768long', '--threads', '2', '--runs', '7']);
  assert.deepEqual(said.es, {
    corpora: [
      { documents: 500_000, dim: 128, digits: 'short' },
      { documents: 20_000, dim: 768, digits: 'long' },
    ],
    threads: [2],
    runs: 7,
  });
});

test('es: quick is small, and among all', () => {
  const quick = readArguments(['--quick']);
  assert.ok(quick.benches.includes('es'));
  assert.deepEqual(quick.es, { corpora: [{ documents: 4_000, dim: 768, digits: 'short' }], threads: [2], runs: 1 });
  assert.match(USAGE, /--documents/);
});

test('es: documents that make no sense', () => {
  for (const wrong of ['', '100000x768', '0kx768', '1kx0', '1kx2short', '1kx2,'])
    assert.throws(() => readArguments(['es', '--documents', wrong]), /--documents .*thousands/, wrong);
});

test('stores: all services, or those that are named', () => {
  assert.deepEqual(readArguments(['stores']).stores.services, ['minio', 'gcs', 'azurite']);
  assert.deepEqual(readArguments(['stores', '--services', 'azurite,minio']).stores.services, ['azurite', 'minio']);
  assert.throws(() => readArguments(['stores', '--services', 'azure']), /--services azure: minio, gcs, azurite/);
});
