/** How an Elasticsearch source is said on a command line: URL, flags, environment. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { resolveConfig } from '../../src/cli/resolve.ts';
import type { ElasticCredentials, ElasticsearchSource } from '../../src/config/elasticsearch.ts';
import type { MigrateError } from '../../src/core/errors.ts';
import { toPlain } from '../../src/core/errors.ts';

const cwd = mkdtempSync(join(tmpdir(), 'milvus-migrate-elastic-'));
after(() => rmSync(cwd, { recursive: true }));

const URL = 'es+https://es:9200/docs';

async function configOf(argv: readonly string[], env: Record<string, string> = {}) {
  return (await resolveConfig(argv, { HOME: '/home/user', ...env }, cwd)).config;
}

async function sourceOf(url: string, flags: readonly string[] = [], env = {}): Promise<ElasticsearchSource> {
  const { source } = await configOf(['run', url, '--to', 'h:1', ...flags], env);
  assert.equal(source.kind, 'elasticsearch');
  return source as ElasticsearchSource;
}

/** The login in the clear. */
function open(credentials: ElasticCredentials): readonly (string | undefined)[] {
  switch (credentials.kind) {
    case 'none':
      return ['none'];
    case 'basic':
      return ['basic', credentials.user, credentials.password.reveal()];
    case 'apiKey':
      return ['apiKey', credentials.key.reveal()];
    case 'serviceToken':
      return ['serviceToken', credentials.token.reveal()];
  }
}

test('the least that is needed, and the defaults', async () => {
  const config = await configOf(['run', URL, '--to', 'h:1']);
  assert.deepEqual(config.source, {
    kind: 'elasticsearch',
    store: undefined,
    access: {
      urls: ['https://es:9200'],
      cloudId: undefined,
      caFile: undefined,
      caFingerprint: undefined,
      verifyTls: true,
      timeoutMs: 60_000,
    },
    credentials: { kind: 'none' },
    index: 'docs',
    indices: 'each',
    fields: undefined,
    dynamicField: true,
    choices: { dates: 'millis', longText: 'reject', missing: 'reject', metric: undefined },
    read: 'seq-no',
    encoding: 'auto',
    pageRows: undefined,
    catchUp: false,
    version: undefined,
  });
  assert.equal(config.dynamicField, true);
  assert.equal(config.format, undefined);
});

test('every flag arrives', async () => {
  const source = await sourceOf(URL, [
    ...['--es-user', 'elastic', '--es-password', 'pw', '--es-ca-file', 'ca.pem', '--es-ca-fingerprint', 'AB:CD'],
    ...['--es-insecure', '--es-timeout', '5', '--es-read', 'scroll', '--es-encoding', 'CBOR', '--es-page-rows', '500'],
    ...['--fields', '_id:long,title:keyword(200)', '--fields=tags:keyword[],vec:dense_vector(3),sku:pk,n:integer[9]'],
    ...['--dates', 'text', '--long-text', 'truncate', '--missing', 'default', '--merge-indices', '--metric', 'ip'],
    '--catch-up',
  ]);
  const plain = { type: undefined, pk: false, maxLen: undefined, dims: undefined };
  assert.deepEqual(
    { ...source, credentials: open(source.credentials) },
    {
      kind: 'elasticsearch',
      store: undefined,
      access: {
        urls: ['https://es:9200'],
        cloudId: undefined,
        caFile: join(cwd, 'ca.pem'),
        caFingerprint: 'AB:CD',
        verifyTls: false,
        timeoutMs: 5000,
      },
      credentials: ['basic', 'elastic', 'pw'],
      index: 'docs',
      indices: 'merged',
      fields: [
        { ...plain, name: '_id', type: 'long' },
        { ...plain, name: 'title', type: 'keyword', maxLen: 200 },
        { ...plain, name: 'tags', type: 'keyword', many: 'Array' },
        { ...plain, name: 'vec', type: 'dense_vector', dims: 3 },
        { ...plain, name: 'sku', pk: true },
        { ...plain, name: 'n', type: 'integer', many: 'Array', maxCapacity: 9 },
      ],
      dynamicField: false,
      choices: { dates: 'text', longText: 'truncate', missing: 'default', metric: 'IP' },
      read: 'scroll',
      encoding: 'cbor',
      pageRows: 500,
      catchUp: true,
      version: undefined,
    },
  );
});

