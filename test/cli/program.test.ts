/** Whole command lines against an engine that records what it is asked: streams, exit codes, error blocks. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import type { Engine, JobEngine, JobStore } from '../../src/cli/engine.ts';
import { runProgram } from '../../src/cli/program.ts';
import { listenForSignals } from '../../src/cli/signals.ts';
import type { JobConfig } from '../../src/config/job.ts';
import { toStored } from '../../src/config/stored.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { JOB, JOB_DETAILS, PLAN, REPORT, TRUNCATED } from './samples.ts';

const cwd = mkdtempSync(join(tmpdir(), 'milvus-migrate-program-'));
after(() => rmSync(cwd, { recursive: true }));

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

function fakeEngine(calls: Call[], over: Partial<JobEngine & JobStore> = {}): Engine {
  const all: JobEngine & JobStore = {
    migrate: async (config, stages, options) => {
      calls.push({ name: 'migrate', args: [config, stages] });
      options?.onProgress?.({ kind: 'warning', text: 'careful' });
      return REPORT;
    },
    plan: async (config, options) => {
      calls.push({ name: 'plan', args: [config, options.preflight] });
      return PLAN;
    },
    exportMeta: async (config, outDir) => {
      calls.push({ name: 'exportMeta', args: [config, outDir] });
      return { file: join(String(outDir), 'meta.json'), collections: 3, rows: 27_028_342 };
    },
    listJobs: async () => [JOB, { ...JOB, id: '7f3b0000', error: TRUNCATED }],
    showJob: async () => JOB_DETAILS,
    forgetJob: async (_, id) => {
      calls.push({ name: 'forget', args: [id] });
      return [];
    },
    cleanJob: async (_, id) => {
      calls.push({ name: 'clean', args: [id] });
      return { id, where: '/data/import', removed: 81, kept: undefined, left: [] };
    },
    resumeConfig: async () => ({ config: {}, stages: 'all' }),
    ...over,
  };
  return { job: async () => all, jobs: async () => all };
}

async function run(
  argv: string[],
  { engine = fakeEngine([]), env = {} }: { engine?: Engine; env?: Record<string, string> } = {},
) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const terminal = { stdout: stream('stdout'), stderr: stream('stderr'), env: { HOME: cwd, ...env }, cwd };
  const exitCode = await runProgram({ argv, terminal, engine, signal: new AbortController().signal });
  return { exitCode, ...written };
}

const RUN = ['run', 'milvus1x:/db', '--to', 'h:1'];

test('run: the report on stdout, everything else on stderr', async () => {
  const { exitCode, stdout, stderr } = await run(RUN);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^collection {2}/);
  assert.match(stdout, /Exit code 0\.\n$/);
  assert.equal(stderr, 'warning: careful\n');
});

test('--json: an error that leaves nothing to show is JSON on stdout too', async () => {
  for (const words of [
    [...RUN, '--json', '--jsn'],
    ['jobs', 'show', 'zz', '--json'],
    ['plan', '--json'],
  ]) {
    const { stdout, stderr, exitCode } = await run(words);
    const { error, exitCode: said } = JSON.parse(stdout) as { error: { code: string }; exitCode: number };
    assert.deepEqual([said, error.code], [exitCode, /error (E_\w+)/.exec(stderr)?.[1]]);
  }
});

test('run --json --report: the same JSON on stdout and in the file, and no leftover', async () => {
  const { stdout } = await run([...RUN, '--json', '--report', 'report.json']);
  assert.equal((JSON.parse(stdout) as { job: string }).job, REPORT.job);
  assert.equal(readFileSync(join(cwd, 'report.json'), 'utf8'), stdout);
  assert.deepEqual(readdirSync(cwd), ['report.json']);
});

test('a report that cannot be written is an error of its own', async () => {
  const folder = join(cwd, 'soon-gone');
  mkdirSync(folder);
  const engine = fakeEngine([], {
    migrate: async () => {
      rmdirSync(folder);
      return REPORT;
    },
  });
  const { exitCode, stderr } = await run([...RUN, '--report', 'soon-gone/report.json'], { engine });
  assert.equal(exitCode, 4);
  assert.match(stderr, /^error E_STORE: the report cannot be written/m);
  assert.ok(!existsSync(folder));
});

test('a report or a reject file that can not be written is refused before anything runs', async () => {
  mkdirSync(join(cwd, 'folder'), { recursive: true });
  writeFileSync(join(cwd, 'file'), '');
  const engine = fakeEngine([], { migrate: async () => assert.fail('it ran') });
  for (const [flag, path, found] of [
    ['--report', 'folder', /folder is a folder/],
    ['--report', 'absent/report.json', /absent is not there/],
    ['--report', 'file/report.json', /file\/report\.json|file is no folder/],
    ['--reject-file', 'folder', /folder is a folder/],
    ['--reject-file', 'file/deep/rejects.jsonl', /file\/deep\/rejects\.jsonl|file is no folder/],
  ] as const) {
    const { exitCode, stderr } = await run([...RUN, flag, path], { engine });
    assert.equal(exitCode, 2, `${flag} ${path}`);
    assert.match(stderr, new RegExp(`^error E_USAGE: ${flag} names no file`, 'm'));
    assert.match(stderr, found);
    assert.match(stderr, /a file, in a folder that is there/);
  }
  assert.equal((await run([...RUN, '--reject-file', 'made/later/rejects.jsonl'])).exitCode, 0);
});

test('a run that fails: one block, the exit code of the report', async () => {
  const engine = fakeEngine([], {
    migrate: async () => ({ ...REPORT, collections: [], error: TRUNCATED, exitCode: 3 }),
  });
  const { exitCode, stdout, stderr } = await run(RUN, { engine });
  assert.equal(exitCode, 3);
  assert.equal(stderr.match(/^error /gm)?.length, 1);
  assert.ok(!stderr.includes('file.ts:1:1'));
  assert.match(stdout, /jobs resume 7f3a90c1/);
  assert.ok((await run([...RUN, '--debug'], { engine })).stderr.includes('file.ts:1:1'));
  const json = await run([...RUN, '--json', '--log-format', 'json'], { engine });
  assert.ok(!json.stdout.includes('file.ts:1:1'));
  assert.equal((JSON.parse(json.stderr) as { code: string }).code, 'E_SEGMENT_TRUNCATED');
});

test('what is thrown before there is a job keeps its code; a bug is 1', async () => {
  const refused = fakeEngine([], {
    migrate: () => Promise.reject(new MigrateError('E_TARGET_AUTH', 'wrong password')),
  });
  assert.equal((await run(RUN, { engine: refused })).exitCode, 4);
  const bug = fakeEngine([], { migrate: () => Promise.reject(new TypeError('x is not a function')) });
  const { exitCode, stderr } = await run(RUN, { engine: bug });
  assert.equal(exitCode, 1);
  assert.match(stderr, /error E_INTERNAL: x is not a function/);
});

test('plan: its table, or the code of the first obstacle', async () => {
  const calls: Call[] = [];
  const fine = await run(['plan', 'milvus1x:/db', '--preflight', '--report', 'r.json'], { engine: fakeEngine(calls) });
  assert.equal(fine.exitCode, 0);
  assert.match(fine.stdout, /^Source {3}Milvus 1\.x/);
  assert.equal(calls[0]?.args[1], true);
  const engine = fakeEngine([], { plan: async () => ({ ...PLAN, obstacles: [TRUNCATED] }) });
  const { exitCode, stdout } = await run(['plan', 'milvus1x:/db', '--json'], { engine });
  assert.equal(exitCode, 3);
  assert.deepEqual((JSON.parse(stdout) as typeof PLAN).obstacles[0]?.code, 'E_SEGMENT_TRUNCATED');
  assert.ok(!stdout.includes('file.ts:1:1'));
});

test('export: -s, -m, environment', async () => {
  for (const [argv, env, kind] of [
    [['-s', 'meta.sqlite', '-o', 'out'], {}, 'sqlite'],
    [['-m', 'u:p@tcp(h)/db', '-o', 'out'], {}, 'mysql'],
    [['-o', 'out'], { MILVUS_MIGRATE_META: 'u:p@tcp(h)/db' }, 'mysql'],
  ] as const) {
    const calls: Call[] = [];
    const { stdout } = await run(['export', ...argv], { engine: fakeEngine(calls), env });
    const { source } = calls[0]!.args[0] as JobConfig;
    assert.equal(source.kind === 'milvus1x' && source.meta?.kind, kind);
    assert.equal(stdout, `${join(cwd, 'out', 'meta.json')}: 3 collections, 27,028,342 rows\n`);
  }
  assert.equal((await run(['export'])).exitCode, 2);
  assert.equal((await run(['export', '-s', 'a', '-m', 'b'])).exitCode, 2);
});

test('jobs: list, show, forget by the beginning of an id', async () => {
  const calls: Call[] = [];
  const engine = fakeEngine(calls);
  assert.match((await run(['jobs'], { engine })).stdout, /resume: milvus-migrate jobs resume 7f3a/);
  assert.match((await run(['jobs', 'show', '7f3a'], { engine })).stdout, /^Job {6}7f3a90c1/);
  assert.equal((await run(['jobs', 'forget', '7f3b…'], { engine })).stdout, 'Job 7f3b0000 is forgotten.\n');
  assert.deepEqual(calls, [{ name: 'forget', args: ['7f3b0000'] }]);
  const jobs = await engine.jobs();
  const left = ['Its snapshots in Elasticsearch are not closed: refused.'];
  const without = { ...engine, jobs: async () => ({ ...jobs, forgetJob: async () => left }) };
  const told = (await run(['jobs', 'forget', '7f3b'], { engine: without })).stdout;
  assert.equal(told, `Job 7f3b0000 is forgotten.\n${left[0]}\n`);
  assert.ok(!(await run(['jobs', '--json'], { engine })).stdout.includes('file.ts:1:1'));
  for (const argv of [['show', '7f3'], ['show', 'ffff'], ['show'], ['shwo', '7f3a']]) {
    assert.equal((await run(['jobs', ...argv], { engine })).exitCode, 2, argv.join(' '));
  }
});

test('jobs resume takes the login from flags or environment again', async () => {
  const calls: Call[] = [];
  await run([...RUN, '--user', 'root', '--password', 's3cret', '--threads', '7', '--fresh'], {
    engine: fakeEngine(calls),
  });
  const config = toStored(calls[0]!.args[0] as JobConfig);
  const engine = fakeEngine(calls, { resumeConfig: async () => ({ config, stages: 'dump' }) });
  const refused = await run(['jobs', 'resume', '7f3a'], { engine });
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /MILVUS_MIGRATE_PASSWORD/);
  await run(['jobs', 'resume', '7f3a', '--threads', '3', '--state', 'st'], {
    engine,
    env: { MILVUS_MIGRATE_PASSWORD: 'again' },
  });
  const [resumed, stages] = calls.at(-1)!.args as [JobConfig, string];
  assert.equal(stages, 'dump');
  assert.equal(resumed.target?.user, 'root');
  assert.equal(resumed.target?.endpoint, 'h:1');
  assert.equal(resumed.target?.password?.reveal(), 'again');
  assert.deepEqual([resumed.threads, resumed.fresh, resumed.stateDir], [3, false, join(cwd, 'st')]);
});

test('words that are not commands, the server, versions and help', async () => {
  assert.match((await run(['plam'])).stderr, /wanted {4}plan/);
  assert.equal((await run(['server', '-p', '8080'])).exitCode, 2);
  assert.match((await run(['version'])).stdout, /^milvus-migrate \d+\.\d+\.\d+\n$/);
  assert.match((await run(['-v'])).stdout, /^milvus-migrate/);
  assert.match((await run([])).stdout, /Commands/);
  assert.match((await run(['run', '--help'])).stdout, /memory: threads × \d+ MiB/);
  assert.match((await run(['help', 'milvus1x'])).stdout, /meta\.sqlite/);
  const unknown = await run(['help', 'milvus1']);
  assert.equal(unknown.exitCode, 2);
  assert.match(unknown.stderr, /wanted {4}milvus1x/);
  const json = await run(['plam', '--log-format=json']);
  assert.equal((JSON.parse(json.stderr) as { code: string }).code, 'E_USAGE');
});

test('the first signal winds up, the second ends', () => {
  const heard: string[] = [];
  const listeners = new Map<string, () => void>();
  const emitter = {
    on: (name: string, listener: () => void) => listeners.set(name, listener),
    off: (name: string) => listeners.delete(name),
  };
  const stop = listenForSignals(emitter, { wind: () => heard.push('wind'), kill: () => heard.push('kill') });
  listeners.get('SIGTERM')?.();
  listeners.get('SIGINT')?.();
  assert.deepEqual(heard, ['wind', 'kill']);
  stop();
  assert.equal(listeners.size, 0);
});

test('flags and words that a command has no use for are refused', async () => {
  for (const [words, message] of [
    [['jobs', '--report', 'r.json'], 'jobs list has no use for --report'],
    [['jobs', 'show', '7f3a', '--threads', '4'], 'jobs show has no use for --threads'],
    [['jobs', 'clean', '--to', 'localhost:19530'], 'jobs clean has no use for --to'],
    [['jobs', 'forget', '7f3b', '-c', 'a.yaml', '--check-parts'], 'jobs forget has no use for --check-parts'],
    [['version', 'run'], 'version takes no words'],
    [['help', 'run', 'dump'], 'help takes one word'],
  ] as const) {
    const ended = await run([...words]);
    assert.equal(ended.exitCode, 2, words.join(' '));
    assert.match(ended.stderr, new RegExp(`^error E_USAGE: ${message}`), words.join(' '));
  }
  assert.equal((await run(['jobs', 'forget', '7f3b…', '--es-user', 'elastic', '--json'])).exitCode, 0);
  assert.equal((await run(['run', 'a', 'b', '--help'])).exitCode, 0);
});

test('--json=true is --json, for errors too', async () => {
  for (const word of ['--json', '--json=true']) {
    const { stdout, exitCode } = await run(['jobs', 'show', 'none', word]);
    assert.deepEqual(
      [JSON.parse(stdout).error.code, JSON.parse(stdout).exitCode, exitCode],
      ['E_UNKNOWN_JOB', 2, 2],
      word,
    );
  }
  assert.equal((await run(['jobs', 'show', 'none', '--json=false'])).stdout, '');
});
