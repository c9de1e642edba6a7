import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Resolved, resolveConfig } from '../../src/cli/resolve.ts';
import type { MigrateError } from '../../src/core/errors.ts';

const cwd = mkdtempSync(join(tmpdir(), 'milvus-migrate-resolve-'));
after(() => rmSync(cwd, { recursive: true }));

const OLD_YAML = `
dumper: { worker: { workMode: milvus1x, limit: 3 } }
meta: { mode: sqlite, sqliteFile: /db/meta.sqlite }
source: { mode: local, local: { tablesDir: /db/tables } }
target:
  mode: local
  local: { outputDir: /out }
  milvus2x: { endpoint: "h:1", username: root, password: s3cret }
`;

mkdirSync(join(cwd, 'db', 'tables'), { recursive: true });
writeFileSync(join(cwd, 'db', 'meta.sqlite'), '');
mkdirSync(join(cwd, 'dump'));
mkdirSync(join(cwd, 'olddump', 'migration'), { recursive: true });
writeFileSync(join(cwd, 'olddump', 'migration', 'manifest-7f3a90c1.json'), '{}');
writeFileSync(join(cwd, 'old.yaml'), OLD_YAML);
writeFileSync(join(cwd, 'job.yaml'), 'job: { source: { milvus1x: /db }, to: { url: "h:1" }, threads: 5, mode: skip }');
mkdirSync(join(cwd, 'scripts', 'configs'), { recursive: true });
writeFileSync(join(cwd, 'scripts', 'configs', 'migration.yaml'), OLD_YAML);

const ENV = { HOME: '/home/user' };
const RUN = ['run', 'milvus1x:/db', '--to', 'http://h:1'];

function resolve(argv: readonly string[], env: Record<string, string> = {}, from = cwd): Promise<Resolved> {
  return resolveConfig(argv, { ...ENV, ...env }, from);
}

async function configOf(...argv: string[]): Promise<Resolved['config']> {
  return (await resolve(argv)).config;
}

test('the least that run needs', async () => {
  const { config, stages, command, output, warnings, notices } = await resolve(RUN);
  assert.equal(command, 'run');
  assert.equal(stages, 'all');
  assert.deepEqual(config.source, {
    kind: 'milvus1x',
    store: undefined,
    path: '/db',
    meta: undefined,
    tablesDir: undefined,
    skipBadSegments: false,
    ignoreUnflushed: false,
  });
  assert.equal(config.files, undefined);
  assert.equal(config.target?.endpoint, 'http://h:1');
  assert.deepEqual(config.index, { kind: 'auto' });
  assert.equal(config.loadCollection, true);
  assert.equal(config.modeGiven, false);
  assert.equal(config.stateDir, '/home/user/.local/state/milvus-migrate');
  assert.deepEqual(output, { json: false, report: undefined, logFormat: 'text', debug: false });
  assert.deepEqual([...warnings, ...notices], []);
});