test('addresses: nodes, prefixes, date math, clouds; a login is taken out', async () => {
  for (const [text, urls, index] of [
    ['es+http://a:9200,b:9201/x,y-*,-y-old', ['http://a:9200', 'http://b:9201'], 'x,y-*,-y-old'],
    ['ES+HTTPS://Host/Alias', ['https://Host'], 'Alias'],
    ['es+https://proxy/es/logs', ['https://proxy/es'], 'logs'],
    ['es+https://[::1]:9200/<logs-{now/d}>', ['https://[::1]:9200'], '<logs-{now/d}>'],
    ['es+https://h/_all', ['https://h'], '_all'],
  ] as const) {
    const source = await sourceOf(text);
    assert.deepEqual([source.access.urls, source.index], [urls, index], text);
  }
  const cloud = await sourceOf('es+cloud:prod:dXMtZWFzdCRhYmM=/docs');
  assert.deepEqual([cloud.access.urls, cloud.access.cloudId, cloud.index], [[], 'prod:dXMtZWFzdCRhYmM=', 'docs']);
  const login = await sourceOf('es+https://elastic:p%40s:s/w@a:9200,b/docs');
  assert.deepEqual(open(login.credentials), ['basic', 'elastic', 'p@s:s/w']);
  assert.deepEqual(login.access.urls, ['https://a:9200', 'https://b']);
});

test('logins: flags, URL, environment, files that it names', async () => {
  writeFileSync(join(cwd, 'key.txt'), 'a2V5\n');
  const login = async (url: string, flags: string[], env: Record<string, string>) =>
    open((await sourceOf(url, flags, env)).credentials);
  const user = { MILVUS_MIGRATE_ES_USER: 'eu', MILVUS_MIGRATE_ES_PASSWORD: 'ep' };
  assert.deepEqual(await login(URL, [], user), ['basic', 'eu', 'ep']);
  assert.deepEqual(await login('es+https://eu@es/docs', [], user), ['basic', 'eu', 'ep']);
  assert.deepEqual(await login('es+https://u:p@es/docs', [], user), ['basic', 'u', 'p']);
  assert.deepEqual(await login('es+https://u:p@es/docs', ['--es-api-key', 'k'], user), ['apiKey', 'k']);
  assert.deepEqual(await login(URL, [], { MILVUS_MIGRATE_ES_API_KEY_FILE: 'key.txt' }), ['apiKey', 'a2V5']);
  assert.deepEqual(await login(URL, [], { MILVUS_MIGRATE_ES_SERVICE_TOKEN: 't' }), ['serviceToken', 't']);
  assert.deepEqual(await login(URL, ['--es-user', 'u'], { MILVUS_MIGRATE_ES_PASSWORD_FILE: 'key.txt' }), [
    'basic',
    'u',
    'a2V5',
  ]);
  await assert.rejects(login('es+https://other@es/docs', [], user), /has no password/, "another user's is no use");
  await assert.rejects(login(URL, ['--es-password', 'p'], {}), /has no user/);
  await assert.rejects(login(URL, ['--es-api-key', 'k', '--es-user', 'u'], {}), /more than one login/);
  await assert.rejects(login(URL, [], { ...user, MILVUS_MIGRATE_ES_API_KEY: 'k' }), /more than one login/);
  await assert.rejects(login(URL, [], { MILVUS_MIGRATE_ES_PASSWORD_FILE: 'absent' }), /cannot be read/);
});

test('documents of one id in merged indices are kept: only that may be asked for', async () => {
  const of = (...flags: string[]) => configOf(['run', URL, '--to', 'h:1', '--merge-indices', ...flags]);
  assert.equal((await of()).onDuplicate, 'fail');
  assert.equal((await of('--on-duplicate', 'keep-all')).onDuplicate, 'keep-all');
  assert.equal((await of('--merge', 'a,b', '--into', 'c', '--on-duplicate', 'first')).onDuplicate, 'first');
});

test('the dynamic field of source and target is one choice', async () => {
  for (const [flags, source, target] of [
    [[], true, true],
    [['--dynamic-field=false'], false, false],
    [['--fields', 'a,vec'], false, false],
    [['--fields', 'a,vec', '--dynamic-field'], true, true],
  ] as const) {
    const config = await configOf(['run', URL, '--to', 'h:1', ...flags]);
    assert.deepEqual(
      [config.source.kind === 'elasticsearch' && config.source.dynamicField, config.dynamicField],
      [source, target],
      flags.join(' '),
    );
  }
});

