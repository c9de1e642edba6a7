/** Object stores on the command line: what flags, environment and files make of them, and that no key is ever shown. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { type Resolved, resolveConfig } from '../../src/cli/resolve.ts';
import type { JobConfig } from '../../src/config/job.ts';
import { fromStored, toStored } from '../../src/config/stored.ts';
import { type MigrateError, toPlain } from '../../src/core/errors.ts';
import { AWS, ENV, OLD_YAML, opened, store, TO } from './storeSamples.ts';

const cwd = mkdtempSync(join(tmpdir(), 'milvus-migrate-stores-'));
after(() => rmSync(cwd, { recursive: true }));
mkdirSync(join(cwd, 'db'));
writeFileSync(join(cwd, 'db', 'meta.sqlite'), '');
writeFileSync(join(cwd, 'old.yaml'), OLD_YAML);

function resolve(argv: readonly string[], env: Record<string, string> = {}): Promise<Resolved> {
  return resolveConfig(argv, { ...ENV, ...env }, cwd);
}

async function configOf(argv: readonly string[], env: Record<string, string> = {}): Promise<JobConfig> {
  return (await resolve(argv, env)).config;
}

test('sources in a bucket: keys of the whole bucket', async () => {
  const { source } = await configOf(['run', 'milvus1x:s3://old/a/db?region=eu-1', ...TO]);
  assert.deepEqual(source, {
    kind: 'milvus1x',
    store: store({ region: 'eu-1' }),
    path: 'a/db',
    tablesDir: undefined,
    meta: undefined,
    skipBadSegments: false,
    ignoreUnflushed: false,
  });
  const faiss = (await configOf(['run', 'faiss:gs://old/docs.index', ...TO])).source;
  assert.deepEqual([faiss.kind === 'faiss' && faiss.path, faiss.store], ['docs.index', store({ scheme: 'gs' })]);
  for (const argv of [
    ['load', 'az://dumps/2026', ...TO],
    ['run', 'dumped:az://dumps/2026', ...TO],
    ['verify', 'az://dumps/2026', ...TO],
  ]) {
    const { source: dumped, files } = await configOf(argv);
    const place = store({ scheme: 'az', bucket: 'dumps', root: '2026', credentials: 'files' });
    assert.deepEqual(dumped, { kind: 'dumped', dir: 'az://dumps/2026', oldLayout: false, store: place });
    assert.deepEqual(files, { dir: 'az://dumps/2026', store: place, seenAs: '2026', oldLayout: false, keep: true });
  }
  const file = (await configOf(['run', `milvus1x:file://${join(cwd, 'db')}`, ...TO])).source;
  assert.deepEqual([file.kind === 'milvus1x' && file.path, file.store], [join(cwd, 'db'), undefined]);
  assert.equal((await configOf(['run', 'file:db', ...TO])).source.kind, 'milvus1x');
});

test('metadata and data may lie at different places', async () => {
  const of = async (...argv: string[]) => {
    const { source } = await configOf(['run', ...argv, ...TO]);
    return source.kind === 'milvus1x' ? source : assert.fail();
  };
  const same = await of('milvus1x:s3://old/db', '--meta', 's3://old/backup/meta.json');
  assert.deepEqual(same.meta, { kind: 'json', file: 'backup/meta.json' });
  const other = await of('milvus1x:s3://old/db', '--meta', 's3://backups/meta.sqlite');
  assert.deepEqual(other.meta, { kind: 'sqlite', file: 'meta.sqlite', store: store({ bucket: 'backups' }) });
  const here = await of('milvus1x:s3://old/db', '--meta', 'meta.json');
  assert.deepEqual(here.meta, { kind: 'json', file: join(cwd, 'meta.json'), store: 'local' });
  const mysql = await of('milvus1x:s3://old/db', '--meta', 'mysql://h/db');
  assert.equal(mysql.meta?.kind, 'mysql');
  const data = await of('--meta', 'meta.sqlite', '--tables', 's3://old/db/tables');
  assert.deepEqual([data.store?.bucket, data.path, data.tablesDir], ['old', undefined, 'db/tables']);
  // A flag replaces its part of what a file says, and the rest stays where it was.
  const over = await of('-c', 'old.yaml', '--tables', '/mnt/tables');
  assert.deepEqual([over.store, over.tablesDir], [undefined, '/mnt/tables']);
  assert.equal(typeof over.meta === 'object' && over.meta.kind === 'json' && typeof over.meta.store, 'object');
  await assert.rejects(of('milvus1x:s3://old/db', '--tables', '/mnt/tables'), /two places/);
  await assert.rejects(of('milvus1x:s3://old/db', '--tables', 's3://other/tables'), /two places/);
});

test('files in a bucket, and how Milvus sees them', async () => {
  const files = async (...argv: string[]) => (await configOf(['run', 'milvus1x:/db', ...TO, ...argv])).files;
  const plain = await files('--staging', 's3://milvus/import/?endpoint=http://minio:9000&create-bucket=true');
  assert.deepEqual(plain, {
    dir: 's3://milvus/import',
    store: store({
      bucket: 'milvus',
      root: 'import',
      endpoint: 'http://minio:9000',
      createBucket: true,
      credentials: 'files',
    }),
    seenAs: 'import',
    oldLayout: false,
    keep: false,
  });
  for (const [as, seen] of [
    ['/', ''],
    ['a/b/', 'a/b'],
    ['s3://other/c', 'c'],
  ] as const) {
    assert.equal((await files('--staging', 's3://milvus/import', '--staging-as', as))?.seenAs, seen);
  }
  const out = (await configOf(['dump', 'milvus1x:/db', '--out', 'oss://dumps/a?region=cn-hangzhou'])).files;
  assert.deepEqual([out?.dir, out?.keep, out?.store?.region], ['oss://dumps/a', true, 'cn-hangzhou']);
  const kept = await configOf(['start', '-c', 'old.yaml', '--staging-as', 'x/y', '--keep']);
  assert.deepEqual([kept.files?.seenAs, kept.files?.keep, kept.files?.oldLayout], ['x/y', true, true]);
});

test('flags win, then the URL and the file, then the environment', async () => {
  const argv = ['run', 'milvus1x:s3://old/db', ...TO, '--staging', 's3://milvus/import?region=eu-1'];
  const flags = [
    '--source-endpoint',
    'http://a:1/',
    '--source-region',
    'r1',
    '--files-endpoint',
    'b:2',
    '--max-mbps',
    '250',
  ];
  const config = await configOf([...argv, ...flags], { AWS_ENDPOINT_URL: 'http://c:3', AWS_REGION: 'r9' });
  const { store: from } = config.source;
  const to = config.files?.store;
  assert.deepEqual([from?.endpoint, from?.region, from?.maxMbps], ['http://a:1', 'r1', 250]);
  assert.deepEqual([to?.endpoint, to?.region, to?.maxMbps], ['b:2', 'eu-1', 250]);
  const around = await configOf(argv, {
    MILVUS_MIGRATE_FILES_ENDPOINT: 'http://d:4',
    AWS_ENDPOINT_URL: 'http://c:3',
    AWS_REGION: 'r9',
  });
  assert.deepEqual([around.source.store?.endpoint, around.source.store?.region], ['http://c:3', 'r9']);
  assert.deepEqual([around.files?.store?.endpoint, around.files?.store?.region], ['http://d:4', 'eu-1']);
  const other = await configOf(['run', 'milvus1x:gs://old/db', ...TO], {
    AWS_ENDPOINT_URL: 'http://c:3',
    AWS_REGION: 'r9',
  });
  assert.deepEqual([other.source.store?.endpoint, other.source.store?.region], [undefined, undefined]);
});

test('credentials: the own variables, then those of the cloud', async () => {
  const source = async (url: string, env: Record<string, string>) =>
    opened(await configOf(['run', `milvus1x:${url}`, ...TO], env), 'source');
  assert.deepEqual(await source('s3://old/db', { ...AWS, AWS_SESSION_TOKEN: 't' }), {
    accessKey: 'AKIA',
    secretKey: 's3cret-aws',
    sessionToken: 't',
  });
  assert.equal(
    await source('s3://old/db', { ...AWS, AWS_PROFILE: 'prod' }),
    undefined,
    'a profile that is named is meant',
  );
  assert.equal(await source('s3://old/db?iam=true', AWS), undefined, "the machine's role, not keys");
  assert.equal(await source('gs://old/db', AWS), undefined, "another cloud's keys are none");
  assert.equal(await source('s3://old/db', { AWS_ACCESS_KEY_ID: '' }), undefined);
  const own = { MILVUS_MIGRATE_SOURCE_ACCESS_KEY: 'OWN', MILVUS_MIGRATE_SOURCE_SECRET_KEY: 'own' };
  assert.deepEqual(await source('s3://old/db', { ...AWS, ...own }), { accessKey: 'OWN', secretKey: 'own' });
  assert.deepEqual(await source('gs://old/db', { MILVUS_MIGRATE_SOURCE_SERVICE_ACCOUNT: '/a.json' }), {
    serviceAccount: '/a.json',
  });
  const azure = { AZURE_STORAGE_ACCOUNT: 'acc', AZURE_STORAGE_KEY: 'key', AZURE_STORAGE_SAS_TOKEN: 'sas' };
  assert.deepEqual(await source('az://old/db', azure), { accessKey: 'acc', secretKey: 'key', sas: 'sas' });
  assert.deepEqual(await source('az://old/db?iam=true', azure), { accessKey: 'acc' });
  assert.deepEqual(await source('az://old/db', { ...azure, AZURE_STORAGE_CONNECTION_STRING: 'c' }), {
    connectionString: 'c',
  });
  assert.deepEqual(
    await source('oss://old/db', { ALIBABA_CLOUD_ACCESS_KEY_ID: 'a', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'b' }),
    {
      accessKey: 'a',
      secretKey: 'b',
    },
  );
  assert.deepEqual(await source('cos://old-1/db', { TENCENTCLOUD_SECRET_ID: 'a', TENCENTCLOUD_SECRET_KEY: 'b' }), {
    accessKey: 'a',
    secretKey: 'b',
  });
  const both = await configOf(['run', 'milvus1x:s3://old/db', ...TO, '--staging', 's3://milvus/x'], {
    ...AWS,
    MILVUS_MIGRATE_FILES_ACCESS_KEY: 'F',
    MILVUS_MIGRATE_FILES_SECRET_KEY: 'f',
  });
  assert.deepEqual([opened(both, 'source')?.accessKey, opened(both, 'files')?.accessKey], ['AKIA', 'F']);
  assert.deepEqual((await configOf(['run', 'milvus1x:/db', ...TO], AWS)).credentials, {
    source: undefined,
    files: undefined,
  });
});

test("a file's keys open the file's buckets only", async () => {
  const config = await configOf(['start', '-c', 'old.yaml'], AWS);
  assert.deepEqual([opened(config, 'source')?.accessKey, opened(config, 'files')?.accessKey], ['OLDKEY', 'NEWKEY']);
  const other = await configOf(['start', '-c', 'old.yaml', '--staging', 's3://elsewhere/x'], AWS);
  assert.deepEqual([opened(other, 'source')?.accessKey, opened(other, 'files')?.accessKey], ['OLDKEY', 'AKIA']);
});

test('what is wrong about a store is a usage error that names it', async () => {
  const run = ['run', 'milvus1x:/db', ...TO];
  for (const [argv, message, more] of [
    [['run', 's3://old/db', ...TO], /what kind of source is in the bucket/, 'milvus1x:s3://old/db'],
    [['run', 's3:/old/db', ...TO], /does not begin with s3:\/\//, 's3://old/db'],
    [['run', 'milvus1x:s3:/old/db', ...TO], /does not begin with s3:\/\//, 's3://old/db'],
    [['run', 'milvus1x:s3://Old/db', ...TO], /cannot be/, 's3://old'],
    [['load', 's3://', ...TO], /names no bucket/, 's3://bucket/prefix'],
    [[...run, '--staging', 's4://x/y'], /--staging is a URL of an unknown kind/, 's3://'],
    [[...run, '--staging', 's3://AKIA:s3cret@bucket/x'], /credentials in the URL/, 'environment'],
    [[...run, '--report', 's3://bucket/report.json'], /--report has to be on this host/, 'path'],
    [[...run, '--reject-file', 's3://bucket/r'], /--reject-file has to be on this host/, 'path'],
    [[...run, '--files-endpoint', 'http://x'], /--files-endpoint is given, but the files/, '--staging'],
    [[...run, '--source-region', 'x'], /--source-region is given, but the source/, 'milvus1x:s3://'],
    [[...run, '--max-mbps', '5'], /--max-mbps is for object stores/, ''],
    [['run', 'milvus1x:s3://old/db', ...TO, '--max-mbps', '0'], /--max-mbps/, 'from 1'],
    [
      ['run', 'milvus1x:s3://old/db', ...TO, '--source-endpoint', 'http://u:s3cret@h'],
      /--source-endpoint is no host/,
      'host:port',
    ],
    [['load', 's3://dumps/x', ...TO, '--staging', 's3://b1b/x'], /no use/, '--staging-as'],
    [['run', '-c', 's3://bucket/job.yaml'], /--config has to be on this host/, 'path'],
  ] as [string[], RegExp, string][]) {
    await assert.rejects(resolve(argv), (error: MigrateError) => {
      assert.equal(error.code, 'E_USAGE', argv.join(' '));
      assert.match(error.message, message, argv.join(' '));
      const shown = JSON.stringify(toPlain(error));
      assert.ok(shown.includes(more) && !shown.includes('s3cret'), `${argv.join(' ')}: ${shown}`);
      return true;
    });
  }
});

test('no key in what is stored, logged or shown; a resume asks for it again', async () => {
  const config = await configOf(['start', '-c', 'old.yaml', '--max-mbps', '9']);
  for (const text of [
    JSON.stringify(toStored(config)),
    inspect(config, { depth: 9 }),
    String(config.credentials.source),
  ])
    assert.ok(!/s3cret|OLDKEY|NEWKEY/.test(text), text);
  const stored = toStored(config);
  const none = { target: {}, meta: undefined };
  assert.throws(
    () => fromStored(stored, none),
    (error: MigrateError) => {
      assert.match(error.message, /what opens s3:\/\/old-bucket is not stored/);
      assert.match(error.wanted ?? '', /MILVUS_MIGRATE_SOURCE_ACCESS_KEY.*AWS_ACCESS_KEY_ID.*--config FILE/);
      return true;
    },
  );
  const back = fromStored(stored, { ...none, credentials: config.credentials });
  assert.equal(opened(back, 'files')?.secretKey, 's3cret-new');
  // Who had none to begin with, needs none now: the machine has its own.
  const machine = await configOf(['run', 'milvus1x:s3://old/db', ...TO]);
  assert.deepEqual(fromStored(toStored(machine), none).credentials, { source: undefined, files: undefined });
});
