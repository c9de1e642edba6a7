/** A disk that is too small, and one that fills up in the middle: nothing half-written, and after making room the same command ends. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { temporaryFolder } from '../temporary.ts';
import { compareDump, type Ended, fixture, milvusMigrate, type RunOptions } from './harness.ts';
import { assertExact, collections, place } from './place.ts';
import { smallDisk } from './smallDisk.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const FILL = new URL('./fillDisk.js', import.meta.url).href;

/** The tool wants the files' size and 64 MiB to spare: this much lets `mixed` begin. */
const ENOUGH = '80m';

const dumpWords = (out: string, state: string): string[] => [
  'dump',
  `milvus1x:${join(fixture('mixed'), 'db')}`,
  '--out',
  out,
  '--state',
  state,
  '--threads',
  '2',
  '--part-size',
  '500KB',
];

function assertNoSpace({ code, stderr }: Ended): void {
  assert.equal(code, 4, stderr);
  assert.match(stderr, /^error E_NO_SPACE\b/m);
  assert.match(stderr, /make room/);
}

/** Parts are whole, or absent; of those that were begun nothing is left. */
function assertWholeParts(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    entries.filter((name) => name.includes('.unfinished-')),
    [],
  );
  const parts = entries.filter((name) => /\.a1$/.test(name));
  assert.ok(parts.length > 0, 'some parts were written');
  for (const part of parts) assert.deepEqual(readdirSync(join(folder, part)).sort(), ['data.npy', 'id.npy']);
}

interface Disk extends Disposable {
  readonly path: string;
  /** For a run on it. */
  readonly options: RunOptions;
}