test('every flag arrives', async () => {
  const { config, output } = await resolve([
    ...[
      'run',
      'milvus1x:db',
      '--to',
      'https://root:pw@h',
      '--database',
      'prod',
      '--meta',
      'u:p@tcp(h)/db',
      '--tables',
      't',
    ],
    ...['--col', '1678354366132931001,b', '--col=c', '--merge', 'a,b/eu', '--into', 'x', '--merge', 'c', '--into', 'y'],
    ...[
      '--on-duplicate',
      'first',
      '-t',
      '123',
      '--id-field',
      'pk',
      '--vector-field',
      'v',
      '--dynamic-field',
      '--shards',
      '4',
    ],
    ...[
      '--consistency',
      'strong',
      '--index',
      'HNSW:M=8',
      '--no-load',
      '--staging',
      'st',
      '--staging-as',
      '/var/st',
      '--keep',
    ],
    ...['--threads', '3', '--part-size', '1MiB', '--load-tasks', '9', '--mode', 'append', '--verify', 'full'],
    ...[
      '--reject-file',
      'r.jsonl',
      '--skip-bad-segments',
      '--ignore-unflushed',
      '--check-parts',
      '--fresh',
      '--state',
      's',
    ],
    ...['--report', 'report.json', '--json', '--log-format', 'json', '--debug'],
  ]);
  const { source, target, ...rest } = config;
  assert.equal(
    source.kind === 'milvus1x' && source.meta?.kind === 'mysql' && source.meta.url.reveal(),
    'u:p@tcp(h)/db',
  );
  assert.deepEqual(
    { ...source, meta: 0 },
    {
      kind: 'milvus1x',
      store: undefined,
      path: join(cwd, 'db'),
      meta: 0,
      tablesDir: join(cwd, 't'),
      skipBadSegments: true,
      ignoreUnflushed: true,
    },
  );
  assert.equal(target?.password?.reveal(), 'pw');
  assert.deepEqual(
    { ...target, password: 0 },
    { endpoint: 'https://h', user: 'root', password: 0, token: undefined, database: 'prod' },
  );
  assert.deepEqual(rest, {
    collections: ['1678354366132931001', 'b', 'c'],
    merge: [
      { inputs: ['a', 'b/eu'], into: 'x' },
      { inputs: ['c'], into: 'y' },
    ],
    onDuplicate: 'first',
    targetName: '123',
    files: { dir: join(cwd, 'st'), store: undefined, seenAs: '/var/st', oldLayout: false, keep: true },
    transforms: [],
    format: undefined,
    idField: 'pk',
    vectorField: 'v',
    dynamicField: true,
    shards: 4,
    consistencyLevel: 'Strong',
    mode: 'append',
    modeGiven: true,
    index: { kind: 'given', type: 'HNSW', params: { M: 8 } },
    loadCollection: false,
    verify: 'full',
    threads: 3,
    partBytes: 1048576,
    loadTasks: 9,
    stateDir: join(cwd, 's'),
    state: undefined,
    credentials: { source: undefined, files: undefined },
    rejectFile: join(cwd, 'r.jsonl'),
    fresh: true,
    checkParts: true,
  });
  assert.deepEqual(output, { json: true, report: join(cwd, 'report.json'), logFormat: 'json', debug: true });
});

test('sources by argument', async () => {
  const bare = await resolve(['run', 'db', '--to', 'h:1']);
  assert.equal(bare.config.source.kind === 'milvus1x' && bare.config.source.path, join(cwd, 'db'));
  assert.match(bare.notices.join(), /meta\.sqlite/);
  const above = await configOf('run', '.', '--to', 'h:1');
  assert.equal(above.source.kind === 'milvus1x' && above.source.path, cwd);
  const slashes = await configOf('run', 'milvus1x:///db', '--to', 'h:1');
  assert.equal(slashes.source.kind === 'milvus1x' && slashes.source.path, '/db');
  const parts = await configOf('run', '--meta', 'm.json', '--tables', 't', '--to', 'h:1');
  assert.equal(parts.source.kind === 'milvus1x' && parts.source.path, undefined);
  assert.deepEqual((await configOf('load', 'dump', '--to', 'h:1')).source, {
    kind: 'dumped',
    dir: join(cwd, 'dump'),
    oldLayout: false,
    store: undefined,
  });
  for (const [name, dir, oldLayout] of [
    ['olddump', join(cwd, 'olddump'), true],
    ['olddump/migration', join(cwd, 'olddump', 'migration'), false],
  ] as const) {
    assert.deepEqual((await configOf('load', name, '--to', 'h:1')).source, {
      kind: 'dumped',
      dir,
      oldLayout,
      store: undefined,
    });
  }
  const run = await resolve(['run', 'dumped:dump', '--to', 'h:1', '--staging-as', '/var/dump']);
  assert.equal(run.stages, 'load');
  assert.deepEqual(run.config.files, {
    dir: join(cwd, 'dump'),
    store: undefined,
    seenAs: '/var/dump',
    oldLayout: false,
    keep: true,
  });
  assert.equal((await configOf('verify', 'dump', '--to', 'h:1')).source.kind, 'dumped');
  assert.equal((await configOf('verify', 'db', '--to', 'h:1')).source.kind, 'milvus1x');
});

