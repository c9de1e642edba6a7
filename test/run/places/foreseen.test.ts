import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import {
  ENCODER_MODULES,
  foreseenHere,
  foreseenInWorkers,
  SDK_MODULES,
  SOURCE_MODULES,
  STORE_MODULES,
} from '../../../src/run/places/foreseen.ts';

const FORESEEN = new URL('../../../src/run/places/foreseen.js', import.meta.url);

test('every module that is foreseen is there', () => {
  const sources = Object.values(SOURCE_MODULES).flatMap(({ main, worker }) => [...main, ...worker]);
  const places = [STORE_MODULES, SDK_MODULES, ENCODER_MODULES].flatMap((modules) => Object.values(modules).flat());
  const paths = [...sources, ...places];
  assert.ok(paths.length > 15);
  for (const path of paths) assert.ok(existsSync(new URL(path, FORESEEN)), path);
});

test('what a job will import, by its ends', () => {
  const source = { kind: 'milvus1x', store: undefined } as never;
  const s3 = { scheme: 's3' } as never;
  const files = { store: s3 } as never;
  const ends = { source, files: undefined, state: undefined, format: undefined };
  assert.deepEqual(foreseenHere(ends), [
    '../../checkpoints/sqlite.js',
    '../../sources/milvus1x/source.js',
    '../../stores/local.js',
  ]);
  assert.deepEqual(foreseenInWorkers(ends), ['../../sources/milvus1x/reader.js', '../../stores/local.js']);
  const bucket = foreseenInWorkers({ ...ends, files, format: 'parquet' });
  assert.ok(bucket.includes('../../stores/s3/store.js') && bucket.includes('../../encoders/parquet.js'));
});

test('workers that only read from Azure do not load its SDK', () => {
  const store = { scheme: 'az' } as never;
  const ends = { source: { kind: 'milvus1x', store } as never, files: undefined, state: undefined, format: undefined };
  const sdk = '../../stores/azure/sdk.js';
  assert.ok(foreseenHere(ends).includes(sdk));
  assert.ok(!foreseenInWorkers(ends).includes(sdk));
  assert.ok(foreseenInWorkers({ ...ends, files: { store } as never }).includes(sdk));
});
