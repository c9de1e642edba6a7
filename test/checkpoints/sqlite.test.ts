import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'better-sqlite3';
import { openSqliteCheckpoint } from '../../src/checkpoints/sqlite.ts';
import { checkpointContract } from '../contract/checkpoint.ts';
import { temporaryFolder } from '../temporary.ts';

const folders: Disposable[] = [];
after(() => {
  for (const folder of folders) folder[Symbol.dispose]();
});

checkpointContract('sqlite', async () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return [openSqliteCheckpoint(folder.path), openSqliteCheckpoint(folder.path)];
});

test('sqlite: the lock of a process that was killed is free', async () => {
  using folder = temporaryFolder();
  const module = new URL('../../src/checkpoints/sqlite.js', import.meta.url).href;
  const script = `
    const { openSqliteCheckpoint } = await import(${JSON.stringify(module)});
    const state = openSqliteCheckpoint(process.argv[1]);
    globalThis.lock = await state.lock('key');
    console.log('locked');
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder.path]);
  await once(child.stdout, 'data');
  await using state = openSqliteCheckpoint(folder.path);
  await assert.rejects(state.lock('key'), { code: 'E_JOB_LOCKED' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using _lock = await state.lock('key');
});

test('sqlite: junk in the place of the state is named', async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'state.sqlite'), 'this is no database, but it is long enough to be taken for one');
  assert.throws(() => openSqliteCheckpoint(folder.path), { code: 'E_STATE' });
});

test('sqlite: pages that are damaged, and a damaged lock, are told as that', async () => {
  using folder = temporaryFolder();
  const plain = { source: 's', target: 't', config: {}, fingerprint: {}, collections: [], partitions: [] };
  {
    await using state = openSqliteCheckpoint(folder.path);
    for (let job = 0; job < 200; job++) await state.create({ id: `${job}`, key: `k${job}`, ...plain });
    await using _lock = await state.lock('k0');
  }
  const file = join(folder.path, 'state.sqlite');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 8192));
  for (const lock of readdirSync(join(folder.path, 'locks')))
    writeFileSync(join(folder.path, 'locks', lock), 'this is no database, but it is long enough to be taken for one');
  await using state = openSqliteCheckpoint(folder.path);
  await assert.rejects(state.list(), { code: 'E_STATE', hint: /it is damaged/ });
  await assert.rejects(state.lock('k0'), { code: 'E_STATE', hint: /it is damaged/ });
});

test('sqlite: a state folder that can not be', () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'file'), '');
  // Node's own recursive mkdir never ends there.
  for (const path of ['/proc/x/y', join(folder.path, 'file'), join(folder.path, 'file', 'below')])
    assert.throws(() => openSqliteCheckpoint(path), { code: 'E_STATE' });
});

/** The tables as the first release made them. */
const FIRST_TABLES = `
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL, config TEXT NOT NULL, fingerprint TEXT NOT NULL,
    collections TEXT NOT NULL, error TEXT, report TEXT) STRICT;
  CREATE TABLE partitions (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    planned TEXT NOT NULL, part TEXT, load TEXT, PRIMARY KEY (job, id)) STRICT, WITHOUT ROWID;
  CREATE TABLE collections (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, target TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (job, target)) STRICT, WITHOUT ROWID;
  INSERT INTO jobs VALUES ('old', 'key', 'running', '2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', 's', 't', '{}', '{}', '[]', NULL, NULL);
  INSERT INTO partitions VALUES ('old', 'p0', 0, '{"ordinal":0}', '{"rows":1}', NULL);`;

function stateFile(folder: string, version: number): void {
  const database = new Database(join(folder, 'state.sqlite'));
  database.exec(FIRST_TABLES);
  database.pragma(`user_version = ${version}`);
  database.close();
}

for (const [what, version] of [
  ['of the first release', 1],
  ['whose making was cut off before its number', 0],
] as const)
  test(`sqlite: a state folder ${what} is brought up to date in place`, async () => {
    using folder = temporaryFolder();
    stateFile(folder.path, version);
    await using one = openSqliteCheckpoint(folder.path);
    await using other = openSqliteCheckpoint(folder.path);
    assert.equal((await other.find('key'))?.id, 'old');
    assert.deepEqual((await one.partitions('old'))[0]?.part, { rows: 1 });
    await one.recordUpload('old', { path: 'a', token: 'b' });
    assert.deepEqual(await other.uploads('old'), [{ path: 'a', token: 'b' }]);
  });

test('sqlite: a state folder of a newer version is left alone', async () => {
  using folder = temporaryFolder();
  stateFile(folder.path, 99);
  assert.throws(() => openSqliteCheckpoint(folder.path), {
    code: 'E_STATE',
    message: /newer version/,
    found: 'format 99',
  });
  const database = new Database(join(folder.path, 'state.sqlite'), { readonly: true });
  assert.equal(database.pragma('user_version', { simple: true }), 99);
  database.close();
});
