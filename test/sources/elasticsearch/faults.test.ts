/** Overload, broken connections and half answers between a reader and a real Elasticsearch: the same rows, or an error. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { Secret } from '../../../src/config/secret.ts';
import { letGoOfSnapshots } from '../../../src/sources/elasticsearch/changes.ts';
import { MAX_PAGE_BYTES } from '../../../src/sources/elasticsearch/pageSize.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { openElasticsearch } from '../../../src/sources/elasticsearch/source.ts';
import { type Choose, startFaultProxy } from '../../servers/faultProxy.ts';
import { type Administrator, type ElasticsearchServer, startElasticsearch } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { type Planned, planned, readAll, readerWith } from './reading.ts';

const INDEX = 'faulty';
const DOCUMENTS = 600;

let server: ElasticsearchServer;
let administrator: Administrator;

before(async () => {
  server = await startElasticsearch();
  administrator = await plainAdministrator(server.access.url);
  await administrator.call('PUT', `/${INDEX}`, {
    settings: { number_of_shards: 3, number_of_replicas: 0 },
    mappings: { properties: { vec: { type: 'dense_vector', dims: 3, index: false }, n: { type: 'long' } } },
  });
  await administrator.store(
    INDEX,
    Array.from({ length: DOCUMENTS }, (_, n) => ({ id: `d${n}`, source: { vec: [n, 1, 2], n } })),
  );
});

after(() => server.stop());

function source(more: Partial<ElasticsearchSource> = {}, index = INDEX): ElasticsearchSource {
  return sourceOf(index, { access: { ...ACCESS, urls: [server.access.url] }, pageRows: 40, ...more });
}

/** A reader that goes through a proxy which answers the n-th search as `answers` says; all others go through. */
async function through(plan: Planned, answers: (search: number, request: IncomingMessage) => ReturnType<Choose>) {
  let searches = 0;
  const proxy = await startFaultProxy(server.access.url, (request) =>
    request.url?.includes('/_search') === true && request.method === 'POST' ? answers(++searches, request) : undefined,
  );
  const reader = await openElasticReader(readerWith(plan, { access: { ...ACCESS_JSON, urls: [proxy.endpoint] } }), {});
  return {
    reader,
    proxy,
    get searches() {
      return searches;
    },
    async [Symbol.asyncDispose]() {
      await reader[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const ACCESS_JSON = JSON.parse(JSON.stringify(ACCESS));

function numbers({ rows }: { readonly rows: readonly Readonly<Record<string, unknown>>[] }): number[] {
  return rows.map(({ n }) => Number(n)).sort((a, b) => a - b);
}

const ALL = Array.from({ length: DOCUMENTS }, (_, n) => n);

const overload = (retryAfter: string) => ({
  status: 429,
  headers: { 'content-type': 'application/json', 'retry-after': retryAfter },
  body: JSON.stringify({ error: { root_cause: [{ type: 'circuit_breaking_exception', reason: 'too large' }] } }),
});

for (const encoding of ['json', 'cbor'] as const)
  test(`ranges: every second page fails in some way, each row comes once, ${encoding}`, async () => {
    const plan = await planned(source({ encoding }));
    const faults = ['reset', 'truncated body', '500', 'lost answer', overload('0'), 'cut request'] as const;
    await using faulty = await through(plan, (search) =>
      search % 2 === 0 ? faults[(search / 2) % faults.length] : undefined,
    );
    const found = await readAll(faulty.reader, plan);
    assert.deepEqual(numbers(found), ALL);
    assert.deepEqual([found.withoutSnapshot, found.refused], [0, []]);
    assert.ok(faulty.searches >= 2 * faults.length);
    await letGoOfSnapshots(source(), plan.partitions);
  });

test('what Elasticsearch says in Retry-After is waited for', async () => {
  const plan = await planned(source());
  const started: number[] = [];
  await using faulty = await through(plan, (search) => {
    started.push(performance.now());
    return search === 2 ? overload('1') : undefined;
  });
  assert.deepEqual(numbers(await readAll(faulty.reader, plan)), ALL);
  // Timers may be a little early.
  assert.ok(started[2]! - started[1]! > 990);
  await letGoOfSnapshots(source(), plan.partitions);
});

test('a page over its limit of bytes is asked for again as smaller ones; a document over it is named', async () => {
  const index = 'large';
  await administrator.call('PUT', `/${index}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: {
      properties: {
        vec: { type: 'dense_vector', dims: 2, index: false },
        n: { type: 'long' },
        more: { type: 'object', enabled: false },
      },
    },
  });
  const fields = ['vec', 'n'].map((name) => ({ name, type: undefined, pk: false, maxLen: undefined, dims: undefined }));
  const config = source({ pageRows: 100, fields, dynamicField: false }, index);
  const large = (n: number, bytes: number) => ({
    id: `l${n}`,
    source: { vec: [n, 1], n, more: { text: 'x'.repeat(bytes) } },
  });
  for (let n = 0; n < 12; n++) await administrator.store(index, [large(n, MAX_PAGE_BYTES / 6)]);
  const plan = await planned(config);
  await using reader = await openElasticReader(plan.reader, {});
  assert.deepEqual(numbers(await readAll(reader, plan)), ALL.slice(0, 12));
  await letGoOfSnapshots(config, plan.partitions);
  await administrator.store(index, [large(99, MAX_PAGE_BYTES + 1)]);
  const more = await planned(config);
  await assert.rejects(readAll(reader, more), {
    code: 'E_READ',
    retry: false,
    found: /_id l99/,
    at: { collection: index },
  });
  await letGoOfSnapshots(config, more.partitions);
});

test('partial results and answers for other shards are no pages', async () => {
  const plan = await planned(source());
  const [shard] = [...plan.partitions];
  const partial = (shards: object, timedOut = false) => ({
    status: 200,
    headers: { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' },
    body: JSON.stringify({ took: 1, timed_out: timedOut, _shards: shards, hits: { hits: [] } }),
  });
  for (const answer of [
    partial({ total: 1, failed: 1 }),
    partial({ total: 1, failed: 0 }, true),
    partial({ total: 3, failed: 0 }),
  ]) {
    await using faulty = await through(plan, (search) => (search === 1 ? answer : undefined));
    const found = await readAll(faulty.reader, { ...plan, partitions: [shard!] });
    assert.equal(found.rows.length, shard!.rows);
  }
  // Whole, and yet fewer documents than the snapshot held.
  await using fewer = await through(plan, () => partial({ total: 1, failed: 0 }));
  await assert.rejects(readAll(fewer.reader, plan), { code: 'E_READ', retry: true, found: /^0 documents/ });
  await letGoOfSnapshots(source(), plan.partitions);
});

test('a page of a scroll is never asked for twice: the slice fails, and is read from its start', async () => {
  const config = source({ read: 'scroll' });
  const plan = await planned(config);
  for (const fault of ['reset', 'truncated body', 'lost answer', '500', overload('0')] as const) {
    await using faulty = await through(plan, (search) => (search === 3 ? fault : undefined));
    await assert.rejects(readAll(faulty.reader, plan), { retry: true });
    assert.equal(faulty.searches, 3);
    const found = await readAll(faulty.reader, plan);
    assert.deepEqual(numbers(found), ALL);
  }
});

test('scroll contexts that run out: an error, not fewer rows', async () => {
  const config = source({ read: 'scroll' });
  const plan = await planned(config);
  await using reader = await openElasticReader(plan.reader, {});
  const setting = (most: number | null) =>
    administrator.call('PUT', '/_cluster/settings', { persistent: { 'search.max_open_scroll_context': most } });
  // One context a shard: enough for one of the three.
  await setting(2);
  try {
    await assert.rejects(readAll(reader, plan), { code: 'E_READ', retry: true });
  } finally {
    await setting(null);
  }
  assert.deepEqual(numbers(await readAll(reader, plan)), ALL);
});

test('measuring at plan time asks for less where it is too much, and again where it failed', async () => {
  const answers = [overload('0'), '500', 'reset', overload('0')] as const;
  let searches = 0;
  await using proxy = await startFaultProxy(server.access.url, (request) =>
    // Of an index by its name (snapshots are looked at without one), and not the look for routing, which wants all shards.
    request.url?.startsWith(`/${INDEX}/_search`) && !request.url.includes('allow_partial')
      ? answers[searches++]
      : undefined,
  );
  const plan = await planned(source({ access: { ...ACCESS, urls: [proxy.endpoint] } }));
  assert.equal(searches, answers.length + 1);
  const direct = await planned(source());
  assert.ok(Math.abs(plan.dataset.bytes - direct.dataset.bytes) < direct.dataset.bytes / 10);
  for (const { partitions } of [plan, direct]) await letGoOfSnapshots(source(), partitions);
});

test('an index that gives few documents at a time is planned and read', async () => {
  const index = 'narrow';
  await administrator.call('PUT', `/${index}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0, 'index.max_result_window': 10 },
    mappings: { properties: { vec: { type: 'dense_vector', dims: 3, index: false }, n: { type: 'long' } } },
  });
  await administrator.store(
    index,
    Array.from({ length: 35 }, (_, n) => ({ id: `d${n}`, source: { vec: [n, 1, 2], n } })),
  );
  const config = source({ pageRows: undefined }, index);
  const plan = await planned(config);
  await using reader = await openElasticReader(plan.reader, {});
  assert.deepEqual(numbers(await readAll(reader, plan)), ALL.slice(0, 35));
  await letGoOfSnapshots(config, plan.partitions);
});

test('documents of megabytes are measured a few at a time, and one that is larger than a page is guessed', async () => {
  const index = 'heavy';
  await administrator.call('PUT', `/${index}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: {
      properties: {
        vec: { type: 'dense_vector', dims: 2, index: false },
        text: { type: 'keyword', index: false, doc_values: false },
        more: { type: 'object', enabled: false },
      },
    },
  });
  const more = { x: 'y'.repeat(2 * 1024 * 1024) };
  await administrator.store(
    index,
    Array.from({ length: 20 }, (_, n) => ({ id: `d${n}`, source: { vec: [n, 1], text: 't'.repeat(1_000), more } })),
  );
  const fields = ['vec', 'text'].map((name) => ({
    name,
    type: undefined,
    pk: false,
    maxLen: undefined,
    dims: undefined,
  }));
  const plan = await planned(source({ fields, dynamicField: false }, index));
  assert.ok(plan.dataset.bytes > 20 * 1_000 && plan.dataset.bytes < 20 * 1_100, `${plan.dataset.bytes}`);
  await letGoOfSnapshots(source({}, index), plan.partitions);
  await administrator.store(index, [
    ...Array.from({ length: 20 }, (_, n) => ({ id: `d${n}`, source: { vec: [n, 1] } })),
    { id: 'd0', source: { vec: [0, 1], more: { x: 'y'.repeat(MAX_PAGE_BYTES) } } },
  ]);
  await administrator.call('POST', `/${index}/_forcemerge?max_num_segments=1`);
  const guessed = await planned(source({ fields, dynamicField: false }, index));
  assert.equal(guessed.dataset.rows, 20);
  await letGoOfSnapshots(source({}, index), guessed.partitions);
});

test('an answer that is malformed in the same way each time is not asked for again for long', async () => {
  await administrator.call('PUT', '/commented', {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: { properties: { vec: { type: 'dense_vector', dims: 2, index: false }, x: { type: 'long' } } },
  });
  await administrator.store('commented', [
    { id: 'plain', source: { vec: [1, 2] } },
    { id: 'hiding', source: '{"vec":[1,2],"x":/*"*/1}' },
  ]);
  let asked = 0;
  await using proxy = await startFaultProxy(server.access.url, ({ url }) => {
    if (url!.startsWith('/commented/_search')) asked++;
    return undefined;
  });
  const config = sourceOf('commented', { access: { ...ACCESS, urls: [proxy.endpoint] } });
  // Nor by whoever would read a part once more from its start.
  const fault = { code: 'E_READ', message: /malformed/, retry: false } as const;
  await assert.rejects(planned(config), { ...fault, found: /the document hiding|plain/ });
  assert.equal(asked, 3);
  const plan = await planned(source());
  await using faulty = await through(plan, () => ({
    status: 200,
    headers: { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' },
    body: '{"took":1,"hits":{"hits":[/**/',
  }));
  await assert.rejects(readAll(faulty.reader, plan), fault);
  assert.equal(faulty.searches, 3);
  await letGoOfSnapshots(source(), plan.partitions);
  await administrator.call('DELETE', '/commented');
});

test('what a login may see is asked once for all indices, and told of each', async () => {
  const names = ['seen-1', 'seen-2', 'seen-3'];
  for (const name of names)
    await administrator.call('PUT', `/${name}`, {
      mappings: { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } },
    });
  const query = ['{"term":{"owner":"b"}}'];
  const indices = [
    { names: ['seen-*'], privileges: ['read'], query },
    { names: ['seen-2'], privileges: ['all'] },
  ];
  for (const read of ['seq-no', 'scroll'] as const) {
    let asked = 0;
    await using proxy = await startFaultProxy(server.access.url, ({ url }) => {
      if (!url!.startsWith('/_security/user/_privileges')) return undefined;
      asked++;
      const headers = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' };
      return { status: 200, headers, body: JSON.stringify({ indices }) };
    });
    const credentials = { kind: 'basic', user: 'somebody', password: new Secret('a-long-password') } as const;
    const config = source({ access: { ...ACCESS, urls: [proxy.endpoint] }, credentials, read }, 'seen-*');
    await using opened = await openElasticsearch(config, { openStore: async () => assert.fail('no store') });
    const told = (await opened.datasets()).map(({ notes }) => notes.filter(({ text }) => /-level security/.test(text)));
    assert.deepEqual([asked, told.map(({ length }) => length)], [1, [1, 0, 1]]);
    assert.match(told[2]![0]!.text, /^seen-3: /);
  }
  for (const name of names) await administrator.call('DELETE', `/${name}`);
});
