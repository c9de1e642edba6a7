/** A scroll gives documents as they lie in the index, and a merge of segments puts them in another order. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { milvusMigrate } from '../harness.ts';
import { runKilled } from '../killed.ts';
import { assertDocuments, type Document, documentOf, elasticPlace, wantedOf } from './place.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
before(async () => {
  server = await elasticsearchForTests();
});
after(() => server[Symbol.asyncDispose]());

/** Several batches of them. */
const DOCUMENTS = 2_500;
/** In a segment of their own, which comes first until it is merged. */
const FIRST = 60;

test('killed in the middle of a part that is streamed: another order loses no row, and brings none twice', async () => {
  await using at = await elasticPlace(server.url, { documents: 0, partSize: '100MB' });
  const documents = Array.from({ length: DOCUMENTS }, (_, id) => {
    const source: Document = { ...documentOf(id), title: `title ${id} `.repeat(400) };
    return { id: `doc ${id}`, source };
  });
  await at.admin.store(at.index, documents.slice(0, FIRST));
  await at.admin.call('POST', `/${at.index}/_flush`);
  await at.admin.store(at.index, documents.slice(FIRST));
  const ids = async (): Promise<string> => {
    const search = { size: FIRST, sort: ['_doc'], _source: false };
    const { hits } = await at.admin.call('POST', `/${at.index}/_search?preference=_shards:0`, search);
    return JSON.stringify((hits as { hits: { _id: string }[] }).hits.map(({ _id }) => _id));
  };
  const order = await ids();
  const words = at
    .words('run', '--es-read', 'scroll')
    .map((word, place, all) => (all[place - 1] === '--threads' ? '1' : word));
  await runKilled(words, 'batch intended 2');
  await at.admin.call('POST', `/${at.index}/_forcemerge?max_num_segments=1`);
  await at.admin.call('POST', `/${at.index}/_refresh`);
  assert.notEqual(await ids(), order);
  const ended = await milvusMigrate(words);
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  await assertDocuments(at, wantedOf(documents));
});

test('--on-duplicate first, which leaves rows out by their place, is refused', async () => {
  await using at = await elasticPlace(server.url, { documents: 0 });
  const second = `${at.index}-b`;
  await at.admin.call('PUT', `/${second}`, {
    mappings: { properties: { vec: { type: 'dense_vector', dims: 8, index: false } } },
  });
  try {
    for (const index of [at.index, second])
      await at.admin.store(index, [{ id: '1', source: { vec: documentOf(1).vec } }]);
    const both = `${at.index},${second}`;
    const merging = ['--merge', both, '--into', 'docs', '--on-duplicate', 'first', '--fields', '_id:long,vec'];
    const state = ['--state', at.state, '--es-read', 'scroll'];
    const refused = await milvusMigrate(['run', `es+${at.url}/${both}`, ...at.database.flags, ...state, ...merging]);
    assert.equal(refused.code, 2, refused.stderr + refused.stdout);
    assert.match(refused.stderr, /E_CONFIG: docs: --on-duplicate first does not go with a scroll/);
  } finally {
    await at.admin.call('DELETE', `/${second}`);
  }
});