test('the stages and the files of each command', async () => {
  for (const [argv, stages, keep] of [
    [['dump', 'milvus1x:/db', '--out', 'o'], 'dump', true],
    [['dump', 'milvus1x:/db', '--staging', 'o'], 'dump', true],
    [['plan', 'milvus1x:/db', '--out', 'o'], 'all', true],
    [['run', 'milvus1x:/db', '--to', 'h:1', '--staging', 'o'], 'all', false],
    [['start', 'milvus1x:/db', '--to', 'h:1', '--staging', 'o', '--keep'], 'all', true],
    [['load', 'milvus1x:/db', '--to', 'h:1', '--staging', 'o'], 'load', true],
    [['load', 'milvus1x:/db', '--to', 'h:1', '--staging', 'o', '--keep=false'], 'load', true],
    [['verify', 'milvus1x:/db', '--to', 'h:1', '--staging', 'o'], 'verify', false],
  ] as const) {
    const resolved = await resolve(argv);
    assert.equal(resolved.stages, stages, argv.join(' '));
    assert.deepEqual(
      resolved.config.files,
      { dir: join(cwd, 'o'), store: undefined, seenAs: join(cwd, 'o'), oldLayout: false, keep },
      argv.join(' '),
    );
  }
  assert.equal((await resolve(['plan', 'milvus1x:/db', '--preflight'])).preflight, true);
});

test('flags win over the file', async () => {
  const plain = await configOf('start', '-c', 'old.yaml');
  assert.deepEqual(
    [plain.threads, plain.target?.endpoint, plain.index.kind, plain.loadCollection, plain.files],
    [3, 'h:1', 'none', false, { dir: '/out', store: undefined, seenAs: '/out', oldLayout: true, keep: false }],
  );
  const flags = [
    '--threads',
    '7',
    '--to',
    'other:2',
    '--index',
    'auto',
    '--staging-as',
    '/seen',
    '--keep',
    '--no-load=false',
  ];
  const over = await configOf('start', '-c', 'old.yaml', ...flags);
  assert.deepEqual(
    [over.threads, over.target?.endpoint, over.target?.user, over.index.kind, over.loadCollection, over.files],
    [
      7,
      'other:2',
      'root',
      'auto',
      true,
      { dir: '/out', store: undefined, seenAs: '/seen', oldLayout: true, keep: true },
    ],
  );
  const job = await configOf('run', '-c', 'job.yaml', 'milvus1x:/elsewhere');
  assert.deepEqual([job.threads, job.mode, job.modeGiven], [5, 'skip', true]);
  assert.equal(job.source.kind === 'milvus1x' && job.source.path, '/elsewhere');
});

test('a migration.yaml is found where old scripts have it, and only by their commands', async () => {
  const scripts = join(cwd, 'scripts');
  const found = await resolve(['start', '--col', '1678354366132931001'], {}, scripts);
  assert.deepEqual(found.notices, ['reading configs/migration.yaml']);
  assert.deepEqual(found.config.collections, ['1678354366132931001']);
  assert.equal(found.config.threads, 3);
  await assert.rejects(resolve(['run', '--to', 'h:1'], {}, scripts), { code: 'E_USAGE' });
});

test('logins: flag, file, environment', async () => {
  const login = async (argv: readonly string[], env: Record<string, string>) => {
    const { target } = (await resolve(argv, env)).config;
    return [target?.endpoint, target?.user, target?.password?.reveal(), target?.token?.reveal(), target?.database];
  };
  const env = { MILVUS_MIGRATE_TO: 'http://eu:ep@e:1', MILVUS_MIGRATE_DATABASE: 'edb' };
  const none = undefined;
  assert.deepEqual(await login(['run', 'milvus1x:/db'], env), ['http://e:1', 'eu', 'ep', none, 'edb']);
  assert.deepEqual(
    await login(RUN, env),
    ['http://h:1', none, none, none, 'edb'],
    'a login in the address is for that address',
  );
  assert.deepEqual(await login(RUN, { MILVUS_MIGRATE_USER: 'u', MILVUS_MIGRATE_PASSWORD: 'p' }), [
    'http://h:1',
    'u',
    'p',
    none,
    none,
  ]);
  assert.deepEqual(await login([...RUN, '--user', 'f'], { MILVUS_MIGRATE_PASSWORD: 'p' }), [
    'http://h:1',
    'f',
    'p',
    none,
    none,
  ]);
  assert.deepEqual(
    await login([...RUN, '--user', 'f'], { MILVUS_MIGRATE_USER: 'u', MILVUS_MIGRATE_PASSWORD: 'p' }),
    ['http://h:1', 'f', none, none, none],
    "another user's password is no use",
  );
  assert.deepEqual(await login([...RUN, '--token', 't'], { MILVUS_MIGRATE_PASSWORD: 'p' }), [
    'http://h:1',
    none,
    none,
    't',
    none,
  ]);
  assert.deepEqual(await login([...RUN, '--password', 'p', '--user', 'u'], { MILVUS_MIGRATE_TOKEN: 't' }), [
    'http://h:1',
    'u',
    'p',
    none,
    none,
  ]);
  const file = ['start', '-c', 'old.yaml'];
  assert.deepEqual(await login(file, { ...env, MILVUS_MIGRATE_PASSWORD: 'p' }), ['h:1', 'root', 's3cret', none, 'edb']);
  await assert.rejects(resolve([...RUN, '--token', 't', '--user', 'u']), { code: 'E_USAGE' });
});