test('with an old file, -t names the index, as it did', async () => {
  writeFileSync(
    join(cwd, 'old.yaml'),
    `
dumper: { worker: { workMode: elasticsearch } }
meta: { mode: config, index: docs, milvus: { collection: c } }
source: { es: { urls: ["http://es:9200"] } }
target: { mode: local, local: { outputDir: /out }, milvus2x: { endpoint: "h:1" } }
`,
  );
  const named = async (...flags: string[]) => {
    const { source, targetName } = await configOf(['start', '-c', 'old.yaml', ...flags]);
    return [source.kind === 'elasticsearch' && source.index, targetName];
  };
  assert.deepEqual(await named(), ['docs', 'c']);
  assert.deepEqual(await named('-t', 'logs'), ['logs', 'c']);
  assert.deepEqual(await named('--table', 'logs'), ['logs', 'c']);
  assert.deepEqual(await named('--name', 'd'), ['docs', 'd']);
  const argument = await configOf(['run', URL, '--to', 'h:1', '-t', 'd']);
  assert.deepEqual(
    [argument.source.kind === 'elasticsearch' && argument.source.index, argument.targetName],
    ['docs', 'd'],
  );
});

test('usage errors say what is wrong, and never a password', async () => {
  const secret = 's3cret';
  for (const [argv, message] of [
    [['es+https://es:9200'], /names no index/],
    [[`es+https://u:${secret}@es:9200/`], /names no index/],
    [[`es+https://u:${secret}@es:9200`], /names no index/],
    [[`es+ftp://u:${secret}@es/docs`], /not the address/],
    [[`es+https://u:${secret}@a,u:${secret}@b/docs`], /more than once/],
    [[`es+https://u:${secret}%zz%41%ff@es/docs`], /no escape/],
    [['es+https://es:port/docs'], /not the address/],
    [['es+https://es:9200/docs/_search'], /names what no index is called/],
    [['es+https://es:9200/docs?size=5'], /names what no index is called/],
    [['es+cloud:/docs'], /no cloud id/],
    [[`https://u:${secret}@es:9200/docs`], /what kind of source/],
    [['elasticsearch://es:9200/docs'], /what kind of source/],
    [[URL, `es+https://u:${secret}@es/docs`], /one source/],
    [[URL, '--fields', 'a,,b'], /--fields/],
    [[URL, '--fields', 'a:keyword(x)'], /--fields/],
    [[URL, '--es-timeout', '0'], /--es-timeout/],
    [[URL, '--es-page-rows', '10001'], /--es-page-rows/],
    [[URL, '--metric', 'SUBSTRUCTURE'], /--metric/],
    [[URL, '--strict'], /--strict is for Faiss/],
    [[URL, '--merge-indices', '--on-duplicate', 'fail'], /--on-duplicate is for --merge/],
    [[URL, '--merge-indices', '--on-duplicate', 'first'], /--on-duplicate is for --merge/],
    [['milvus1x:/db', '--catch-up'], /--catch-up is for Elasticsearch/],
    [['milvus1x:/db', '--metric', 'L2'], /--metric is for Faiss indexes and Elasticsearch/],
    [['faiss:/x', '--dates', 'text'], /--dates is for Elasticsearch/],
    [[URL, '--source-options', '{}'], /--source-options is for sources of your own/],
    [[URL, '--skip-bad-segments'], /--skip-bad-segments is for Milvus 1.x/],
    [['faiss:/x', '--meta', 'mysql://u@h/db'], /--meta is for Milvus 1.x/],
    [['faiss:/x', '--port', '80'], /run has no flag --port/],
  ] as [string[], RegExp][]) {
    await assert.rejects(configOf(['run', ...argv, '--to', 'h:1']), (error: MigrateError) => {
      assert.equal(error.code, 'E_USAGE', argv.join(' '));
      assert.match(error.message, message, argv.join(' '));
      const { stack: _, ...shown } = toPlain(error);
      assert.ok(!JSON.stringify(shown).includes(secret), argv.join(' '));
      return true;
    });
  }
  await assert.rejects(configOf([`es+https://u:${secret}@es/docs`]), (error: MigrateError) => {
    assert.ok(!JSON.stringify(toPlain(error)).includes(secret));
    return /command is not known/.test(error.message);
  });
});
