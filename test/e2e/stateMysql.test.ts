/** Jobs that are kept in a real MySQL: run, killed, gone on with, by another host too; and the password nowhere. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { forgetJob, jobConfig, listJobs, migrate, plan, showJob } from '../../src/index.ts';
import { type Ended, fixture, milvusMigrate, wanted, wantedRows } from './harness.ts';
import { type Kill, runKilled, runUntil } from './killed.ts';
import { type MetaDatabase, metaDatabase } from './metaDatabase.ts';
import { assertExact, type Place, place, reportOf } from './place.ts';
import { countRows } from './reading.ts';
import { assertHidden } from './secrets.ts';

interface Shared extends AsyncDisposable {
  readonly at: Place;
  readonly database: MetaDatabase;
  /** Words of `run` without `--state`. */
  words(name: string, ...flags: string[]): string[];
  /** What one host has in its environment. */
  host(name: string): Record<string, string>;
  /** Looks for the password in what was said and in all files. */
  hidden(ended: Ended): Ended;
}

async function shared(): Promise<Shared> {
  const [at, database] = [await place(), await metaDatabase(undefined)];
  return {
    at,
    database,
    words(name, ...flags) {
      const words = at.words(name, ...flags);
      words.splice(words.indexOf('--state'), 2);
      return words;
    },
    host: (name) => ({ MILVUS_MIGRATE_STATE: database.url, XDG_STATE_HOME: join(at.path, name) }),
    hidden(ended) {
      assertHidden([database.password], ended, [at.path]);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('jobs in MySQL', { concurrency: 3 }, () => {
  const kills: readonly (readonly [string, 'bulk' | 'streamed', Kill, Kill])[] = [
    ['partitions', 'bulk', 'part recorded 2', 'import submitted'],
    ['mixed', 'streamed', 'batch sent 2', 'verifying'],
  ];
  for (const [name, how, first, second] of kills)
    test(`killed at ${first} on one host and at ${second} on another: a third goes on to the exact end (${how})`, async () => {
      await using in_ = await shared();
      const words = in_.words(name, ...(how === 'bulk' ? ['--staging', in_.at.staging] : []));
      await runKilled(words, first, in_.host('a'));
      await runKilled(words, second, in_.host('b'));
      const ended = in_.hidden(await milvusMigrate(words, { env: in_.host('c') }));
      assert.equal(ended.code, 0, ended.stderr);
      await assertExact(in_.at, name);
      assert.equal(existsSync(join(in_.at.path, 'a/milvus-migrate/state.sqlite')), false);
    });

  test('two at once: one of them goes on, and jobs tells of it', async () => {
    await using in_ = await shared();
    const words = in_.words('l2', '--staging', in_.at.staging);
    const ended = await runUntil(
      words,
      { moment: 'import submitted', signal: 'SIGSTOP', env: in_.host('a') },
      async (child) => {
        const other = in_.hidden(await milvusMigrate(words, { env: in_.host('b') }));
        assert.equal(other.code, 2, other.stderr);
        assert.match(other.stderr, /^error E_JOB_LOCKED/m);
        assert.match(other.stderr, new RegExp(`process ${child.pid} on `));
        const listed = await milvusMigrate(['jobs', '--json'], { env: in_.host('b') });
        assert.equal((JSON.parse(listed.stdout) as { state: string }[])[0]?.state, 'running');
        child.kill('SIGCONT');
      },
    );
    assert.equal(ended.code, 0, ended.stderr);
    await assertExact(in_.at, 'l2');
  });

  test('who stood still while another took over writes nothing any more when he wakes', async () => {
    await using in_ = await shared();
    const words = in_.words('l2', '--staging', in_.at.staging);
    const woken = await runUntil(
      words,
      { moment: 'import submitted', signal: 'SIGSTOP', env: in_.host('a') },
      async (child) => {
        assert.ok((await in_.database.killConnections()) >= 2);
        const other = in_.hidden(await milvusMigrate(words, { env: in_.host('b') }));
        assert.equal(other.code, 0, other.stderr);
        child.kill('SIGCONT');
      },
    );
    in_.hidden(woken);
    assert.equal(woken.code, 2, woken.stderr);
    assert.match(woken.stderr, /^error E_JOB_LOCKED/m);
    await assertExact(in_.at, 'l2');
    const listed = await milvusMigrate(['jobs', '--json'], { env: in_.host('b') });
    assert.equal((JSON.parse(listed.stdout) as { state: string }[])[0]?.state, 'finished');
  });

  test('jobs list, show, resume, forget, by --state; an unknown id', async () => {
    await using in_ = await shared();
    const { url, dsn } = in_.database;
    await runKilled(in_.words('l2', '--staging', in_.at.staging), 'part recorded', in_.host('a'));
    const jobs = async (state: string, ...words: string[]): Promise<Ended> =>
      in_.hidden(
        await milvusMigrate(['jobs', ...words, '--state', state], { env: { XDG_STATE_HOME: join(in_.at.path, 'b') } }),
      );
    const listed = await jobs(dsn, 'list', '--json');
    const [job] = JSON.parse(listed.stdout) as { id: string; state: string }[];
    assert.equal(job?.state, 'interrupted');
    const shown = await jobs(url, 'show', job.id);
    assert.equal(shown.code, 0, shown.stderr);
    const resumed = await jobs(url, 'resume', job.id);
    assert.equal(resumed.code, 0, resumed.stderr);
    await assertExact(in_.at, 'l2');
    const unknown = await jobs(url, 'show', 'ffffffff');
    assert.match(unknown.stderr, /^error E_UNKNOWN_JOB/m);
    assert.equal((await jobs(url, 'forget', job.id)).code, 0);
    assert.equal((await jobs(url, 'list', '--json')).stdout.trim(), '[]');
  });

  test('rows rejected on a host that is gone are in the reject file of the one that ends it', async () => {
    await using in_ = await shared();
    const rejects = join(in_.at.path, 'rejects.jsonl');
    const words = in_.words('non-finite', '--staging', in_.at.staging, '--reject-file', rejects);
    const dump = ['dump', `milvus1x:${join(fixture('non-finite'), 'db')}`, '--out', join(in_.at.path, 'out')];
    const alone = await milvusMigrate([...dump, '--reject-file', rejects], { env: { XDG_STATE_HOME: in_.at.path } });
    assert.equal(alone.code, 6, alone.stderr);
    const want = readFileSync(rejects, 'utf8');
    rmSync(rejects);
    await runKilled(words, 'import completed', in_.host('a'));
    const ended = in_.hidden(await milvusMigrate(words, { env: in_.host('b') }));
    assert.equal(ended.code, 6, ended.stderr);
    assert.equal(readFileSync(rejects, 'utf8'), want);
    assert.ok(reportOf(in_.at).collections.some(({ rejected }) => rejected > 0));
  });

  test('duplicates that were found on a host that is gone are left out by the one that ends it', async () => {
    await using in_ = await shared();
    const merge = ['--merge', 'a,b', '--into', 'c', '--on-duplicate', 'first', '--part-size', '20KB'];
    const words = in_.words('merge-overlap', '--staging', in_.at.staging, ...merge);
    await runKilled(words, 'part recorded', in_.host('a'));
    await runKilled(words, 'import submitted', in_.host('b'));
    const ended = in_.hidden(await milvusMigrate(words, { env: in_.host('c') }));
    assert.equal(ended.code, 0, ended.stderr);
    const [a, b] = wanted('merge-overlap').collections.map(({ partitions }) =>
      partitions.flatMap(({ dir }) => [...wantedRows('merge-overlap', dir).ids]),
    );
    const rows = new Set([...a!, ...b!]).size;
    assert.ok(rows < a!.length + b!.length, 'the fixture has duplicates');
    assert.equal(await countRows(in_.at.database, 'c'), rows);
  });

  test('the library: state, and the jobs by a job or by an address', async () => {
    await using in_ = await shared();
    const { url, dsn, password } = in_.database;
    const path = join(fixture('l2'), 'db');
    const stateDir = join(in_.at.path, 'library');
    const files = join(in_.at.path, 'out');
    const job = jobConfig({ source: { kind: 'milvus1x', path }, files, stateDir, state: url, threads: 1 });
    const report = await migrate(job, 'dump');
    assert.equal(report.exitCode, 0, report.error?.message);
    for (const place of [job, dsn, url])
      assert.deepEqual(
        (await listJobs(place)).map(({ id, state }) => [id, state]),
        [[report.job, 'dumped']],
      );
    const shown = JSON.stringify(await showJob(job, report.job));
    assert.ok(!shown.includes(password) && shown.includes('"state":"[secret]"'), shown);
    assert.equal((await plan(job)).job?.id, report.job);
    await forgetJob(job, report.job);
    assert.deepEqual(await listJobs(job), []);
    assert.equal(existsSync(join(stateDir, 'state.sqlite')), false);
  });

  test('a source that the other host has not is said, not passed over', async () => {
    await using in_ = await shared();
    const words = in_.words('l2', '--staging', in_.at.staging);
    await runKilled(words, 'part recorded', in_.host('a'));
    const state = { env: in_.host('b') };
    const elsewhere = words.map((word) => word.replace(fixture('l2'), join(in_.at.path, 'not-here')));
    const ended = in_.hidden(await milvusMigrate(elsewhere, state));
    assert.equal(ended.code, 3, ended.stderr);
  });
});
