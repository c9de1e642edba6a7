/** Elasticsearch jobs of the library, as they are stored, resumed and told apart. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { COMMAND_FLAGS, FLAGS } from '../../src/cli/flags.ts';
import { readRawArgs } from '../../src/cli/rawArgs.ts';
import { resumedConfig } from '../../src/cli/resumeJob.ts';
import type { ElasticCredentials } from '../../src/config/elasticsearch.ts';
import type { JobConfig } from '../../src/config/job.ts';
import { type JobChoices, jobConfig } from '../../src/config/jobConfig.ts';
import { Secret } from '../../src/config/secret.ts';
import { toStored } from '../../src/config/stored.ts';
import { jobKey } from '../../src/run/plan/identity.ts';

const SECRET = 's3cret';
const folder = mkdtempSync(join(tmpdir(), 'milvus-migrate-elastic-'));
after(() => rmSync(folder, { recursive: true }));

function around(env: Record<string, string> = {}) {
  return { env: { HOME: '/home/user', ...env }, cwd: folder, threads: 2 };
}

function jobOf(choices: Partial<JobChoices> = {}, env: Record<string, string> = {}): JobConfig {
  const source = { kind: 'elasticsearch', access: 'https://es:9200', index: 'docs' } as const;
  return jobConfig({ source, target: 'http://h:1', ...choices }, around(env));
}

function elastic(config: JobConfig) {
  assert.equal(config.source.kind, 'elasticsearch');
  return config.source as Extract<JobConfig['source'], { kind: 'elasticsearch' }>;
}

function passwordOf(credentials: ElasticCredentials): string | undefined {
  return credentials.kind === 'basic' ? credentials.password.reveal() : undefined;
}

test('the library: a URL and an index do; a login is taken out of it or comes from the environment', () => {
  const url = `https://elastic:${SECRET}@es:9200`;
  const given = elastic(jobOf({ source: { kind: 'elasticsearch', access: url, index: 'docs' } }));
  assert.deepEqual(given.access.urls, ['https://es:9200']);
  assert.equal(passwordOf(given.credentials), SECRET);
  assert.equal(given.dynamicField, true);
  const ambient = elastic(jobOf({}, { MILVUS_MIGRATE_ES_USER: 'u', MILVUS_MIGRATE_ES_PASSWORD: 'p' }));
  assert.equal(passwordOf(ambient.credentials), 'p');
  assert.equal(jobOf().dynamicField, true);
  assert.deepEqual(elastic(jobOf()).credentials, { kind: 'none' });
  const access = { cloudId: 'prod:abc', caFile: 'ca.pem', timeoutMs: 5 };
  const cloud = elastic(
    jobOf({ source: { kind: 'elasticsearch', access, index: 'docs', choices: { dates: 'text' } } }),
  );
  assert.deepEqual(
    [cloud.access.cloudId, cloud.access.caFile, cloud.access.timeoutMs],
    ['prod:abc', join(folder, 'ca.pem'), 5],
  );
  assert.deepEqual(cloud.choices, { dates: 'text', longText: 'reject', missing: 'reject', metric: undefined });
});

test('the library: a whole job is taken as it is, and modules are meant from the current folder', () => {
  const fields = [{ name: 'vec', type: undefined, pk: false, maxLen: undefined, dims: undefined }];
  const source = { kind: 'elasticsearch', access: 'https://es', index: 'docs', fields } as const;
  const transforms = [{ kind: 'module', path: './my.js', options: {} }] as const;
  const first = jobOf({ source, transforms, format: 'parquet' });
  assert.deepEqual(first.transforms, [{ kind: 'module', path: join(folder, 'my.js'), options: {} }]);
  const { state: _, target: __, ...rest } = first;
  const again = jobConfig({ ...rest, target: 'http://h:1' }, around());
  assert.deepEqual({ ...again, target: 0, modeGiven: false }, { ...first, target: 0 });
  assert.equal(first.dynamicField, false);
  const plugin = jobOf({ source: { kind: 'plugin', module: './s.js', where: 'x' } }).source;
  assert.deepEqual(plugin, { kind: 'plugin', store: undefined, module: join(folder, 's.js'), options: {}, where: 'x' });
});

function stored(credentials: ElasticCredentials) {
  const source = { kind: 'elasticsearch', access: 'https://es', index: 'docs', credentials } as const;
  return { config: toStored(jobOf({ source })), stages: 'all' } as const;
}

function resume(job: ReturnType<typeof stored>, flags: readonly string[], env: Record<string, string> = {}) {
  const raw = readRawArgs(flags, Object.values(FLAGS));
  return resumedConfig(job, raw, { env: { HOME: '/home/user', ...env }, cwd: folder });
}

test('a stored job has no secret, and takes its login again from flags, file or environment', async () => {
  const basic = stored({ kind: 'basic', user: 'elastic', password: new Secret(SECRET) });
  const key = stored({ kind: 'apiKey', key: new Secret(SECRET) });
  const token = stored({ kind: 'serviceToken', token: new Secret(SECRET) });
  for (const job of [basic, key, token]) {
    assert.ok(!JSON.stringify(job).includes(SECRET));
    await assert.rejects(resume(job, []), { code: 'E_USAGE', message: /must be given again/ });
  }
  await assert.rejects(resume(key, []), (error: { wanted?: string }) => /ES_API_KEY/.test(error.wanted ?? ''));
  const again = async (job: typeof basic, flags: string[], env = {}) =>
    elastic(await resume(job, flags, env)).credentials;
  const byEnv = await again(basic, [], { MILVUS_MIGRATE_ES_PASSWORD: 'new' });
  assert.deepEqual([byEnv.kind === 'basic' && byEnv.user, passwordOf(byEnv)], ['elastic', 'new'], 'the user is known');
  assert.equal(passwordOf(await again(basic, ['--es-password', 'new'])), 'new');
  assert.equal((await again(basic, ['--es-api-key', 'k'])).kind, 'apiKey');
  writeFileSync(
    join(folder, 'job.yaml'),
    'job: { source: { elasticsearch: { urls: [https://es], index: docs, serviceToken: t } } }',
  );
  assert.equal((await again(token, ['--config', 'job.yaml'])).kind, 'serviceToken');
  assert.deepEqual(await again(stored({ kind: 'none' }), []), { kind: 'none' });
  for (const flag of ['es-user', 'es-password', 'es-api-key', 'es-service-token'] as const)
    assert.ok((COMMAND_FLAGS.jobs as readonly string[]).includes(flag));
});

test('what another job is: what is moved, not how it is reached or how fast', () => {
  const base = jobOf();
  const source = elastic(base);
  const keyOf = (change: Partial<JobConfig>) => jobKey({ ...base, ...change }, 'elasticsearch:https://es:9200');
  const same: Partial<typeof source>[] = [
    { access: { ...source.access, caFile: '/ca.pem', timeoutMs: 1 } },
    { credentials: { kind: 'apiKey', key: new Secret('k') } },
    { encoding: 'cbor' },
    { pageRows: 5 },
    { catchUp: true },
    { version: '8.19.2' },
  ];
  for (const change of same)
    assert.equal(keyOf({ source: { ...source, ...change } }), keyOf({}), Object.keys(change).join());
  const field = { name: 'vec', type: 'dense_vector', pk: false, maxLen: undefined, dims: 3 };
  const others: Partial<typeof source>[] = [
    { index: 'logs' },
    { indices: 'merged' },
    { fields: [field] },
    { fields: [{ ...field, dims: 4 }] },
    { dynamicField: false },
    { read: 'scroll' },
    { choices: { ...source.choices, dates: 'text' } },
    { choices: { ...source.choices, longText: 'truncate' } },
    { choices: { ...source.choices, missing: 'default' } },
    { choices: { ...source.choices, metric: 'L2' } },
  ];
  const keys = [
    keyOf({}),
    ...others.map((change) => keyOf({ source: { ...source, ...change } })),
    keyOf({ transforms: [{ kind: 'drop', fields: ['a'] }] }),
    keyOf({ transforms: [{ kind: 'drop', fields: ['b'] }] }),
    keyOf({ format: 'json' }),
  ];
  assert.equal(new Set(keys).size, keys.length);
  const turned = { dims: 3, maxLen: undefined, pk: false, type: 'dense_vector', name: 'vec' };
  assert.equal(keyOf({ source: { ...source, fields: [field] } }), keyOf({ source: { ...source, fields: [turned] } }));
});

test('jobs without steps and formats are the jobs that they were', () => {
  const config = jobOf({ source: { kind: 'milvus1x', path: '/db' } });
  assert.equal(jobKey(config, '/db'), 'ff603354ce0379292e6869a02b8c5e20');
});
