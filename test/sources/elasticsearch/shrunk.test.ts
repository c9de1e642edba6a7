/** An index that `_shrink` made of four shards: in its one shard documents share numbers, and ids. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { elasticChanges, letGoOfSnapshots } from '../../../src/sources/elasticsearch/changes.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { planned, type Read, readAll } from './reading.ts';

const INDEX = 'shrunk';
const DOCUMENTS = 60;

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;
/** Documents of one `_id`: one in each of its shards before. */
let same: number;

before(async () => {
  server = await elasticsearchForTests();
  administrator = await plainAdministrator(server.url);
  const properties = { vec: { type: 'dense_vector', dims: 2, index: false } };
  const settings = { number_of_shards: 4, number_of_replicas: 0 };
  await administrator.call('PUT', `/${INDEX}-before`, { settings, mappings: { properties } });
  const ids = Array.from({ length: DOCUMENTS }, (_, n) => `d${n}`);
  const source = { vec: [1, 2] };
  await administrator.store(
    `${INDEX}-before`,
    ids.map((id) => ({ id, source })),
  );
  for (const routing of 'abcdefgh')
    await administrator.call('PUT', `/${INDEX}-before/_doc/same?routing=${routing}&refresh=true`, source);
  await administrator.call('PUT', `/${INDEX}-before/_settings`, { 'index.blocks.write': true });
  await administrator.call('POST', `/${INDEX}-before/_shrink/${INDEX}`, {
    settings: { 'index.number_of_shards': 1, 'index.number_of_replicas': 0, 'index.blocks.write': null },
  });
  await administrator.call('GET', `/_cluster/health/${INDEX}?wait_for_status=green&timeout=30s`);
  same = ((await administrator.call('GET', `/${INDEX}/_count`)).count as number) - DOCUMENTS;
  assert.ok(same > 1);
});

after(async () => {
  await administrator.call('DELETE', `/${INDEX},${INDEX}-before`);
  await server[Symbol.asyncDispose]();
});

function source(more: Partial<ElasticsearchSource>): ElasticsearchSource {
  return sourceOf(INDEX, { access: { ...ACCESS, urls: [server.url] }, ...more });
}

function idsOf({ rows }: Read): string[] {
  return rows.map(({ _id }) => String(_id)).sort();
}

const WANTED = (more: readonly string[] = []): string[] =>
  [
    ...Array.from({ length: DOCUMENTS }, (_, n) => `d${n}`),
    ...Array.from({ length: same }, () => 'same'),
    ...more,
  ].sort();

for (const pageRows of [1, 3, 1_000])
  test(`each document comes once, pages of ${pageRows} or ranges end where they may`, async () => {
    const plan = await planned(source({ pageRows }), { partBytes: 200 });
    await using reader = await openElasticReader(plan.reader, {});
    assert.ok(plan.partitions.length > 2);
    assert.equal(plan.dataset.storedIds, true);
    assert.deepEqual(idsOf(await readAll(reader, plan)), WANTED());
    await letGoOfSnapshots(source({}), plan.partitions);
    await assert.rejects(readAll(reader, plan), { code: 'E_SOURCE_CHANGED', found: /several documents of _seq_no \d/ });
  });

test('what is added later has numbers of its own', async () => {
  const plan = await planned(source({}));
  await letGoOfSnapshots(source({}), plan.partitions);
  await administrator.store(INDEX, [{ id: 'new', source: { vec: [3, 4] } }]);
  const of = { partitions: plan.partitions, datasets: [INDEX], sharing: new Set<string>() };
  const { partitions, all } = await elasticChanges(source({}), of);
  await using reader = await openElasticReader(plan.reader, {});
  assert.deepEqual(idsOf(await readAll(reader, { ...plan, partitions })), ['new']);
  assert.deepEqual(idsOf(await readAll(reader, { ...plan, partitions: all })), WANTED(['new']));
  await letGoOfSnapshots(source({}), [...partitions, ...all]);
});
