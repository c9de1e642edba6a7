/** Documents and fields that a login does not see, in a real Elasticsearch with a trial licence: they are told, not missed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticCredentials } from '../../../src/config/elasticsearch.ts';
import { Secret } from '../../../src/config/secret.ts';
import { MigrateError } from '../../../src/core/errors.ts';
import {
  type Administrator,
  administrator as administratorOf,
  type ElasticsearchServer,
  startElasticsearch,
} from '../../servers/startElasticsearch.ts';
import { ACCESS, sourceOf } from './open.ts';
import { planned } from './reading.ts';

const PRIVILEGES = ['read', 'view_index_metadata', 'monitor', 'maintenance'];
const PASSWORD = 'a-long-password';
const SECRET = { term: { owner: 'b' } };
let server: ElasticsearchServer;
let administrator: Administrator;

before(async () => {
  server = await startElasticsearch({ secured: true });
  administrator = await administratorOf(server.access);
  await administrator.call('POST', '/_license/start_trial?acknowledge=true');
  const properties = { owner: { type: 'keyword' }, vec: { type: 'dense_vector', dims: 2, index: false } };
  for (const index of ['shared', 'other', 'in-parts']) {
    const nested = index === 'in-parts' ? { parts: { type: 'nested' } } : {};
    await administrator.call('PUT', `/${index}`, {
      settings: { number_of_shards: 2, number_of_replicas: 0 },
      mappings: { properties: { ...properties, ...nested } },
      aliases: { [`${index}-alias`]: {} },
    });
    await administrator.store(
      index,
      ['a', 'b', 'b'].map((owner, n) => ({ id: `d${n}`, source: { owner, vec: [n, 1], parts: [{}, {}] } })),
    );
  }
  await administrator.call('PUT', '/_index_template/streamed', {
    index_patterns: ['streamed'],
    data_stream: {},
    template: {
      settings: { number_of_shards: 1, number_of_replicas: 0 },
      mappings: { properties: { '@timestamp': { type: 'date' }, ...properties } },
    },
  });
  for (const [n, owner] of ['a', 'b', 'b'].entries())
    await administrator.call('POST', '/streamed/_doc?refresh=true', { '@timestamp': n, owner, vec: [n, 1] });
});

after(() => server.stop());

async function user(name: string, ...roles: readonly object[]): Promise<ElasticCredentials> {
  const names = roles.map((_, n) => `${name}-${n}`);
  for (const [n, role] of roles.entries())
    await administrator.call('PUT', `/_security/role/${names[n]}`, { cluster: ['monitor'], indices: [role] });
  await administrator.call('PUT', `/_security/user/${name}`, { password: PASSWORD, roles: names });
  return { kind: 'basic', user: name, password: new Secret(PASSWORD) };
}

async function key(name: string, role: object): Promise<ElasticCredentials> {
  const body = { name, role_descriptors: { one: { cluster: ['monitor'], indices: [role] } } };
  const { encoded } = await administrator.call('POST', '/_security/api_key', body);
  return { kind: 'apiKey', key: new Secret(String(encoded)) };
}

function sourceFor(credentials: ElasticCredentials, index: string) {
  return sourceOf(index, {
    access: { ...ACCESS, urls: [server.access.url], caFile: server.access.caFile },
    credentials,
  });
}

/** How many documents a login is given, and what it is told of others. */
async function seen(credentials: ElasticCredentials, index = 'shared'): Promise<{ rows: number; told: string[] }> {
  const { dataset } = await planned(sourceFor(credentials, index));
  const told = dataset.notes.filter(({ text }) => text.includes('-level security')).map(({ text }) => text);
  return { rows: dataset.rows, told };
}

const whole = { names: ['shared'], privileges: PRIVILEGES };
const ofB = { ...whole, query: SECRET };

test('documents that a role hides are told, for whoever logs in', async () => {
  const some =
    'shared: the login sees some of its documents only, those of {"term":{"owner":"b"}} (document-level security)';
  assert.deepEqual(await seen(await user('some', ofB)), { rows: 2, told: [some] });
  const byPattern = { ...ofB, names: ['sha*', '/not.*/'] };
  assert.deepEqual(await seen(await user('pattern', byPattern)), { rows: 2, told: [some] });
  const counted = 'shared: the login sees 2 of the 3 documents that the index holds (document-level security)';
  assert.deepEqual(await seen(await key('some', ofB)), { rows: 2, told: [counted] });
  // Lucene's patterns know more than those of JavaScript: here, what both of two match.
  const ofLucene = { ...ofB, names: ['/sha.*&.*red/'] };
  assert.deepEqual(await seen(await user('lucene', ofLucene)), { rows: 2, told: [counted] });
});

test('a role that shows all of an alias does not show what another hides of its index', async () => {
  const onAlias = { ...whole, names: ['shared-alias'] };
  const told = [
    'shared: the login sees some of its documents only, those of {"term":{"owner":"b"}} (document-level security)',
  ];
  for (const index of ['shared', 'shared-alias'])
    assert.deepEqual(await seen(await user('alias-too', onAlias, ofB), index), { rows: 2, told });
});

test('a role on a data stream is one on its indices', async () => {
  const onStream = { ...whole, names: ['streamed'] };
  const onIndex = { ...ofB, names: ['.ds-streamed-*'] };
  assert.deepEqual(await seen(await user('stream-too', onStream, onIndex), 'streamed'), { rows: 3, told: [] });
  const some = await seen(await user('stream-of-b', { ...onStream, query: SECRET }), 'streamed');
  assert.equal(some.rows, 2);
  assert.match(some.told.join(), /^\.ds-streamed-.*: the login sees some of its documents only/);
});

test('privileges by the names of actions count', async () => {
  const told = [
    'shared: the login sees some of its documents only, those of {"term":{"owner":"b"}} (document-level security)',
  ];
  const byAction = { ...ofB, privileges: ['indices:*'] };
  assert.deepEqual(await seen(await user('by-action', byAction)), { rows: 2, told });
});

test('fields that a role hides are told', async () => {
  const fields = { ...whole, field_security: { grant: ['*'], except: ['owner'] } };
  const told = ['shared: the login sees some of its fields only (field-level security)'];
  assert.deepEqual(await seen(await user('fields', fields)), { rows: 3, told });
});

test('nothing is told where all is seen', async () => {
  assert.deepEqual(await seen(await user('all', whole)), { rows: 3, told: [] });
  assert.deepEqual(await seen(await user('both', ofB, whole)), { rows: 3, told: [] });
  const ofOther = { ...ofB, names: ['other'] };
  assert.deepEqual(await seen(await user('of-other', whole, ofOther)), { rows: 3, told: [] });
  assert.deepEqual(await seen(await key('all', whole)), { rows: 3, told: [] });
  // The statistics count nested objects too.
  assert.deepEqual(await seen(await key('nested', { ...whole, names: ['in-parts'] }), 'in-parts'), {
    rows: 3,
    told: [],
  });
  assert.deepEqual(await seen(await key('reader', { ...whole, privileges: ['read', 'view_index_metadata'] })), {
    rows: 3,
    told: [],
  });
});

test('privileges on an alias are none on its index, and the error says so', async () => {
  const onAlias = await user('on-alias', { ...whole, names: ['shared-alias'] });
  await assert.rejects(planned(sourceFor(onAlias, 'shared-alias')), (thrown: unknown) => {
    assert.ok(thrown instanceof MigrateError);
    assert.equal(thrown.code, 'E_SOURCE_ACCESS');
    assert.match(thrown.hint!, /on the index itself \(those on an alias do not count\)/);
    return true;
  });
});
