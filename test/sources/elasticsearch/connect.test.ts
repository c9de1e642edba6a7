/** Logins, certificates and broken connections, with a real Elasticsearch with TLS and security: who is let in, and what others are told. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import type { ElasticAccess, ElasticCredentials } from '../../../src/config/elasticsearch.ts';
import { Secret } from '../../../src/config/secret.ts';
import { type ErrorCode, MigrateError, toPlain } from '../../../src/core/errors.ts';
import {
  askVersion,
  createPageBuffer,
  type Elastic,
  indexPath,
  openElastic,
  versionOf,
} from '../../../src/sources/elasticsearch/connect.ts';
import { readIndices } from '../../../src/sources/elasticsearch/indices.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { closeSnapshots, openSnapshots } from '../../../src/sources/elasticsearch/snapshot.ts';
import { startFaultProxy } from '../../servers/faultProxy.ts';
import {
  type Administrator,
  administrator as administratorOf,
  type ElasticsearchServer,
  elasticsearchForTests,
  startElasticsearch,
} from '../../servers/startElasticsearch.ts';
import { ACCESS, openPlain, sourceOf } from './open.ts';
import { planned, readAll } from './reading.ts';

const INDEX = 'vault';
let server: ElasticsearchServer;
let plain: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;
let fingerprint: string;
const scratch = mkdtempSync(join(tmpdir(), 'es-connect-'));

before(async () => {
  [server, plain] = await Promise.all([startElasticsearch({ secured: true }), elasticsearchForTests()]);
  administrator = await administratorOf(server.access);
  const properties = { vec: { type: 'dense_vector', dims: 2, index: false } };
  await administrator.call('PUT', `/${INDEX}`, { mappings: { properties } });
  await administrator.store(INDEX, [{ id: '1', source: { vec: [1, 2] } }]);
  fingerprint = openssl('x509', '-fingerprint', '-sha256', '-noout', '-in', server.access.caFile!)
    .split('=')[1]!
    .trim();
});

after(async () => {
  await server.stop();
  await plain[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

function openssl(...words: string[]): string {
  return execFileSync('openssl', words, { cwd: scratch, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function basic(password = server.access.login!.password): ElasticCredentials {
  return { kind: 'basic', user: server.access.login!.user, password: new Secret(password) };
}

/** By its CA file, unless said otherwise. */
function open(credentials: ElasticCredentials, access: Partial<ElasticAccess> = {}): Promise<Elastic> {
  const { url, caFile } = server.access;
  return openElastic(
    { ...ACCESS, urls: [url], caFile: access.caFingerprint ? undefined : caFile, ...access },
    credentials,
  );
}

async function version(credentials: ElasticCredentials, access: Partial<ElasticAccess> = {}): Promise<string> {
  const elastic = await open(credentials, access);
  try {
    return (await askVersion(elastic, undefined)).text;
  } finally {
    await elastic[Symbol.asyncDispose]();
  }
}

