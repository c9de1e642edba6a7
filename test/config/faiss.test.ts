/** A Faiss source from the library and from flags: what is said, and the defaults of the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveConfig } from '../../src/cli/resolve.ts';
import { jobConfig } from '../../src/config/jobConfig.ts';

const PLAIN = {
  kind: 'faiss',
  store: undefined,
  collection: undefined,
  dim: undefined,
  metric: undefined,
  keepTransformed: false,
  allowSketch: false,
  strict: false,
};

test('the library: a path does; relative ones are meant from the current folder', () => {
  const { source } = jobConfig({ source: { kind: 'faiss', path: '/data/a.index' } });
  assert.deepEqual(source, { ...PLAIN, path: '/data/a.index' });
  const said = jobConfig({ source: { kind: 'faiss', path: 'a.index', metric: 'IP', strict: true } }).source;
  assert.deepEqual(said, { ...PLAIN, path: `${process.cwd()}/a.index`, metric: 'IP', strict: true });
});

test('flags: the file as an argument, and what is wished of it', async () => {
  const source = async (...words: string[]) =>
    (await resolveConfig(['run', ...words, '--to', 'h:1'], { HOME: '/home/user' }, '/srv')).config.source;
  assert.deepEqual(await source('faiss:a.index'), { ...PLAIN, path: '/srv/a.index' });
  assert.deepEqual(await source('FAISS:///data/a.index', '--collection', 'a', '--metric', 'cosine'), {
    ...PLAIN,
    path: '/data/a.index',
    collection: 'a',
    metric: 'COSINE',
  });
  assert.deepEqual(await source('faiss:/a', '--keep-transformed', '--allow-sketch', '--strict'), {
    ...PLAIN,
    path: '/a',
    keepTransformed: true,
    allowSketch: true,
    strict: true,
  });
});
