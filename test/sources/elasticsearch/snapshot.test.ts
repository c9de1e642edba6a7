/**
 * Schema, snapshots and ranges of a real Elasticsearch index: three shards, updates and deletes, all field types that
 * this build of the server has.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Partition, PlanHint } from '../../../src/core/contracts.ts';
import { MigrateError } from '../../../src/core/errors.ts';
import { TYPES } from '../../../src/formats/elastic/types.ts';
import { askVersion, createPageBuffer, type Elastic } from '../../../src/sources/elasticsearch/connect.ts';
import { readIndices } from '../../../src/sources/elasticsearch/indices.ts';
import { planShards, type SeqNoDetail } from '../../../src/sources/elasticsearch/plan.ts';
import { datasetsOf, guessedRowBytes } from '../../../src/sources/elasticsearch/schema.ts';
import { planSlices } from '../../../src/sources/elasticsearch/slices.ts';
import { closeSnapshots, openSnapshots, type ShardSnapshot } from '../../../src/sources/elasticsearch/snapshot.ts';
import { startFaultProxy } from '../../servers/faultProxy.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { openPlain, plainAdministrator, sourceOf } from './open.ts';

const INDEX = 'things-1';
const DOCUMENTS = 3_000;
const HINT: PlanHint = { partBytes: 50_000 };

/** Types that other modules of the server bring; this one has its core and vectors. */
const NOT_IN_CORE = new Set(
  'constant_keyword wildcard match_only_text pattern_text annotated_text search_as_you_type string version unsigned_long scaled_float rank_feature rank_features rank_vectors shape point join percolator histogram exponential_histogram aggregate_metric_double semantic_text geo_shape passthrough'.split(
    ' ',
  ),
);

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;
let elastic: Elastic;

before(async () => {
  server = await elasticsearchForTests();
  administrator = await plainAdministrator(server.url);
  elastic = await openPlain(server.url);
  const properties: Record<string, object> = { vec: { type: 'dense_vector', dims: 4, index: false } };
  for (const type of TYPES.keys())
    if (!NOT_IN_CORE.has(type) && type !== 'dense_vector') properties[`a_${type}`] = { type };
  properties.bits = { type: 'dense_vector', dims: 8, element_type: 'bit', index: false };
  properties.signed = { type: 'dense_vector', dims: 2, element_type: 'byte', index: true, similarity: 'dot_product' };
  properties['with-dash'] = { type: 'keyword' };
  await administrator.call('PUT', `/${INDEX}`, {
    settings: { number_of_shards: 3, number_of_replicas: 0, refresh_interval: '-1' },
    mappings: { dynamic: false, properties },
    aliases: { things: {} },
  });
  const document = (index: number) => ({ id: `d${index}`, source: { vec: [index, 1, 2, 3], a_long: index } });
  await administrator.store(
    INDEX,
    Array.from({ length: DOCUMENTS }, (_, index) => document(index)),
  );
  // A third of the numbers has no document any more.
  await administrator.store(
    INDEX,
    Array.from({ length: DOCUMENTS / 2 }, (_, index) => document(index)),
  );
  await administrator
    .call('POST', `/${INDEX}/_delete_by_query?refresh=true`, { query: { range: { a_long: { lt: 100 } } } })
    .catch(
      // delete_by_query is of another module: then one by one.
      async () => {
        for (let index = 0; index < 100; index++) await administrator.call('DELETE', `/${INDEX}/_doc/d${index}`);
      },
    );
});