/** The error that comes, and that nothing secret is in it, however it is shown. */
async function failure(work: Promise<unknown>, code: ErrorCode, secret = '-no-secret-'): Promise<MigrateError> {
  const error = await work.then(
    () => assert.fail(`no ${code}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof MigrateError, inspect(error));
  assert.equal(error.code, code, inspect(error));
  const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(toPlain(error));
  for (const form of [secret, Buffer.from(`elastic:${secret}`).toString('base64')]) assert.ok(!shown.includes(form));
  return error;
}

test('a password, with the CA by its file or its fingerprint', async () => {
  assert.match(await version(basic()), /^8\./);
  assert.match(await version(basic(), { caFingerprint: fingerprint }), /^8\./);
  assert.match(await version(basic(), { caFingerprint: fingerprint.replaceAll(':', '').toLowerCase() }), /^8\./);
  assert.match(await version(basic(), { caFile: undefined, verifyTls: false }), /^8\./);
});

test('several nodes, of which one is gone', async () => {
  const gone = 'https://127.0.0.1:1';
  assert.match(await version(basic(), { urls: [gone, server.access.url] }), /^8\./);
  assert.match(await version(basic(), { urls: [gone, server.access.url], caFingerprint: fingerprint }), /^8\./);
});

test('several nodes, of which one is gone: the answer of the other counts for more, and it is asked on', async () => {
  const index = 'nowhere';
  const known = await administratorOf({ url: plain.url, login: undefined, caFile: undefined });
  const settings = { number_of_replicas: 0, 'index.routing.allocation.require._name': 'nobody' };
  await known.call('PUT', `/${index}?wait_for_active_shards=0`, { settings });
  const snapshot = { method: 'POST', query: { keep_alive: '1m' }, asked: 'open a snapshot' } as const;
  try {
    for (const gone of ['before', 'behind']) {
      const urls = gone === 'before' ? ['http://127.0.0.1:1', plain.url] : [plain.url, 'http://127.0.0.1:1'];
      await using elastic = await openElastic({ ...ACCESS, urls }, { kind: 'none' });
      for (const _ of [1, 2]) {
        const error = await failure(elastic.ask({ ...snapshot, path: `/${index}/_pit` }), 'E_READ');
        assert.match(error.found!, /missing shards \[\[nowhere\]\[0\]\]/);
      }
      // It has answered by 503 again and again: that does not make it a node that is gone.
      assert.match((await askVersion(elastic, undefined)).text, /^8\./);
    }
  } finally {
    await known.call('DELETE', `/${index}`);
  }
});

test('what one connection learnt opens the next: as workers do', async () => {
  const first = await open(basic(), { caFingerprint: fingerprint });
  const pin = JSON.parse(JSON.stringify(first.pin));
  await first[Symbol.asyncDispose]();
  const second = await openElastic({ ...ACCESS, urls: [server.access.url] }, basic(), pin);
  assert.match((await askVersion(second, undefined)).text, /^8\./);
  await second[Symbol.asyncDispose]();
});

test('an API key and a service token, with the rights that they have', async () => {
  const { encoded } = (await administrator.call('POST', '/_security/api_key', {
    name: 'reads',
    role_descriptors: { reads: { indices: [{ names: [INDEX], privileges: ['read', 'view_index_metadata'] }] } },
  })) as { encoded: string };
  const elastic = await open({ kind: 'apiKey', key: new Secret(encoded) });
  // It may neither monitor nor refresh, and reads all the same.
  const asked = await askVersion(elastic, undefined);
  const [index] = await readIndices(elastic, INDEX, asked);
  const snapshots = await openSnapshots(elastic, index!);
  assert.equal(snapshots[0]!.rows, 1);
  assert.equal(snapshots[0]!.settled, -1);
  await closeSnapshots(elastic, snapshots);
  const other = await failure(readIndices(elastic, '.security', asked), 'E_SOURCE_ACCESS', encoded);
  assert.match(other.found!, /^403 /);
  await elastic[Symbol.asyncDispose]();

  const { token } = (await administrator.call(
    'POST',
    '/_security/service/elastic/fleet-server/credential/token/test',
  )) as { token: { value: string } };
  const service = await open({ kind: 'serviceToken', token: new Secret(token.value) });
  const denied = await failure(readIndices(service, INDEX, asked), 'E_SOURCE_ACCESS', token.value);
  assert.match(denied.found!, /^403 /);
  assert.match(denied.hint!, /privileges/);
  await service[Symbol.asyncDispose]();
});

test('a source with an API key: its reader logs in with the secret that it is handed, and what is denied says the way around', async () => {
  const role = (privileges: string[]) => ({ indices: [{ names: [INDEX], privileges }] });
  const key = async (privileges: string[]) =>
    (await administrator.call('POST', '/_security/api_key', {
      name: privileges.join(),
      role_descriptors: { one: role(privileges) },
    })) as { encoded: string };
  const { encoded } = await key(['read', 'view_index_metadata']);
  const access = { ...ACCESS, urls: [server.access.url], caFingerprint: fingerprint };
  const config = sourceOf(INDEX, { access, credentials: { kind: 'apiKey', key: new Secret(encoded) } });
  const plan = await planned(config);
  assert.ok(!JSON.stringify(plan).includes(encoded));
  await using reader = await openElasticReader(plan.reader, { apiKey: encoded });
  assert.equal((await readAll(reader, plan)).rows.length, 1);
  await using stranger = await openElasticReader(plan.reader, {});
  const unknown = await failure(readAll(stranger, plan), 'E_SOURCE_ACCESS', encoded);
  assert.match(unknown.found!, /^401 /);

  const metadata = (await key(['view_index_metadata'])).encoded;
  const denied = await failure(
    planned(sourceOf(INDEX, { access, credentials: { kind: 'apiKey', key: new Secret(metadata) } })),
    'E_SOURCE_ACCESS',
    metadata,
  );
  assert.match(denied.found!, /^403 /);
  assert.match(denied.hint!, /--es-read scroll/);
});

test('wrong logins are told from rights that are missing', async () => {
  const wrong = await failure(version(basic('wrong-password')), 'E_SOURCE_ACCESS', 'wrong-password');
  assert.match(wrong.found!, /^401 /);
  assert.match((await failure(version({ kind: 'none' }), 'E_SOURCE_ACCESS')).found!, /^401 /);
  const key = Buffer.from('id:key').toString('base64');
  const refused = await failure(version({ kind: 'apiKey', key: new Secret(key) }), 'E_SOURCE_ACCESS', key);
  assert.match(refused.found!, /^401 /);
});

test('certificates that are not to be trusted', async () => {
  const { password } = server.access.login!;
  const untrusted = await failure(version(basic(), { caFile: undefined }), 'E_SOURCE_ACCESS', password);
  assert.match(untrusted.hint!, /CA certificate|fingerprint/);
  const other = await failure(version(basic(), { caFingerprint: 'AB'.repeat(32) }), 'E_SOURCE_ACCESS', password);
  assert.match(other.found!, new RegExp(fingerprint));
  await failure(version(basic(), { caFingerprint: 'AB:CD' }), 'E_CONFIG', password);
  await failure(version(basic(), { caFile: join(scratch, 'absent.crt') }), 'E_SOURCE_NOT_FOUND', password);
  writeFileSync(join(scratch, 'no.crt'), 'nothing');
  await failure(version(basic(), { caFile: join(scratch, 'no.crt') }), 'E_CONFIG', password);
});

test('somebody who sends the right CA’s certificate along with his own is not let in', async () => {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '1',
    '-subj',
    '/CN=test-ca',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  );
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', 'own.key', '-out', 'own.csr');
  openssl(
    'x509',
    '-req',
    '-in',
    'own.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '1',
    '-out',
    'own.crt',
  );
  const cert = readFileSync(join(scratch, 'own.crt'), 'utf8') + readFileSync(server.access.caFile!, 'utf8');
  let asked = 0;
  const impostor = createServer({ key: readFileSync(join(scratch, 'own.key')), cert }, (_, answer) => {
    asked++;
    answer.end('{}');
  }).listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const urls = [`https://127.0.0.1:${(impostor.address() as AddressInfo).port}`];
  try {
    const access = { urls, caFingerprint: fingerprint };
    await failure(version(basic(), access), 'E_SOURCE_ACCESS', server.access.login!.password);
    assert.equal(asked, 0);
  } finally {
    impostor.close();
    impostor.closeAllConnections();
  }
});

test('nobody there, and the wrong scheme', async () => {
  const nobody = await failure(version(basic(), { urls: ['https://127.0.0.1:1'] }), 'E_SOURCE_UNREACHABLE');
  assert.equal(nobody.retry, true);
  const tls = plain.url.replace('http:', 'https:');
  assert.match((await failure(version(basic(), { urls: [tls] }), 'E_SOURCE_UNREACHABLE')).hint!, /http:\/\//);
  const clear = server.access.url.replace('https:', 'http:');
  assert.match((await failure(version(basic(), { urls: [clear] }), 'E_SOURCE_UNREACHABLE')).hint!, /https:\/\//);
});

test('configurations that can not be meant', async () => {
  for (const access of [
    { urls: [] },
    { cloudId: 'a:b' },
    { urls: ['localhost:9200'] },
    { urls: ['https://user:hidden@localhost:9200'] },
  ])
    await failure(open({ kind: 'none' }, access), 'E_CONFIG', 'hidden');
});

test('overload, a lost answer, half an answer: errors that may be tried again, by who knows whether that is safe', async () => {
  let reply: 'reset' | 'truncated body' | { status: number; headers: Record<string, string>; body: string } = 'reset';
  await using proxy = await startFaultProxy(plain.url, () => reply);
  const elastic = await openPlain(proxy.endpoint);
  const search = () =>
    elastic.bytes({ method: 'POST', path: '/_search', body: {}, asked: 'read a page' }, 'json', createPageBuffer());
  assert.equal((await failure(search(), 'E_SOURCE_UNREACHABLE')).retry, true);
  reply = 'truncated body';
  assert.equal((await failure(search(), 'E_SOURCE_UNREACHABLE')).retry, true);
  // Asked once each: nothing repeats a page by itself.
  assert.equal(proxy.requests, 2);
  const body = JSON.stringify({ error: { root_cause: [{ type: 'circuit_breaking_exception', reason: 'too large' }] } });
  reply = { status: 429, headers: { 'content-type': 'application/json', 'retry-after': '7' }, body };
  const overload = await failure(search(), 'E_READ');
  assert.deepEqual([overload.retry, overload.retryAfterMs], [true, 7_000]);
  assert.match(overload.found!, /circuit_breaking_exception/);
  reply = { status: 413, headers: {}, body: '' };
  assert.equal((await failure(search(), 'E_READ')).retry, false);
  reply = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"tagline":"something else"}' };
  await failure(askVersion(elastic, undefined), 'E_SOURCE_VERSION');
  await elastic[Symbol.asyncDispose]();
});

for (const encoding of ['json', 'cbor'] as const)
  test(`a snapshot that is gone can be opened again: ${encoding}`, async () => {
    const elastic = await open(basic());
    const [index] = await readIndices(elastic, INDEX, await askVersion(elastic, undefined));
    const [{ pit } = assert.fail()] = await openSnapshots(elastic, index!);
    await closeSnapshots(elastic, [{ pit }]);
    const body = { pit: { id: pit } };
    const page = elastic.bytes({ method: 'POST', path: '/_search', body, asked: 'read' }, encoding, createPageBuffer());
    const error = await failure(page, 'E_READ', server.access.login!.password);
    assert.equal(error.retry, true);
    assert.match(error.found!, /search_context_missing_exception/);
    await elastic[Symbol.asyncDispose]();
  });

test('versions', () => {
  assert.deepEqual(versionOf('9.2.0', ''), { text: '9.2.0', major: 9, minor: 2 });
  assert.deepEqual(versionOf('7.17.29', ''), { text: '7.17.29', major: 7, minor: 17 });
  assert.equal(versionOf(undefined, '').text, 'unknown');
  for (const old of ['7.10.2', '6.8.23']) assert.throws(() => versionOf(old, ''), { code: 'E_SOURCE_VERSION' });
});

test('names of indices as paths', () => {
  assert.equal(indexPath('a*, b-1 ,<logs-{now/d}>'), 'a*,b-1,%3Clogs-%7Bnow%2Fd%7D%3E');
  assert.equal(indexPath('../_cluster?x'), '..%2F_cluster%3Fx');
});
