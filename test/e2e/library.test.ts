/** The package as a library, by its own name: `migrate` and `plan` with progress events and an AbortSignal. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type JobConfig,
  jobConfig,
  listJobs,
  MigrateError,
  migrate,
  type PlanReport,
  type ProgressEvent,
  plan,
  type Report,
  Secret,
} from 'milvus-migrate';
import { openSqliteCheckpoint } from '../../src/checkpoints/sqlite.ts';
import { elasticSource } from '../../src/config/elasticSource.ts';
import { tellAgain } from '../../src/core/again.ts';
import { MOMENTS_CHANNEL, type Moment } from '../../src/run/progress/events.ts';
import { faissFixtures } from '../sources/faiss/reading.ts';
import { temporaryFolder } from '../temporary.ts';
import { compareDump, fixture, wanted } from './harness.ts';
import { assertAll, testDatabase } from './reading.ts';

const source = (name: string) => ({ kind: 'milvus1x', path: join(fixture(name), 'db') }) as const;

const ELASTIC = elasticSource({ index: 'docs', access: { urls: ['http://127.0.0.1:1'] } });

function dumpJob(name: string, path: string): JobConfig {
  const files = { dir: join(path, 'out'), keep: true };
  return jobConfig({ source: source(name), files, stateDir: join(path, 'state'), threads: 2, partBytes: 20_000 });
}

describe('library', { concurrency: 4 }, () => {
  test('plan that scans, aborted before it came to that: it does not begin to', async () => {
    using folder = temporaryFolder();
    const path = join(faissFixtures(), 'idmap-ivfflat.index');
    const config = jobConfig({ source: { kind: 'faiss', path }, stateDir: folder.path });
    await assert.rejects(plan(config, { scan: true, signal: AbortSignal.abort() }), { code: 'E_INTERRUPTED' });
  });

  test('migrate aborted in the middle: the report says so, and a second call goes on', async () => {
    using folder = temporaryFolder();
    const job = dumpJob('mixed', folder.path);
    const controller = new AbortController();
    const doneAtAbort: number[] = [];
    const stopped: Report = await migrate(job, 'dump', {
      signal: controller.signal,
      onProgress(event: ProgressEvent) {
        if (event.kind !== 'progress' || event.stage !== 'dump' || event.done === 0) return;
        doneAtAbort.push(event.done);
        controller.abort();
      },
    });
    assert.equal(stopped.exitCode, 130);
    assert.equal(stopped.error?.code, 'E_INTERRUPTED');
    const [listed] = await listJobs(job.stateDir);
    assert.deepEqual([listed?.id, listed?.state], [stopped.job, 'interrupted']);
    assert.ok(listed !== undefined && listed.progress > 0 && listed.progress < 1, `progress ${listed?.progress}`);

    const events: ProgressEvent[] = [];
    const finished = await migrate(job, 'dump', { onProgress: (event) => events.push(event) });
    assert.equal(finished.exitCode, 0, finished.error?.message);
    assert.equal(finished.job, stopped.job);
    assert.deepEqual(events[0], { kind: 'job', id: stopped.job, resumed: true });
    const first = events.find((event) => event.kind === 'progress' && event.stage === 'dump');
    assert.ok(first?.kind === 'progress' && first.resumedBytes > 0, 'what was done is not done again');
    assert.equal(await compareDump(join(folder.path, 'out'), 'mixed'), '');
  });

  for (const kind of ['job', 'stage', 'progress', 'warning'] as const)
    test(`a listener that throws at a ${kind} stops the run, and its error stands in the report`, async () => {
      using folder = temporaryFolder();
      const job = dumpJob('mixed', folder.path);
      const told: ProgressEvent[] = [];
      const report = await migrate(job, 'dump', {
        onProgress(event) {
          told.push(event);
          // On a channel whose listeners must not throw.
          if (kind === 'warning' && event.kind === 'stage') tellAgain(new MigrateError('E_TARGET', 'a call failed'), 1);
          if (event.kind === kind) throw new Error('the display broke');
        },
      });
      assert.equal(report.exitCode, 1);
      assert.equal(report.error?.message, 'the display broke');
      assert.equal(told.at(-1)?.kind, kind);
      const again = await migrate(job, 'dump');
      assert.deepEqual([again.exitCode, again.job], [0, report.job]);
    });

  test('a reject file is not replaced by fewer rows where a run ends before it has those of the runs before', async () => {
    using folder = temporaryFolder();
    const rejectFile = join(folder.path, 'rejects.jsonl');
    const job = jobConfig({ ...dumpJob('non-finite', folder.path), partBytes: 5_000, threads: 1, rejectFile });
    const { job: id, exitCode } = await migrate(job, 'dump');
    assert.equal(exitCode, 6);
    const whole = readFileSync(rejectFile, 'utf8');
    const rejects = join(folder.path, 'state/jobs', id, 'rejects');
    renameSync(rejects, `${rejects}-elsewhere`);
    const stopped = await migrate(job, 'dump', { signal: AbortSignal.abort() });
    assert.deepEqual([stopped.exitCode, stopped.rejectFile], [130, undefined]);
    assert.equal(readFileSync(rejectFile, 'utf8'), whole);
    assert.equal((await migrate(job, 'dump')).exitCode, 6);
    assert.equal(readFileSync(rejectFile, 'utf8'), whole);
  });

  test('rejected rows of a part that is not recorded are not in the reject file of a run that ends early', async () => {
    using folder = temporaryFolder();
    const rejectFile = join(folder.path, 'rejects.jsonl');
    const job = jobConfig({ ...dumpJob('non-finite', folder.path), partBytes: 5_000, threads: 1, rejectFile });
    const { job: id } = await migrate(job, 'dump');
    const whole = readFileSync(rejectFile, 'utf8');
    const checkpoint = openSqliteCheckpoint(job.stateDir);
    const parts = (await checkpoint.partitions(id)).flatMap(({ part }) => (part?.rejected ? [part] : []));
    assert.ok(parts.length > 1);
    // As it is when a run dies between the two.
    await checkpoint.discardPart(id, parts[0]!.partition);
    await checkpoint[Symbol.asyncDispose]();
    const stopped = await migrate(job, 'dump', { signal: AbortSignal.abort() });
    assert.deepEqual([stopped.exitCode, stopped.rejectFile], [130, rejectFile]);
    const counted = stopped.collections.reduce((sum, { rejected }) => sum + rejected, 0);
    assert.equal(readFileSync(rejectFile, 'utf8').trimEnd().split('\n').length, counted);
    assert.equal((await migrate(job, 'dump')).exitCode, 6);
    assert.equal(readFileSync(rejectFile, 'utf8'), whole);
  });

  test('migrate with a signal that is aborted already: nothing is written', async () => {
    using folder = temporaryFolder();
    const report = await migrate(dumpJob('l2', folder.path), 'dump', { signal: AbortSignal.abort() });
    assert.equal(report.exitCode, 130);
    assert.equal(existsSync(join(folder.path, 'out/tables')), false);
  });

  test('migrate into a Milvus, with an address and nothing else said', async () => {
    using folder = temporaryFolder();
    await using database = await testDatabase();
    const endpoint = database.flags[1]!;
    const job = jobConfig({
      source: source('ip'),
      target: { endpoint, database: database.name },
      stateDir: join(folder.path, 'state'),
    });
    const events: ProgressEvent[] = [];
    const report = await migrate(job, 'all', { onProgress: (event) => events.push(event) });
    assert.equal(report.exitCode, 0, report.error?.message);
    for (const stage of ['scan', 'load']) {
      const parts = events.flatMap((event) => (event.kind === 'part' && event.stage === stage ? [event] : []));
      const [{ parts: count, loaded }] = report.collections as [Report['collections'][number]];
      assert.equal(new Set(parts.map(({ part }) => part)).size, count, stage);
      assert.equal(
        parts.reduce((sum, { rows }) => sum + rows, 0),
        loaded,
        stage,
      );
    }
    assert.deepEqual(
      report.collections.map(({ verify }) => [verify.count, verify.samples]),
      report.collections.map(() => ['ok', 'ok']),
    );
    await assertAll(database, 'ip', wanted('ip'));
  });

  test('plan: a good job, and one that cannot run', async () => {
    using folder = temporaryFolder();
    const good: PlanReport = await plan(dumpJob('partitions', folder.path));
    assert.deepEqual(good.obstacles, []);
    assert.deepEqual(
      good.plan.collections.map(({ datasets, rows }) => [datasets[0], rows]),
      wanted('partitions').collections.map(({ name, rows }) => [name, rows]),
    );
    const blocked = await plan(jobConfig({ ...dumpJob('partitions', folder.path), target: '127.0.0.1:1' }));
    assert.deepEqual(
      blocked.obstacles.map(({ code }) => code),
      ['E_TARGET_UNREACHABLE'],
    );
    assert.equal(existsSync(join(folder.path, 'state')), false);
    await assert.rejects(
      plan(dumpJob('rv-truncated', folder.path)),
      (error) => error instanceof MigrateError && error.code === 'E_SEGMENT_TRUNCATED' && error.exitCode === 3,
    );
  });

  test('plan: an error of the listener ends it, also when it comes while the import is tried', async () => {
    using folder = temporaryFolder();
    await using database = await testDatabase();
    const job = jobConfig({
      source: source('ip'),
      target: { endpoint: database.flags[1]!, database: database.name },
      files: join(folder.path, 'staging'),
      stateDir: join(folder.path, 'state'),
    });
    // Other tests run beside this one; none of them tries an import.
    const again = (message: unknown) => {
      if ((message as { readonly moment: Moment }).moment === 'preflight begun')
        tellAgain(new MigrateError('E_TARGET', 'a call failed'), 1);
    };
    subscribe(MOMENTS_CHANNEL, again);
    try {
      const onProgress = () => {
        throw new Error('the display broke');
      };
      await assert.rejects(plan(job, { preflight: true, onProgress }), /the display broke/);
    } finally {
      unsubscribe(MOMENTS_CHANNEL, again);
    }
  });

  const wrong: readonly [string, object][] = [
    ...[Number.NaN, 0, 1.5, 2000, '2'].map((threads): [string, object] => ['threads', { threads }]),
    ...[Number.NaN, 0, -1, 2 ** 40].map((partBytes): [string, object] => ['partBytes', { partBytes }]),
    ['loadTasks', { loadTasks: Number.NaN }],
    ['shards', { shards: 17 }],
    ['mode', { mode: 'overwrit' }],
    ['verify', { verify: 'ful' }],
    ['onDuplicate', { onDuplicate: 'last' }],
    ['format', { format: 'csv' }],
    ['consistencyLevel', { consistencyLevel: 'strongest' }],
    ['index.kind', { index: 'HNSW' }],
    ['fresh', { fresh: 'no' }],
    ['source.kind', { source: { kind: 'milvus', path: '/db' } }],
    ['source.pageRows', { source: { ...ELASTIC, pageRows: Number.NaN } }],
    ['source.access.timeoutMs', { source: { ...ELASTIC, access: { ...ELASTIC.access, timeoutMs: Number.NaN } } }],
    ['source.choices.longText', { source: { ...ELASTIC, choices: { ...ELASTIC.choices, longText: 'cut' } } }],
    ['source.read', { source: { ...ELASTIC, read: 'search' } }],
    ['maxMbps', { files: { dir: 's3://b/x', store: { scheme: 's3', bucket: 'bucket', maxMbps: Number.NaN } } }],
  ];
  for (const [field, choice] of wrong)
    test(`a job is refused of which no types have looked at ${field}: ${JSON.stringify(choice)}`, async () => {
      using folder = temporaryFolder();
      const job = dumpJob('l2', folder.path);
      const refused = (error: unknown) =>
        error instanceof MigrateError && error.code === 'E_USAGE' && error.message.startsWith(`${field} `);
      assert.throws(() => jobConfig({ ...job, ...choice } as never), refused);
      const changed = { ...job, ...choice } as JobConfig;
      await assert.rejects(migrate(changed, 'dump'), refused);
      await assert.rejects(plan(changed), refused);
    });

  test('stages that have nowhere to put rows, or nothing to take them from, are refused', async () => {
    using folder = temporaryFolder();
    const files = dumpJob('l2', folder.path);
    const bare = { ...files, files: undefined };
    const into = { ...bare, target: jobConfig({ ...bare, target: '127.0.0.1:1' }).target };
    for (const [job, stages] of [
      [bare, 'all'],
      [bare, 'dump'],
      [bare, 'load'],
      [bare, 'verify'],
      [files, 'all'],
      [files, 'load'],
      [into, 'load'],
      [files, 'dmp'],
    ] as const)
      await assert.rejects(migrate(job, stages as 'all'), { code: 'E_USAGE' }, stages);
    assert.equal(existsSync(join(folder.path, 'state')), false);
  });

  test('verify starts nothing over', async () => {
    using folder = temporaryFolder();
    const job = jobConfig({ ...dumpJob('l2', folder.path), files: undefined, fresh: true, target: '127.0.0.1:1' });
    await assert.rejects(migrate(job, 'verify'), { code: 'E_USAGE', message: /nothing to start over/ });
  });

  test('jobConfig: defaults, an address with its login, and what is undefined as if it were not said', () => {
    const job = jobConfig({
      source: { kind: 'milvus1x', path: 'db' },
      target: 'https://root:s3cret@milvus:19530',
      files: 'staging',
      threads: undefined,
      mode: 'append',
    });
    assert.deepEqual([job.target?.endpoint, job.target?.user], ['https://milvus:19530', 'root']);
    assert.ok(job.target?.password instanceof Secret);
    assert.equal(job.target.password.reveal(), 's3cret');
    assert.doesNotMatch(JSON.stringify(job), /s3cret/);
    assert.ok(job.threads >= 1);
    assert.equal(job.modeGiven, true);
    const dir = join(process.cwd(), 'staging');
    assert.deepEqual(job.files, { dir, store: undefined, seenAs: dir, oldLayout: false, keep: false });
    assert.equal(job.source.kind === 'milvus1x' ? job.source.path : '', join(process.cwd(), 'db'));
    const again = jobConfig({
      source: { kind: 'dumped', dir: '/dump' },
      files: { dir: '/elsewhere', seenAs: '/seen' },
    });
    assert.deepEqual(again.files, { dir: '/dump', store: undefined, seenAs: '/seen', oldLayout: false, keep: true });
    assert.throws(() => jobConfig({ source: { kind: 'dumped', dir: '/dump' }, target: 'ftp://x/y' }), {
      code: 'E_USAGE',
    });
  });
});