after(async () => {
  await administrator.call('DELETE', `/${INDEX}`);
  await elastic[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const LIVE = DOCUMENTS - 100;

async function facts(name: string) {
  return readIndices(elastic, name, await askVersion(elastic, undefined));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function plan(snapshots: readonly ShardSnapshot[], from?: readonly number[]): Promise<Partition[]> {
  const planning = { dataset: 'things', snapshots, rowBytes: 100, hint: HINT, ...(from ? { from } : {}) };
  return collect(planShards(elastic, planning));
}

/** The `_id`s that a partition's range finds, in the snapshot or, without one, in the index as it is now. */
async function idsOf({ detail }: Partition, pit: string | undefined): Promise<string[]> {
  const { index, shard, from, to } = detail as unknown as SeqNoDetail;
  const body = {
    size: 10_000,
    _source: false,
    query: { range: { _seq_no: { gte: from, lt: to } } },
    sort: [{ _seq_no: 'asc' }],
    ...(pit === undefined ? {} : { pit: { id: pit } }),
  };
  const path = pit === undefined ? `/${index}/_search?preference=_shards:${shard}` : '/_search';
  const answer = (await administrator.call('POST', path, body)) as { hits: { hits: { _id: string }[] } };
  return answer.hits.hits.map(({ _id }) => _id);
}

test('the schema of all field types of this server', async () => {
  const [dataset] = datasetsOf(sourceOf('things'), await facts('things'));
  assert.equal(dataset!.name, 'things');
  const types = Object.fromEntries(dataset!.fields.map(({ path, field }) => [path, field.type]));
  for (const [type, becomes] of TYPES)
    if (!NOT_IN_CORE.has(type) && type !== 'dense_vector') assert.equal(types[`a_${type}`], becomes, type);
  assert.deepEqual(
    dataset!.schema.fields.slice(0, 4).map(({ name, type, dim, primaryKey }) => [name, type, dim, primaryKey]),
    [
      ['_id', 'VarChar', 0, true],
      ['bits', 'BinaryVector', 8, false],
      ['signed', 'FloatVector', 2, false],
      ['vec', 'FloatVector', 4, false],
    ],
  );
  assert.deepEqual(
    dataset!.fields.filter(({ metric }) => metric !== null).map(({ path, metric }) => [path, metric]),
    [
      ['bits', 'HAMMING'],
      ['signed', 'IP'],
    ],
  );
  assert.equal(dataset!.schema.fields.at(-1)!.name, '$meta');
  assert.equal(dataset!.schema.fields.find(({ name }) => name === 'with_dash')?.type, 'VarChar');
  assert.deepEqual([dataset!.fromDocValues, dataset!.askForVectors], [[], false]);
  assert.ok(guessedRowBytes(dataset!.schema) > 25);
});

test('ranges hold each live document once, and as many as they say, deleted and updated numbers or not', async () => {
  const [index] = await facts(INDEX);
  const snapshots = await openSnapshots(elastic, index!);
  try {
    assert.equal(snapshots.length, 3);
    assert.equal(
      snapshots.reduce((sum, { rows }) => sum + rows, 0),
      LIVE,
    );
    const partitions = await plan(snapshots);
    assert.ok(partitions.length >= 6);
    const found: string[] = [];
    for (const partition of partitions) {
      const { shard } = partition.detail as unknown as SeqNoDetail;
      const ids = await idsOf(partition, snapshots[shard]!.pit);
      assert.equal(ids.length, partition.rows);
      assert.ok(partition.rows <= HINT.partBytes / 100);
      assert.match(partition.id, /^[\w-]+$/);
      // Without the snapshot the same, as nothing has changed.
      assert.deepEqual(await idsOf(partition, undefined), ids);
      found.push(...ids);
    }
    assert.equal(found.length, LIVE);
    assert.equal(new Set(found).size, LIVE);
    assert.deepEqual(await plan(snapshots), partitions);
  } finally {
    await closeSnapshots(elastic, snapshots);
  }
  // What is closed already is fine.
  await closeSnapshots(elastic, snapshots);
});

test('what changed after the snapshot is found above what was settled, and nowhere below', async () => {
  const [index] = await facts(INDEX);
  const first = await openSnapshots(elastic, index!);
  const partitions = await plan(first);
  const changed = ['d500', 'd2999', 'brand-new'];
  await administrator.store(
    INDEX,
    changed.map((id) => ({ id, source: { vec: [0, 0, 0, 1], a_long: 1 } })),
  );
  const second = await openSnapshots(elastic, index!);
  try {
    // Nothing else was going on; the last numbers are those of deletes.
    for (const { settled, maxSeqNo } of first) assert.ok(settled >= maxSeqNo);
    const late = await plan(
      second,
      first.map(({ settled }) => settled + 1),
    );
    const found = await Promise.all(late.map((partition) => idsOf(partition, undefined)));
    assert.deepEqual(found.flat().sort(), [...changed].sort());
    // The first snapshot has them as they were; without it, their old ranges do not have them any more.
    const within = async (pit: (shard: number) => string | undefined) => {
      const ids = await Promise.all(
        partitions.map((one) => idsOf(one, pit((one.detail as unknown as SeqNoDetail).shard))),
      );
      return ids.flat().length;
    };
    assert.equal(await within((shard) => first[shard]!.pit), LIVE);
    assert.equal(await within(() => undefined), LIVE - 2);
  } finally {
    await closeSnapshots(elastic, [...first, ...second]);
    await administrator.call('DELETE', `/${INDEX}/_doc/brand-new?refresh=true`);
  }
});

test('a change that the primary has and another copy has not is not settled', async () => {
  const name = 'behind';
  await administrator.call('PUT', `/${name}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } },
  });
  const put = (ids: readonly string[]) =>
    administrator.store(
      name,
      ids.map((id) => ({ id, source: { vec: [1, 2] } })),
    );
  await put(['a', 'b']);
  // The statistics of a moment in which the third change is on its way to the copy that the snapshot is of.
  const seqNo = { max_seq_no: 2, local_checkpoint: 2, global_checkpoint: 1 };
  const stats = { indices: { [name]: { shards: { 0: [{ routing: { primary: true }, seq_no: seqNo }] } } } };
  const headers = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' };
  await using proxy = await startFaultProxy(server.url, ({ url }) =>
    url!.includes('/_stats') ? { status: 200, headers, body: JSON.stringify(stats) } : undefined,
  );
  await using between = await openPlain(proxy.endpoint);
  const [index] = await facts(name);
  const first = await openSnapshots(between, index!);
  await put(['c']);
  const second = await openSnapshots(elastic, index!);
  try {
    const late = await plan(
      second,
      first.map(({ settled }) => settled + 1),
    );
    const found = await Promise.all(late.map((partition) => idsOf(partition, undefined)));
    assert.deepEqual(found.flat(), ['c']);
  } finally {
    await closeSnapshots(elastic, [...first, ...second]);
    await administrator.call('DELETE', `/${name}`);
  }
});

test('a copy that could not be refreshed may lack what was indexed last: no snapshot', async () => {
  const headers = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' };
  const body = JSON.stringify({ _shards: { total: 2, successful: 1, failed: 1 } });
  await using proxy = await startFaultProxy(server.url, ({ url }) =>
    url!.includes('/_refresh') ? { status: 200, headers, body } : undefined,
  );
  await using between = await openPlain(proxy.endpoint);
  const [index] = await facts(INDEX);
  await assert.rejects(openSnapshots(between, index!), { code: 'E_READ', found: '1 of 2 failed' });
});

test('slices of a scroll: all rows shared out, the same slices each time', async () => {
  const indices = await facts(INDEX);
  const planning = { dataset: 'things', indices, rowBytes: 100, hint: { partBytes: 100_000, threads: 2 } };
  const partitions = await collect(planSlices(elastic, planning));
  assert.equal(partitions.length, 3);
  assert.equal(
    partitions.reduce((sum, { rows }) => sum + rows, 0),
    LIVE,
  );
  assert.deepEqual(await collect(planSlices(elastic, planning)), partitions);
});

test('an index that is not there, one without documents, one without vectors', async () => {
  for (const name of ['absent', 'absent*'])
    await assert.rejects(facts(name), (error) => error instanceof MigrateError && error.code === 'E_SOURCE_NOT_FOUND');
  await administrator.call('PUT', '/empty', {
    mappings: { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } },
  });
  const [empty] = await facts('empty');
  const snapshots = await openSnapshots(elastic, empty!);
  assert.deepEqual(await plan(snapshots), []);
  await closeSnapshots(elastic, snapshots);
  await administrator.call('DELETE', '/empty');
  await administrator.call('PUT', '/texts', { mappings: { properties: { title: { type: 'text' } } } });
  const texts = await facts('texts');
  assert.throws(() => datasetsOf(sourceOf('texts'), texts), { code: 'E_SOURCE_SCHEMA' });
  await administrator.call('DELETE', '/texts');
  const parts = { type: 'nested', properties: { vec: { type: 'dense_vector', dims: 2, index: false } } };
  await administrator.call('PUT', '/chunked', { mappings: { properties: { parts } } });
  const chunked = await facts('chunked');
  assert.throws(() => datasetsOf(sourceOf('chunked'), chunked), {
    code: 'E_SOURCE_SCHEMA',
    found: 'none but those of nested objects (parts.vec)',
  });
  await administrator.call('DELETE', '/chunked');
});

test('several indices: a dataset each, or one where their fields agree', async () => {
  const properties = { vec: { type: 'dense_vector', dims: 2, index: false }, n: { type: 'long' } };
  await administrator.call('PUT', '/many-a', { mappings: { properties } });
  await administrator.call('PUT', '/many-b', {
    mappings: { properties: { ...properties, more: { type: 'keyword' } } },
  });
  await administrator.call('PUT', '/many-c', { mappings: { properties: { ...properties, n: { type: 'keyword' } } } });
  const all = await facts('many-*');
  assert.deepEqual(
    datasetsOf(sourceOf('many-*'), all).map(({ name }) => name),
    ['many-a', 'many-b', 'many-c'],
  );
  const [merged] = datasetsOf(sourceOf('many-a,many-b', { indices: 'merged' }), all.slice(0, 2));
  assert.deepEqual(
    merged!.fields.map(({ path }) => path),
    ['_id', 'vec', 'n', 'more'],
  );
  assert.throws(() => datasetsOf(sourceOf('many-*', { indices: 'merged' }), all), { code: 'E_SOURCE_SCHEMA' });
  await administrator.call('DELETE', '/many-a,many-b,many-c');
});

test('an alias that shows some documents only is refused; the index by its own name is not', async () => {
  const mappings = { properties: { vec: { type: 'dense_vector', dims: 2, index: false }, n: { type: 'long' } } };
  const narrow = { filter: { term: { n: 1 } } };
  const year = new Date().getUTCFullYear();
  const index = `narrow-${year}-000001`;
  await administrator.call('PUT', `/${index}`, {
    mappings,
    aliases: {
      'narrow-1': narrow,
      [`narrow-${year}`]: narrow,
      routed: { routing: 'a' },
      whole: {},
      [`whole-${year}`]: {},
    },
  });
  const dated = '<narrow-{now/y{yyyy}}>';
  for (const name of ['narrow-1', '*-1', 'whole,narrow-1', 'routed', 'narrow-1::data', dated, `whole,${dated}`])
    await assert.rejects(facts(name), { code: 'E_SOURCE_SCHEMA', hint: new RegExp(index) });
  const whole = ['whole', 'narrow*', index, '<whole-{now/y{yyyy}}>', '<narrow-{now/y{yyyy}}-000001>'];
  for (const name of whole) assert.equal((await facts(name))[0]!.name, index);
  await administrator.call('DELETE', `/${index}`);
});

test('an index with a dot in front that an alias without one leads to is no own one of Elasticsearch', async () => {
  const mappings = { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } };
  const settings = { 'index.hidden': true };
  await administrator.call('PUT', '/.dotted-1', { settings, mappings, aliases: { 'dotted-now': {} } });
  await administrator.call('PUT', '/.dotted-2', { settings, mappings, aliases: { '.dotted-old': {} } });
  await administrator.call('PUT', '/dotted-3', { mappings });
  try {
    const named = async (expression: string) => (await facts(expression)).map(({ name }) => name);
    assert.deepEqual(await named('dotted*'), ['.dotted-1', 'dotted-3']);
    assert.deepEqual(await named('dotted-n*'), ['.dotted-1']);
    assert.deepEqual(await named('*dotted*'), ['.dotted-1', 'dotted-3']);
    assert.deepEqual(await named('dotted-3,.dotted-*'), ['.dotted-1', '.dotted-2', 'dotted-3']);
    assert.deepEqual(await named('.dotted-2'), ['.dotted-2']);
    assert.deepEqual(await named('.dotted-old,dotted-3'), ['.dotted-2', 'dotted-3']);
    const all = await named('_all');
    assert.ok(all.includes('.dotted-1') && !all.includes('.dotted-2'), all.join());
  } finally {
    await administrator.call('DELETE', '/.dotted-1,.dotted-2,dotted-3');
  }
});

test('an alias that shows some documents of a data stream only is refused, too', async () => {
  const mappings = { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } };
  await administrator.call('PUT', '/_index_template/streamed', {
    index_patterns: ['streamed'],
    data_stream: {},
    template: { mappings },
  });
  await administrator.call('POST', '/streamed/_doc?op_type=create', { '@timestamp': '2026-01-01', vec: [1, 2] });
  const alias = (name: string, more: object) => ({ add: { index: 'streamed', alias: name, ...more } });
  await administrator.call('POST', '/_aliases', {
    actions: [alias('stream-part', { filter: { term: { n: 1 } } }), alias('stream-whole', {})],
  });
  for (const name of ['stream-part', 'stream-p*', 'stream-whole,stream-part'])
    await assert.rejects(facts(name), { code: 'E_SOURCE_SCHEMA', hint: /name the index \(streamed\)/ });
  for (const name of ['stream-whole', 'streamed', 'streamed,stream-part', '.ds-streamed-*'])
    assert.equal((await facts(name)).length, 1);
});

test('vectors that _source leaves out are asked for as doc values', async () => {
  await administrator.call('PUT', '/bare', {
    mappings: {
      _source: { excludes: ['emb.*'] },
      properties: { emb: { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } } },
    },
  });
  const [dataset] = datasetsOf(sourceOf('bare'), await facts('bare'));
  assert.deepEqual(dataset!.fromDocValues, ['emb.vec']);
  await administrator.call('DELETE', '/bare');
});

test('a page’s bytes come whole, in a buffer that grows and is used again', async () => {
  const buffer = { memory: new Uint8Array(100) };
  const search = (encoding: 'json' | 'cbor', size: number) =>
    elastic.bytes({ method: 'POST', path: `/${INDEX}/_search`, body: { size }, asked: 'read' }, encoding, buffer);
  const large = await search('json', 2_000);
  assert.equal(JSON.parse(Buffer.from(large).toString()).hits.hits.length, 2_000);
  const { memory } = buffer;
  const small = await search('cbor', 1);
  assert.equal(small.buffer, memory.buffer);
  assert.ok(createPageBuffer().memory.length > 1e6);
  await assert.rejects(search('cbor', 20_000), {
    code: 'E_READ',
    retry: false,
    found: /max_result_window|Result window/,
  });
});
