/** Old migration.yaml files, as their users call them: dump, load, verify and start into a real Milvus. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/core/report.ts';
import { temporaryFolder } from '../temporary.ts';
import { compareDump, type Ended, fixture, milvusMigrate, provided, type RunOptions, wanted } from './harness.ts';
import { metaDatabase } from './metaDatabase.ts';
import { assertAll, assertCollection, countRows, testDatabase } from './reading.ts';

interface Place extends AsyncDisposable {
  readonly database: Awaited<ReturnType<typeof testDatabase>>;
  readonly path: string;
  /** `<outputDir>/migration` */
  readonly output: string;
  readonly config: string;
  write(yaml: string, file?: string): void;
  /** A command with this place's file and state folder; the report goes to `report.json`. */
  run(command: string, ...flags: string[]): Promise<Ended>;
  report(): Report;
}

async function place(): Promise<Place> {
  const folder = temporaryFolder();
  const database = await testDatabase();
  const { path } = folder;
  const config = join(path, 'some.yaml');
  return {
    database,
    path,
    config,
    output: join(path, 'out/migration'),
    write: (yaml, file = config) => {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, yaml);
    },
    run: (command, ...flags) =>
      milvusMigrate([command, '--config', config, '--report', join(path, 'report.json'), ...flags], around(path)),
    report: () => JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const around = (path: string): RunOptions => ({ env: { MILVUS_MIGRATE_STATE: join(path, 'state') }, cwd: path });

interface Shape {
  readonly meta: Readonly<Record<string, string>>;
  readonly tablesDir: string;
  /** Lines below `meta.milvus`. */
  readonly milvus?: readonly string[];
}

function yamlOf({ database, path }: Place, { meta, tablesDir, milvus = [] }: Shape): string {
  const lines = Object.entries(meta).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return `
dumper:
  worker:
    workMode: milvus1x
    limit: 2
    reader:
      bufferSize: 1024
    writer:
      bufferSize: 1024
loader:
  worker:
    limit: 16
meta:
${lines.join('\n')}
${milvus.length === 0 ? '' : `  milvus:\n${milvus.map((line) => `    ${line}`).join('\n')}\n`}
source:
  mode: local
  local:
    tablesDir: ${tablesDir}
target:
  mode: local
  local:
    outputDir: ${join(path, 'out')}
  milvus2x:
    endpoint: ${provided('TEST_MILVUS')}
    username: ''
    password: ''
    database: ${database.name}
    grpc:
      maxCallRecvMsgSize: 67108864
      maxCallSendMsgSize: 268435456
`;
}

function sqliteShape(name: string, milvus: readonly string[] = []): Shape {
  const db = join(fixture(name), 'db');
  return { meta: { mode: 'sqlite', sqliteFile: join(db, 'meta.sqlite') }, tablesDir: join(db, 'tables'), milvus };
}

const INDEXED = ['createIndex: true', 'loadData: true'];

async function jobs(path: string): Promise<{ id: string; state: string }[]> {
  const { stdout } = await milvusMigrate(['jobs', 'list', '--json'], around(path));
  return JSON.parse(stdout);
}

/** Exactly what the old tool's users find below `<outputDir>/migration`, and our manifest. */
function assertLayout(output: string, collections: readonly string[]): void {
  const names = readdirSync(output).sort();
  assert.deepEqual(
    names.filter((name) => !/^manifest-[0-9a-f]{8}\.json$/.test(name)),
    ['meta.json', 'tables'],
  );
  assert.deepEqual(readdirSync(join(output, 'tables')).sort(), [...collections].sort());
  const parts = readdirSync(join(output, 'tables'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.ok(parts.length > 0);
  for (const { name } of parts) assert.ok(['id.npy', 'data.npy'].includes(name), name);
}

describe('old migration.yaml', { concurrency: 4 }, () => {
  test('sqlite, createIndex and loadData: dump, load, verify are one job; every row arrives', async () => {
    await using at = await place();
    at.write(yamlOf(at, sqliteShape('partitions', INDEXED)));
    const dumped = await at.run('dump');
    assert.equal(dumped.code, 0, dumped.stderr);
    const want = wanted('partitions');
    assertLayout(
      at.output,
      want.collections.filter(({ rows }) => rows > 0).map(({ name }) => name),
    );
    assert.equal(await compareDump(at.output, 'partitions'), '');
    const metaJson = JSON.parse(readFileSync(join(at.output, 'meta.json'), 'utf8'));
    assert.deepEqual(
      metaJson.collections.map(({ collection }: { collection: string }) => collection).sort(),
      want.collections.map(({ name }) => name).sort(),
    );
    const [job, ...others] = await jobs(at.path);
    assert.equal(job?.state, 'dumped');
    assert.deepEqual(others, []);

    const loaded = await at.run('load', '--threads', '1');
    assert.equal(loaded.code, 0, loaded.stderr);
    assert.deepEqual(
      at.report().collections.map(({ outcome }) => outcome),
      want.collections.map(() => 'loaded'),
    );
    await assertAll(at.database, 'partitions', want);
    assertLayout(
      at.output,
      want.collections.filter(({ rows }) => rows > 0).map(({ name }) => name),
    );
    for (const { name } of want.collections) {
      const { index_descriptions } = await at.database.client.describeIndex({ collection_name: name });
      assert.equal(index_descriptions.length, 1, `${name} has its index`);
    }

    const verified = await at.run('verify', '--verify', 'full', '--threads', '2');
    assert.equal(verified.code, 0, verified.stderr);
    for (const { verify } of at.report().collections) assert.deepEqual([verify.count, verify.samples], ['ok', 'ok']);
    const after = await jobs(at.path);
    assert.deepEqual(
      after.map(({ id, state }) => [id, state]),
      [[job?.id, 'finished']],
      'one job, whatever the threads',
    );
  });

  test('mysql, without createIndex and loadData: no index, not loaded, counts only', async () => {
    await using at = await place();
    await using meta = await metaDatabase('mixed');
    const tablesDir = join(fixture('mixed'), 'db/tables');
    at.write(yamlOf(at, { meta: { mode: 'mysql', mysqlUrl: meta.dsn }, tablesDir }));
    for (const command of ['dump', 'load', 'verify']) {
      const ended = await at.run(command);
      assert.equal(ended.code, 0, ended.stderr);
      if (command === 'dump') assert.equal(await compareDump(at.output, 'mixed'), '');
      if (command !== 'dump') assert.match(ended.stdout, /counts only/);
    }
    const want = wanted('mixed');
    for (const { collection, verify, loaded, datasets } of at.report().collections) {
      assert.equal(verify.samples, 'skipped');
      assert.equal(verify.count, 'ok');
      assert.equal(loaded, want.collections.find(({ name }) => name === datasets[0])?.rows);
      const { index_descriptions } = await at.database.client.describeIndex({ collection_name: collection });
      assert.equal(index_descriptions?.length ?? 0, 0, `${collection} has no index`);
      const { state } = await at.database.client.getLoadState({ collection_name: collection });
      assert.equal(state, 'LoadStateNotLoad');
    }
    assert.equal((await jobs(at.path)).length, 1);
  });

  test('meta.json: start under the old name, ./migration.yaml found, keys in any case, unknown keys named', async () => {
    await using at = await place();
    const db = join(fixture('without-partitions'), 'db');
    const shape = { meta: { mode: 'mock', mockFile: join(db, 'meta.json') }, tablesDir: join(db, 'tables') };
    const yaml = yamlOf(at, { ...shape, milvus: INDEXED })
      .replace('workMode', 'WORKMODE')
      .replace('tablesDir', 'tablesdir')
      .replace('  worker:\n    limit: 16', '  worker:\n    limt: 16')
      .replace('createIndex', 'CreateIndex');
    at.write(yaml, join(at.path, 'migration.yaml'));
    const bin = join(at.path, 'milvus-migration');
    symlinkSync(fileURLToPath(new URL('../../src/cli/main.js', import.meta.url)), bin);
    const ended = await new Promise<Ended>((resolve) => {
      const { env, cwd } = around(at.path);
      execFile(process.execPath, [bin, 'start'], { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), signal: null, stdout, stderr }),
      );
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /reading migration\.yaml/);
    assert.match(
      ended.stderr,
      /warning: migration\.yaml, line \d+: the key loader\.worker\.limt is not known .* mean loader\.worker\.limit\?/,
    );
    await assertAll(at.database, 'without-partitions', wanted('without-partitions'));
    const left = existsSync(at.output) ? readdirSync(at.output, { recursive: true }).map(String) : [];
    assert.deepEqual(left, [], 'start cleans its files, the meta.json too');
  });

  test('start --col -t: that collection only, under the new name; --keep leaves the files', async () => {
    await using at = await place();
    at.write(yamlOf(at, sqliteShape('mixed')), join(at.path, 'configs/migration.yaml'));
    const want = wanted('mixed').collections.find(({ partitions }) => partitions.length > 1);
    assert.ok(want !== undefined);
    const flags = ['--col', want.name, '-t', 'faces_2026', '--index', 'auto', '--keep'];
    const words = ['start', ...flags, '--report', join(at.path, 'report.json')];
    const ended = await milvusMigrate(words, around(at.path));
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /reading configs\/migration\.yaml/);
    const { data } = await at.database.client.showCollections();
    assert.deepEqual(
      data.map(({ name }) => name),
      ['faces_2026'],
    );
    await at.database.client.loadCollectionSync({ collection_name: 'faces_2026' });
    await assertCollection(at.database, 'mixed', { wanted: want, target: 'faces_2026' });
    assertLayoutKept(at.output);
  });

  test('load where the source is gone: the manifest says what is in the folder', async () => {
    await using at = await place();
    cpSync(join(fixture('deletes'), 'db'), join(at.path, 'old/db'), { recursive: true });
    const db = join(at.path, 'old/db');
    const shape = { meta: { mode: 'sqlite', sqliteFile: join(db, 'meta.sqlite') }, tablesDir: join(db, 'tables') };
    at.write(yamlOf(at, { ...shape, milvus: INDEXED }));
    const dumped = await at.run('dump');
    assert.equal(dumped.code, 0, dumped.stderr);
    renameSync(join(at.path, 'old'), join(at.path, 'elsewhere'));
    const loaded = await at.run('load', '--state', join(at.path, 'state-of-another-host'));
    assert.equal(loaded.code, 0, loaded.stderr);
    await assertAll(at.database, 'deletes', wanted('deletes'));
    const again = await at.run('load', '--state', join(at.path, 'state-of-another-host'));
    assert.equal(again.code, 0, again.stderr);
    for (const { name, rows } of wanted('deletes').collections)
      assert.equal(await countRows(at.database, name), rows, 'nothing is loaded twice');
  });

  test('load with a file that knows no source', async () => {
    await using at = await place();
    at.write(yamlOf(at, sqliteShape('l2')));
    assert.equal((await at.run('dump')).code, 0);
    const yaml = yamlOf(at, sqliteShape('l2')).replace(/^meta:[\s\S]*?^target:/m, 'target:');
    assert.doesNotMatch(yaml, /tablesDir|sqliteFile/);
    at.write(yaml);
    const ended = await at.run('load', '--state', join(at.path, 'state-of-another-host'));
    assert.equal(ended.code, 0, ended.stderr);
    const [collection] = at.report().collections;
    assert.equal(collection?.loaded, wanted('l2').rows);
    assert.match(ended.stdout, /counts only/);
  });

  test('load without a dump and without the source: says what is missing', async () => {
    await using at = await place();
    at.write(
      yamlOf(at, {
        meta: { mode: 'sqlite', sqliteFile: join(at.path, 'gone.sqlite') },
        tablesDir: join(at.path, 'gone'),
      }),
    );
    const ended = await at.run('load');
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /^error E_SOURCE_NOT_FOUND/m);
    assert.match(ended.stderr, /gone\.sqlite/);
    assert.equal(existsSync(at.output), false, 'nothing is made');
  });
});

function assertLayoutKept(output: string): void {
  const files = readdirSync(join(output, 'tables'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.ok(files.some(({ name }) => name === 'data.npy'));
}
