/** Documents that are indexed and not visible yet, in an index that is never refreshed by itself: read, or told. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticCredentials, ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { Secret } from '../../../src/config/secret.ts';
import type { ChangesOf } from '../../../src/core/sourceChanges.ts';
import { elasticChanges } from '../../../src/sources/elasticsearch/changes.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import {
  type Administrator,
  administrator as administratorOf,
  type ElasticsearchServer,
  startElasticsearch,
} from '../../servers/startElasticsearch.ts';
import { ACCESS, sourceOf } from './open.ts';
import { type Planned, planned, readAll } from './reading.ts';

let server: ElasticsearchServer;
let administrator: Administrator;
let everything: ElasticCredentials;

before(async () => {
  server = await startElasticsearch({ secured: true });
  administrator = await administratorOf(server.access);
  const { user, password } = server.access.login!;
  everything = { kind: 'basic', user, password: new Secret(password) };
});

after(() => server.stop());

async function make(index: string): Promise<void> {
  await administrator.call('PUT', `/${index}`, {
    settings: { number_of_shards: 2, number_of_replicas: 0, refresh_interval: '-1' },
    mappings: { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } },
  });
}

/** Not visible before a refresh. */
async function index(path: string, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) await administrator.call('PUT', path.replace('ID', `d${n}`), { vec: [n, 1] });
}

function source(name: string, credentials: ElasticCredentials, more: Partial<ElasticsearchSource> = {}) {
  const access = { ...ACCESS, urls: [server.access.url], caFile: server.access.caFile };
  return sourceOf(name, { access, credentials, ...more });
}

function changesOf({ dataset, partitions }: Planned): ChangesOf {
  return { partitions, datasets: [dataset.name], sharing: new Set() };
}

function told({ notes }: { readonly notes: readonly { readonly text: string }[] }): string[] {
  return notes.map(({ text }) => text).filter((text) => text.includes('refresh'));
}

/** How many rows, and what is said of why they may not have changed. */
async function changed(from: ElasticsearchSource, plan: Planned): Promise<[number, string | undefined]> {
  const { partitions, unsure } = await elasticChanges(from, changesOf(plan));
  return [partitions.reduce((sum, { rows }) => sum + rows, 0), unsure];
}

async function keyFor(name: string, ...privileges: string[]): Promise<ElasticCredentials> {
  const role = { cluster: ['monitor'], indices: [{ names: [name], privileges }] };
  const { encoded } = await administrator.call('POST', '/_security/api_key', { name, role_descriptors: { role } });
  return { kind: 'apiKey', key: new Secret(String(encoded)) };
}

const READING = ['read', 'view_index_metadata'];
const DENIED = 'the login may not refresh it (privilege maintenance), so what was indexed since its last refresh';

test('where it may not be refreshed what is not seen is told, and found once it is visible', async () => {
  await make('denied');
  await index('/denied/_doc/ID?refresh=true', 0, 4);
  await index('/denied/_doc/ID', 4, 7);
  const login = await keyFor('denied', ...READING, 'monitor');
  const plan = await planned(source('denied', login));
  assert.equal(plan.dataset.rows, 4);
  assert.deepEqual(told(plan.dataset), [`denied: ${DENIED} is not seen: about 3 changes, deletes among them`]);
  const before = await elasticChanges(source('denied', login), changesOf(plan));
  assert.deepEqual(told(before), told(plan.dataset));
  await administrator.call('POST', '/denied/_refresh');
  // The first snapshot showed each number up to its highest.
  assert.deepEqual(await changed(source('denied', login), plan), [3, undefined]);
  const whole = await planned(source('denied', login));
  assert.deepEqual([whole.dataset.rows, told(whole.dataset)], [7, []]);
  assert.deepEqual(await changed(source('denied', login), whole), [0, undefined]);
});

test('where it may not be refreshed and numbers are without a document, nobody knows what changed: all is taken, and told', async () => {
  await make('gaps');
  await index('/gaps/_doc/ID', 0, 8);
  await index('/gaps/_doc/ID?refresh=true', 0, 8);
  const login = await keyFor('gaps', ...READING, 'monitor');
  const plan = await planned(source('gaps', login));
  assert.deepEqual([plan.dataset.rows, told(plan.dataset)], [8, []]);
  const [rows, unsure] = await changed(source('gaps', login), plan);
  assert.equal(rows, 8);
  assert.match(unsure!, /maintenance/);
});

test('where nobody says how much there is to see, that is told', async () => {
  await make('unknown');
  const login = await keyFor('unknown', ...READING);
  for (const read of ['seq-no', 'scroll'] as const)
    assert.deepEqual(told((await planned(source('unknown', login, { read }))).dataset), [
      `unknown: ${DENIED} is not seen`,
    ]);
});

test('a scroll reads what was indexed before it was planned', async () => {
  await make('scrolled');
  await index('/scrolled/_doc/ID', 0, 5);
  const plan = await planned(source('scrolled', everything, { read: 'scroll' }));
  assert.deepEqual([plan.dataset.rows, told(plan.dataset)], [5, []]);
  const { user, password } = server.access.login!;
  await using reader = await openElasticReader(plan.reader, { user, password });
  assert.equal((await readAll(reader, plan)).rows.length, 5);
});

test('a document that came with a routing of its own makes a catch-up look through the ids, visible or not', async () => {
  await make('routed');
  await index('/routed/_doc/ID', 0, 5);
  const plan = await planned(source('routed', everything));
  assert.deepEqual([plan.dataset.rows, plan.dataset.storedIds], [5, false]);
  await index('/routed/_doc/ID?routing=mine', 2, 4);
  const { partitions, all } = await elasticChanges(source('routed', everything), changesOf(plan));
  assert.equal(
    partitions.reduce((sum, { rows }) => sum + rows, 0),
    2,
  );
  assert.ok(all.reduce((sum, { rows }) => sum + rows, 0) >= 5);
});