test('metadata from the environment fills what is not said', async () => {
  const env = { MILVUS_MIGRATE_META: 'u:p@tcp(h)/db' };
  const { source } = (await resolve(RUN, env)).config;
  assert.equal(source.kind === 'milvus1x' && source.meta?.kind, 'mysql');
  const named = (await resolve([...RUN, '--meta', 'm.sqlite'], env)).config.source;
  assert.equal(named.kind === 'milvus1x' && named.meta?.kind, 'sqlite');
  const file = (await resolve(['start', '-c', 'old.yaml'], env)).config.source;
  assert.equal(file.kind === 'milvus1x' && file.meta?.kind, 'sqlite');
});

test('usage errors name what is missing and show one example', async () => {
  for (const [argv, message, code] of [
    [['run'], /where the data comes from/],
    [['run', 'milvus1x:/db'], /where the data goes/],
    [['start', 'milvus1x:/db'], /where the data goes/],
    [['dump', 'milvus1x:/db'], /where the files go/],
    [['load', 'milvus1x:/db', '--to', 'h:1'], /where the dumped files are/],
    [['dump', 'dumped:dump', '--out', 'o'], /dumped already/],
    [['run', 'milvus1x:/db', 'milvus1x:/c', '--to', 'h:1'], /one source/],
    [['run', 'milvus1x:', '--to', 'h:1'], /no path/],
    [['run', 'chroma:/x', '--to', 'h:1'], /not yet/],
    [['run', 'faiss:', '--to', 'h:1'], /no path/],
    [['run', 'faiss:/x', '--to', 'h:1', '--metric', 'L1'], /--metric/],
    [[...RUN, '--collection', 'x'], /--collection is for Faiss/],
    [['run', 'milvus2:/x', '--to', 'h:1'], /not known/],
    [['run', 'old.yaml', '--to', 'h:1'], /YAML file/],
    [['run', 'dump', '--to', 'h:1'], /what kind of source/],
    [['run', 'absent', '--to', 'h:1'], /not there/, 'E_SOURCE_NOT_FOUND'],
    [['run', '-c', 'absent.yaml'], /not there/, 'E_CONFIG'],
    [[...RUN, '--stagin', 'x'], /--stagin is not known/],
    [[...RUN, '--out', 'x'], /no flag --out/],
    [[...RUN, '--staging-as', '/x'], /needs the folder/],
    [['dump', 'milvus1x:/db', '--out', 'a', '--staging', 'b'], /two folders/],
    [['load', 'dump', '--to', 'h:1', '--staging', 'b'], /no use/],
    [[...RUN, '--merge', 'a,b'], /--into/],
    [[...RUN, '--merge', 'a,,b', '--into', 'c'], /--merge/],
    [[...RUN, '--col', ''], /--col/],
    [[...RUN, '--threads', '0'], /--threads/],
    [[...RUN, '--threads', '2x'], /--threads/],
    [[...RUN, '--threads', '1025'], /--threads/],
    [[...RUN, '--part-size', '20GiB'], /--part-size/],
    [[...RUN, '--mode', 'upsert'], /--mode/],
    [[...RUN, '--verify', 'some'], /--verify/],
    [[...RUN, '--index', 'HNSW:'], /--index/],
    [[...RUN, '--shards', '17'], /--shards/],
    [['rnu', 'milvus1x:/db'], /command is not known/],
    [[], /command is not known/],
  ] as [string[], RegExp, string?][]) {
    await assert.rejects(resolve(argv), (error: MigrateError) => {
      assert.equal(error.code, code ?? 'E_USAGE', argv.join(' '));
      assert.match(error.message, message, argv.join(' '));
      return true;
    });
  }
});