/** A disk of its own that is small; or a folder that is said to be on one, or whose writes fail. */
function disk(size: '3m' | typeof ENOUGH): Disk {
  const small = smallDisk(size);
  const folder = small ?? temporaryFolder();
  const how = small !== undefined ? 'file' : size === '3m' ? 'space' : 'writes';
  return {
    path: folder.path,
    options: { preload: [FILL], env: { FILL: folder.path, FILL_HOW: how } },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** To the last block. */
function fillUp(file: string): void {
  const block = Buffer.alloc(4096);
  try {
    for (;;) appendFileSync(file, block);
  } catch (thrown) {
    assert.equal((thrown as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

const makeRoom = ({ path }: { readonly path: string }): void => rmSync(join(path, 'filler'), { force: true });

describe('a full disk', { concurrency: 2 }, () => {
  test('too small for the dump: refused before anything is written', async () => {
    using folder = temporaryFolder();
    using small = disk('3m');
    const out = join(small.path, 'out');
    assertNoSpace(await milvusMigrate(dumpWords(out, join(folder.path, 'state')), small.options));
    assert.equal(existsSync(out), false);
  });

  test('too small for the staging files: refused before anything is written or created', async () => {
    await using at = await place();
    using small = disk('3m');
    assertNoSpace(await milvusMigrate(at.words('mixed', '--staging', small.path), small.options));
    assert.deepEqual(readdirSync(small.path), []);
    assert.deepEqual(await collections(at.database), []);
  });

  test('full in the middle of a dump: whole parts stay, and the same command ends when there is room', async () => {
    using folder = temporaryFolder();
    using small = disk(ENOUGH);
    const words = dumpWords(join(small.path, 'out'), join(folder.path, 'state'));
    assertNoSpace(await milvusMigrate(words, small.options));
    assertWholeParts(join(small.path, 'out'));
    makeRoom(small);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(await compareDump(join(small.path, 'out'), 'mixed'), '');
  });

  test('full in the middle of a bulk load: what was loaded counts, and the same command ends when there is room', async () => {
    await using at = await place();
    using small = disk(ENOUGH);
    const staging = join(small.path, 'staging');
    const words = at.words('deletes', '--staging', staging);
    assertNoSpace(await milvusMigrate(words, small.options));
    assertWholeParts(staging);
    makeRoom(small);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(readdirSync(staging), []);
    await assertExact(at, 'deletes');
  });

  test('full under the state folder: said so, and the same command ends when there is room', async (context) => {
    using folder = temporaryFolder();
    using small = smallDisk('3m');
    if (small === undefined) return context.skip('mounting a small file system is refused here');
    const words = dumpWords(join(folder.path, 'out'), join(small.path, 'state'));
    const full = await milvusMigrate(words, { preload: [FILL], env: { FILL: small.path, FILL_HOW: 'file' } });
    assertNoSpace(full);
    assert.match(full.stderr, /state\.sqlite/);
    makeRoom(small);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(await compareDump(join(folder.path, 'out'), 'mixed'), '');
  });

  test('no room for the state folder, its lock or its working files: said so, whichever it is that fails', async (context) => {
    using folder = temporaryFolder();
    // So many files can be made: those of the database, its lock, the folders.
    for (const files of [4, 6, 8]) {
      using small = smallDisk('10m', [`nr_inodes=${files}`]);
      if (small === undefined) return context.skip('mounting a small file system is refused here');
      assertNoSpace(await milvusMigrate(dumpWords(join(folder.path, `out-${files}`), join(small.path, 'state'))));
    }
  });

  test('a state folder whose disk is full by now: said so by every command', async (context) => {
    using folder = temporaryFolder();
    using small = smallDisk('3m');
    if (small === undefined) return context.skip('mounting a small file system is refused here');
    const state = join(small.path, 'state');
    const words = dumpWords(join(folder.path, 'out'), state);
    const first = await milvusMigrate(words);
    assert.equal(first.code, 0, first.stderr);
    fillUp(join(small.path, 'filler'));
    assertNoSpace(await milvusMigrate(words));
    assertNoSpace(await milvusMigrate(['jobs', '--state', state]));
    makeRoom(small);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
  });

  test('no room for the report: what became of the rows is shown all the same', async (context) => {
    using folder = temporaryFolder();
    using small = smallDisk('64k');
    if (small === undefined) return context.skip('mounting a small file system is refused here');
    fillUp(join(small.path, 'filler'));
    const words = dumpWords(join(folder.path, 'out'), join(folder.path, 'state'));
    const ended = await milvusMigrate([...words, '--report', join(small.path, 'report.json')]);
    assertNoSpace(ended);
    assert.match(ended.stdout, /Everything was written and checked/);
    assert.doesNotMatch(ended.stdout, /report\.json/);
  });

  test('no room for the result on stdout, or for the rest of it: exit code and stderr say so', async (context) => {
    using small = smallDisk('64k');
    if (small === undefined) return context.skip('mounting a small file system is refused here');
    const file = join(small.path, 'plan.json');
    const source = `milvus1x:${join(fixture('mixed'), 'db')}`;
    for (const left of [0, 4096]) {
      fillUp(join(small.path, 'filler'));
      truncateSync(join(small.path, 'filler'), statSync(join(small.path, 'filler')).size - left);
      const stdout = openSync(file, 'w');
      const { status, stderr } = spawnSync(process.execPath, [CLI, 'plan', source, '--json'], {
        stdio: ['ignore', stdout, 'pipe'],
        encoding: 'utf8',
      });
      closeSync(stdout);
      assert.equal(statSync(file).size, left);
      assertNoSpace({ code: status, signal: null, stdout: '', stderr });
      assert.match(stderr, /the result can not be written to stdout/);
      rmSync(file);
    }
  });

  test('no room for SQLite beside the copy of the metadata: TMPDIR is named, not the source', async (context) => {
    using folder = temporaryFolder();
    const meta = join(folder.path, 'db/meta.sqlite');
    cpSync(join(fixture('l2'), 'db'), join(folder.path, 'db'), { recursive: true });
    const database = new Database(meta);
    database.pragma('journal_mode = WAL');
    database.exec('UPDATE Tables SET state = state');
    const bytes = [meta, `${meta}-wal`].reduce((sum, file) => sum + 4096 * Math.ceil(statSync(file).size / 4096), 0);
    using small = smallDisk(`${bytes + 4096}`);
    if (small === undefined) return context.skip('mounting a small file system is refused here');
    const ended = await milvusMigrate(['plan', `milvus1x:${join(folder.path, 'db')}`], { env: { TMPDIR: small.path } });
    database.close();
    assert.equal(ended.code, 3, ended.stdout);
    assert.match(ended.stderr, /^error E_SOURCE_ACCESS: the metadata can not be copied to /m);
    assert.match(ended.stderr, /TMPDIR/);
  });

  test('no room for the rejected rows: no report says that they are there', async (context) => {
    using folder = temporaryFolder();
    using small = smallDisk('64k');
    if (small === undefined) return context.skip('mounting a small file system is refused here');
    fillUp(join(small.path, 'filler'));
    const rejects = join(small.path, 'rejects.jsonl');
    const [word, , ...rest] = dumpWords(join(folder.path, 'out'), join(folder.path, 'state'));
    const words = [word!, `milvus1x:${join(fixture('non-finite'), 'db')}`, ...rest, '--reject-file', rejects];
    const full = await milvusMigrate(words);
    assertNoSpace(full);
    assert.doesNotMatch(full.stdout, /rejects\.jsonl/);
    makeRoom(small);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 6, ended.stderr);
    assert.match(ended.stdout, /rejects\.jsonl/);
    assert.equal(existsSync(rejects), true);
  });
});
