/**
 * A target that has nulls and more than one vector: milvus-lite, the only such server that can be had. Documents without
 * values keep being without, here and after a change.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startMilvusLite } from '../../servers/index.ts';
import { administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { temporaryFolder } from '../../temporary.ts';
import { milvusMigrate } from '../harness.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
before(async () => {
  server = await elasticsearchForTests();
});
after(() => server[Symbol.asyncDispose]());

const MAPPING = {
  v: { type: 'dense_vector', dims: 4, index: false },
  w: { type: 'dense_vector', dims: 6, index: false },
  t: { type: 'text' },
  n: { type: 'long' },
  f: { type: 'double' },
  b: { type: 'boolean' },
  o: { properties: { x: { type: 'keyword' } } },
};

/** All that ends, escapes or breaks off a literal of a filter. */
const ODD_IDS = ['quotes "\'`', 'slashes \\ \\n /', 'lines\r\n\u2028', '\u0000\u0001\t\u007f\u0085\ufeff'];

function idOf(i: number): string {
  return ODD_IDS[i] ?? `k${i}`;
}

function documentOf(i: number): object {
  return {
    v: [1, 2, 3, i],
    w: [1, 2, 3, 4, 5, i],
    ...(i % 3 === 0 ? {} : { t: `text ${i}` }),
    ...(i % 4 === 0 ? { n: null } : { n: i }),
    ...(i % 5 === 0 ? {} : { f: i / 3 }),
    ...(i % 2 === 0 ? {} : { b: true }),
    ...(i % 7 === 0 ? {} : { o: { x: 'y', i } }),
  };
}

test('missing values are nulls, two vectors stay two, and every row is read back', async () => {
  using folder = temporaryFolder();
  const admin = await administrator({ url: server.url, login: undefined, caFile: undefined });
  const index = `nulls-${process.pid}`;
  await admin.call('PUT', `/${index}`, {
    settings: { number_of_shards: 2, number_of_replicas: 0 },
    mappings: { properties: MAPPING },
  });
  const lite = await startMilvusLite();
  try {
    await admin.store(
      index,
      Array.from({ length: 300 }, (_, i) => ({ id: idOf(i), source: documentOf(i) })),
    );
    const words = ['run', `es+${server.url}/${index}`, '--to', `http://${lite.address}`, '--verify', 'full'];
    const state = ['--state', join(folder.path, 'state')];
    const first = await milvusMigrate([...words, ...state]);
    assert.equal(first.code, 0, first.stderr + first.stdout);
    assert.match(first.stdout, /300\s+count ✔\s+300 samples ✔/);
    await admin.store(index, [
      { id: idOf(1), source: { v: [9, 9, 9, 9], w: [1, 1, 1, 1, 1, 1] } },
      { id: 'new', source: { v: [9, 9, 9, 9], w: [1, 1, 1, 1, 1, 1], t: '' } },
    ]);
    const later = await milvusMigrate([...words, ...state, '--catch-up']);
    assert.equal(later.code, 0, later.stderr + later.stdout);
    assert.match(later.stdout, /2 rows were changed or added/);
  } finally {
    await lite.stop();
    await admin.call('DELETE', `/${index}`);
  }
});

test('plan --scan reads all documents and says what would become of them', async () => {
  using folder = temporaryFolder();
  const admin = await administrator({ url: server.url, login: undefined, caFile: undefined });
  const index = `scanned-${process.pid}`;
  await admin.call('PUT', `/${index}`, { mappings: { properties: MAPPING } });
  try {
    await admin.store(index, [
      ...Array.from({ length: 30 }, (_, i) => ({ id: `k${i}`, source: documentOf(i) })),
      { id: 'long', source: { ...documentOf(1), t: 'é'.repeat(500) } },
    ]);
    const words = [
      'plan',
      `es+${server.url}/${index}`,
      '--scan',
      '--json',
      '--fields',
      'v,t,n',
      '--missing',
      'default',
    ];
    const { code, stdout, stderr } = await milvusMigrate([...words, '--state', join(folder.path, 'state')]);
    assert.equal(code, 0, stderr);
    const notes = JSON.parse(stdout).plan.collections[0].notes.map(({ text }: { text: string }) => text);
    assert.ok(notes.includes('scanned: 31 rows can go over'), notes.join('\n'));
    assert.ok(notes.includes('longest texts, in bytes: _id 4, t 1000'), notes.join('\n'));
    assert.ok(notes.includes('t: default for a missing value: 10 values'), notes.join('\n'));
    assert.ok(notes.includes('n: default for a missing value: 8 values'), notes.join('\n'));
  } finally {
    await admin.call('DELETE', `/${index}`);
  }
});
