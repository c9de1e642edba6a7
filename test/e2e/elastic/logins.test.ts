/** How a user says who he is to a secured Elasticsearch, from the command line: and that nothing secret stays anywhere. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { administrator, type ElasticsearchServer, startElasticsearch } from '../../servers/startElasticsearch.ts';
import { type Ended, milvusMigrate } from '../harness.ts';
import { assertHidden } from '../secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'milvus-migrate-logins-'));
const state = join(folder, 'state');
let server: ElasticsearchServer;
let apiKey = '';
let source = '';
let caFile = '';
let password = '';

before(async () => {
  server = await startElasticsearch({ secured: true });
  const { access } = server;
  caFile = access.caFile!;
  password = access.login!.password;
  source = `es+${access.url}/docs`;
  const admin = await administrator(access);
  const properties = { title: { type: 'keyword' }, vec: { type: 'dense_vector', dims: 2, index: false } };
  await admin.call('PUT', '/docs', { mappings: { properties } });
  const documents = Array.from({ length: 5 }, (_, n) => ({ id: `d${n}`, source: { title: `t${n}`, vec: [n, 1] } }));
  await admin.store('docs', documents);
  const role = { cluster: ['monitor'], indices: [{ names: ['docs'], privileges: ['read', 'view_index_metadata'] }] };
  const key = await admin.call('POST', '/_security/api_key', { name: 'reader', role_descriptors: { reader: role } });
  apiKey = String(key.encoded);
});

after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

async function dump(words: readonly string[], env: Record<string, string> = {}, from = source): Promise<Ended> {
  const out = mkdtempSync(join(folder, 'out-'));
  const argv = ['dump', from, '--out', out, '--state', state, '--fresh', '--format', 'json', '--json', ...words];
  const ended = await milvusMigrate(argv, { env });
  assertHidden([password, apiKey], ended, [out, state]);
  return ended;
}

function rowsOf({ code, stdout, stderr }: Ended): number {
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout) as { collections: { read: number }[] };
  return report.collections[0]!.read;
}

test('user and password, an API key, from environment, file, URL and job file', async () => {
  const ca = ['--es-ca-file', caFile];
  const user = { MILVUS_MIGRATE_ES_USER: 'elastic', MILVUS_MIGRATE_ES_PASSWORD: password };
  assert.equal(rowsOf(await dump(ca, user)), 5);
  assert.equal(rowsOf(await dump(ca, {}, source.replace('://', `://elastic:${password}@`))), 5);
  writeFileSync(join(folder, 'key'), `${apiKey}\n`);
  assert.equal(rowsOf(await dump(ca, { MILVUS_MIGRATE_ES_API_KEY_FILE: join(folder, 'key') })), 5);
  const job = join(folder, 'job.yaml');
  const elastic = [`urls: ["${server.access.url}"]`, 'index: docs', `apiKey: "\${KEY}"`, `caFile: "${caFile}"`];
  writeFileSync(
    job,
    `job: { source: { elasticsearch: { ${elastic.join(', ')} } }, out: "${join(folder, 'job-out')}" }`,
  );
  const words = ['dump', '--config', job, '--state', state, '--fresh', '--json'];
  const ended = await milvusMigrate(words, { env: { KEY: apiKey } });
  assertHidden([apiKey], ended, [state, join(folder, 'job-out')]);
  assert.equal(rowsOf(ended), 5);
});

test('trust by fingerprint, or none at all where the user says so', async () => {
  const env = { MILVUS_MIGRATE_ES_API_KEY: apiKey };
  const der = new X509Certificate(readFileSync(caFile)).raw;
  const fingerprint = createHash('sha256').update(der).digest('hex');
  assert.equal(rowsOf(await dump(['--es-ca-fingerprint', fingerprint], env)), 5);
  assert.equal(rowsOf(await dump(['--es-insecure'], env)), 5);
  const unknown = await dump([], env);
  assert.equal(unknown.code, 3);
  assert.match(unknown.stderr, /E_SOURCE_ACCESS|E_SOURCE_UNREACHABLE/);
  const other = await dump(['--es-ca-fingerprint', 'ab'.repeat(32)], env);
  assert.equal(other.code, 3);
  assert.match(other.stderr, /E_SOURCE_ACCESS/);
});

test('a wrong login and a denied index are told apart, and nothing of the login is shown', async () => {
  const ca = ['--es-ca-file', caFile];
  const wrong = await dump(ca, { MILVUS_MIGRATE_ES_USER: 'elastic', MILVUS_MIGRATE_ES_PASSWORD: 'n0t-th1s' });
  assert.equal(wrong.code, 3);
  assert.match(wrong.stderr, /E_SOURCE_ACCESS.*does not know who asks/s);
  assertHidden(['n0t-th1s'], wrong, [state]);
  const denied = await dump(ca, { MILVUS_MIGRATE_ES_API_KEY: apiKey }, source.replace('/docs', '/other'));
  assert.equal(denied.code, 3);
  assert.match(denied.stderr, /E_SOURCE_ACCESS.*does not let/s);
  const nobody = await dump(ca);
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /E_SOURCE_ACCESS/);
});

test('steps and formats by flags reach the files', async () => {
  const out = join(folder, 'steps');
  const words = ['dump', source, '--es-ca-file', caFile, '--out', out, '--state', state, '--format', 'json', '--json'];
  const steps = ['--rename', 'title=name', '--constant', 'origin:VarChar(8)=es', '--where', 'name != "t3"'];
  const ended = await milvusMigrate([...words, ...steps], { env: { MILVUS_MIGRATE_ES_API_KEY: apiKey } });
  assert.equal(ended.code, 0, ended.stderr);
  const report = JSON.parse(ended.stdout) as { collections: { read: number; filtered: number }[] };
  assert.deepEqual([report.collections[0]!.read, report.collections[0]!.filtered], [5, 1]);
});
