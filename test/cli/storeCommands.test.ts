/** `jobs clean|forget|resume` and `export` with object stores, against an engine that records what it is asked. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import type { CleanedJob, Engine, JobEngine, JobStore } from '../../src/cli/engine.ts';
import { runProgram } from '../../src/cli/program.ts';
import { resolveConfig } from '../../src/cli/resolve.ts';
import type { JobConfig } from '../../src/config/job.ts';
import { toStored } from '../../src/config/stored.ts';
import type { StoreCredentials } from '../../src/core/contracts.ts';
import { JOB, REPORT } from './samples.ts';
import { AWS, ENV, OLD_YAML, opened, store, TO } from './storeSamples.ts';

const cwd = mkdtempSync(join(tmpdir(), 'milvus-migrate-store-commands-'));
after(() => rmSync(cwd, { recursive: true }));
writeFileSync(join(cwd, 'old.yaml'), OLD_YAML);

async function configOf(argv: readonly string[]): Promise<JobConfig> {
  return (await resolveConfig(argv, ENV, cwd)).config;
}

/** What the engine was asked last, without its first word. */
function lastOf<T extends readonly unknown[]>(calls: readonly unknown[][]): T {
  const last = calls.at(-1);
  assert.ok(last !== undefined);
  return last.slice(1) as unknown as T;
}

function fakeEngine(stored: JobConfig, calls: unknown[][], cleaned: Partial<CleanedJob> = {}): Engine {
  const jobs: JobStore = {
    listJobs: async () => [
      { ...JOB, state: 'finished' },
      { ...JOB, id: '7f3b0000', state: 'finished' },
      { ...JOB, id: '8aaa0000' },
    ],
    showJob: async () => assert.fail(),
    forgetJob: async (_, id, credentials) => {
      calls.push(['forget', id, credentials]);
      return [];
    },
    cleanJob: async (_, id, credentials) => {
      calls.push(['clean', id, credentials]);
      return { id, where: 's3://new-bucket/out', removed: 12, kept: undefined, left: [], ...cleaned };
    },
    resumeConfig: async () => ({ config: toStored(stored), stages: 'all' }),
  };
  const job: JobEngine = {
    migrate: async (config) => {
      calls.push(['migrate', config]);
      return REPORT;
    },
    plan: async () => assert.fail(),
    exportMeta: async (config, out) => {
      calls.push(['export', config, out]);
      return { file: 'meta.json', collections: 1, rows: 1 };
    },
  };
  return { job: async () => job, jobs: async () => jobs };
}

async function run(argv: string[], engine: Engine, env: Record<string, string> = {}) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const terminal = { stdout: stream('stdout'), stderr: stream('stderr'), env: { ...ENV, ...env }, cwd };
  const exitCode = await runProgram({ argv, terminal, engine, signal: new AbortController().signal });
  assert.ok(!/s3cret/.test(written.stdout + written.stderr));
  return { exitCode, ...written };
}

test('jobs clean, forget and resume get the keys again', async () => {
  const stored = await configOf(['start', '-c', 'old.yaml']);
  const calls: unknown[][] = [];
  const engine = fakeEngine(stored, calls);
  const key = (): string | undefined => {
    const [, credentials] = lastOf<[string, JobConfig['credentials']]>(calls);
    return (JSON.parse(credentials.files?.reveal() ?? '{}') as StoreCredentials).accessKey;
  };
  const refused = await run(['jobs', 'clean', '7f3a'], engine);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /what opens s3:\/\/new-bucket\/out is not stored/);
  const one = await run(['jobs', 'clean', '7f3a'], engine, AWS);
  assert.equal(one.stdout, 'Job 7f3a90c1: the files of 12 parts are removed from s3://new-bucket/out.\n');
  assert.equal(key(), 'AKIA');
  const all = await run(['jobs', 'clean', '-c', 'old.yaml'], engine);
  assert.equal(all.stdout.split('\n').length, 3, 'finished jobs only');
  assert.equal(key(), 'NEWKEY');
  const failing = await run(['jobs', 'clean', '--json'], engine);
  assert.equal(failing.exitCode, 2);
  assert.equal((JSON.parse(failing.stdout) as { failed: unknown[] }).failed.length, 2);
  await run(['jobs', 'forget', '7f3a'], engine, AWS);
  assert.deepEqual([calls.at(-1)?.[0], key()], ['forget', 'AKIA']);
  await run(['jobs', 'resume', '7f3a', '--max-mbps', '7'], engine, AWS);
  const [resumed] = lastOf<[JobConfig]>(calls);
  assert.deepEqual([resumed.files?.store?.maxMbps, opened(resumed, 'source')?.accessKey], [7, 'AKIA']);
  for (const [cleaned, line] of [
    [{ removed: 0 }, /nothing was left in s3/],
    [{ where: undefined }, /has no files/],
    [{ removed: 0, kept: 'they were to be kept (--keep)' }, /stay: they were to be kept/],
  ] as const) {
    assert.match((await run(['jobs', 'clean', '7f3a'], fakeEngine(stored, [], cleaned), AWS)).stdout, line);
  }
});

test('export from a bucket', async () => {
  const calls: unknown[][] = [];
  const engine = fakeEngine(await configOf(['run', 'milvus1x:/db', ...TO]), calls);
  await run(['export', '-s', 's3://old/db/meta.sqlite', '--source-endpoint', 'http://minio:9000'], engine, AWS);
  const [{ source, credentials }] = lastOf<[JobConfig]>(calls);
  assert.deepEqual(
    [source.store?.endpoint, source.kind === 'milvus1x' && source.meta],
    ['http://minio:9000', { kind: 'sqlite', file: 'db/meta.sqlite' }],
  );
  assert.ok(credentials.source !== undefined);
  await run(['export', '-c', 'old.yaml'], engine);
  assert.equal(opened(lastOf<[JobConfig]>(calls)[0], 'source')?.accessKey, 'OLDKEY');
  await run(
    ['export', '-s', 'meta.sqlite', '-o', 's3://new/out', '--files-endpoint', 'http://minio:9000'],
    engine,
    AWS,
  );
  const [into, out] = lastOf<[JobConfig, unknown]>(calls);
  assert.deepEqual(out, store({ bucket: 'new', root: 'out', endpoint: 'http://minio:9000', credentials: 'files' }));
  assert.equal(opened(into, 'files')?.accessKey, 'AKIA');
});
