/** An index that `_shrink` made of four shards: in its one shard documents share numbers, and ids. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { elasticChanges, letGoOfSnapshots } from '../../../src/sources/elasticsearch/changes.ts';
import { createPageBuffers } from '../../../src/sources/elasticsearch/connect.ts';
import { createPageSizes } from '../../../src/sources/elasticsearch/pageSize.ts';
import type { SeqNoDetail } from '../../../src/sources/elasticsearch/plan.ts';
import { rangePages } from '../../../src/sources/elasticsearch/rangePages.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, openPlain, plainAdministrator, sourceOf } from './open.ts';
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
  await shrink(INDEX);
  same = ((await administrator.call('GET', `/${INDEX}/_count`)).count as number) - DOCUMENTS;
  assert.ok(same > 1);
});

after(async () => {
  await administrator.call('DELETE', `/${INDEX},${INDEX}-before`);
  await server[Symbol.asyncDispose]();
});

/** Makes it of what has `-before` behind its name. */
async function shrink(index: string): Promise<void> {
  await administrator.call('PUT', `/${index}-before/_settings`, { 'index.blocks.write': true });
  await administrator.call('POST', `/${index}-before/_shrink/${index}`, {
    settings: { 'index.number_of_shards': 1, 'index.number_of_replicas': 0, 'index.blocks.write': null },
  });
  await administrator.call('GET', `/_cluster/health/${index}?wait_for_status=green&timeout=30s`);
}

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

const PAIR = 'pair';

/** Two documents have the number 3, all others one of their own. */
async function makePair(): Promise<void> {
  const properties = { vec: { type: 'dense_vector', dims: 2, index: false } };
  const settings = { number_of_shards: 2, number_of_replicas: 0 };
  await administrator.call('PUT', `/${PAIR}-before`, { settings, mappings: { properties } });
  const put = (id: string, routing: string): Promise<unknown> =>
    administrator.call('PUT', `/${PAIR}-before/_doc/${id}?routing=${routing}&refresh=true`, { vec: [1, 2] });
  const routings = new Map<number, string>();
  for (const routing of 'abcdefgh') {
    const { shards } = await administrator.call('GET', `/${PAIR}-before/_search_shards?routing=${routing}`);
    routings.set((shards as { shard: number }[][])[0]![0]!.shard, routing);
  }
  const [one, other] = [routings.get(0)!, routings.get(1)!];
  for (let n = 0; n < 8; n++) await put(`one${n}`, one);
  for (let n = 0; n < 3; n++) await put('gone', other);
  await put('other', other);
  await administrator.call('DELETE', `/${PAIR}-before/_doc/gone?routing=${other}&refresh=true`);
  await shrink(PAIR);
}

/** Reads by pages of one document; after `pages` of them `change` is awaited, and the snapshot is gone. */
async function readLosing(pages: number, change: () => Promise<unknown> = async () => undefined): Promise<string[]> {
  const config = sourceOf(PAIR, { access: { ...ACCESS, urls: [server.url] } });
  const { partitions } = await planned(config);
  await using elastic = await openPlain(server.url);
  const sizes = { ...createPageSizes(1, 100), rows: 1 };
  const range = partitions[0]!.detail as unknown as SeqNoDetail;
  const { rows } = partitions[0]!;
  const ids: string[] = [];
  const reading = {
    elastic,
    range,
    rows,
    sizes,
    buffers: createPageBuffers(2 ** 20),
    encoding: 'json',
    parts: {},
  } as const;
  for await (const { hits } of rangePages({ ...reading, counted: false })) {
    ids.push(...hits.map(({ id }) => id));
    if (ids.length !== pages) continue;
    await change();
    await letGoOfSnapshots(config, partitions);
  }
  return ids;
}

test('a snapshot that is lost between two documents of one number: none is passed over', async () => {
  await makePair();
  try {
    const whole = [...Array.from({ length: 8 }, (_, n) => `one${n}`), 'other'].sort();
    let refused = 0;
    for (let pages = 1; pages < 8; pages++)
      try {
        assert.deepEqual((await readLosing(pages)).sort(), whole, `after ${pages} pages`);
      } catch (thrown) {
        assert.equal((thrown as { code?: unknown }).code, 'E_SOURCE_CHANGED', String(thrown));
        refused++;
      }
    assert.ok(refused >= 3 && refused < 7, `${refused} times`);
    // The one that was read has another number since.
    const first = (await readLosing(Number.POSITIVE_INFINITY))[3]!;
    const { hits } = await administrator.call('GET', `/${PAIR}/_search?q=_id:${first}`);
    const [{ _routing }] = (hits as { hits: [{ _routing: string }] }).hits;
    const change = (): Promise<unknown> =>
      administrator.call('PUT', `/${PAIR}/_doc/${first}?routing=${_routing}&refresh=true`, { vec: [3, 4] });
    await assert.rejects(readLosing(3, change), { code: 'E_SOURCE_CHANGED', found: /_seq_no 3/ });
  } finally {
    await administrator.call('DELETE', `/${PAIR},${PAIR}-before`);
  }
});
