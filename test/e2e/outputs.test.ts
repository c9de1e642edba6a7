/** Files that a run writes beside the rows, and what it must not lose by them: rejected rows, the source, the job's record. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, lstatSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../temporary.ts';
import { fixture, milvusMigrate, wanted } from './harness.ts';
import { testDatabase } from './reading.ts';

const source = (name: string) => `milvus1x:${join(fixture(name), 'db')}`;

describe('output files', { concurrency: 4 }, () => {
  test('loading a dumped folder leaves the reject file of the dump as it was', async () => {
    using folder = temporaryFolder();
    await using database = await testDatabase();
    const [out, rejects] = [join(folder.path, 'out'), join(folder.path, 'rejects.jsonl')];
    const common = ['--reject-file', rejects, '--state', join(folder.path, 'state')];
    const dumped = await milvusMigrate(['dump', source('non-finite'), '--out', out, ...common]);
    assert.equal(dumped.code, 6, dumped.stderr);
    const before = readFileSync(rejects, 'utf8');
    assert.notEqual(before, '');
    const loaded = await milvusMigrate(['load', out, ...database.flags, ...common]);
    assert.equal(loaded.code, 6, loaded.stderr);
    assert.equal(readFileSync(rejects, 'utf8'), before);
    assert.match(loaded.stdout, /in the reject file of that dump;\s+\S+rejects\.jsonl is left as it was/);
    assert.doesNotMatch(loaded.stdout, /rejected \(NaN or infinity\): /);
  });

  test('one file for the report and the rejected rows is refused, by whatever name', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'both.json');
    symlinkSync(folder.path, join(folder.path, 'link'));
    for (const other of [file, join(folder.path, 'link', 'both.json')]) {
      const words = ['--out', join(folder.path, 'out'), '--state', join(folder.path, 'state')];
      const ended = await milvusMigrate([
        ...['dump', source('non-finite'), ...words],
        ...['--report', file, '--reject-file', other],
      ]);
      assert.equal(ended.code, 2, ended.stdout);
      assert.match(ended.stderr, /--report and --reject-file name the same file/);
    }
  });

  test('what is read is not replaced by the report or the rejected rows', async () => {
    using folder = temporaryFolder();
    const index = join(folder.path, 'index.faiss');
    copyFileSync(join(fixture('l2'), 'db/meta.sqlite'), index);
    cpSync(join(fixture('l2'), 'db'), join(folder.path, 'db'), { recursive: true });
    const meta = join(folder.path, 'db/meta.sqlite');
    const common = ['--out', join(folder.path, 'out'), '--state', join(folder.path, 'state')];
    const cases = [
      [`faiss:${index}`, index],
      [`milvus1x:${join(folder.path, 'db')}`, meta],
    ] as const;
    for (const [from, file] of cases)
      for (const flag of ['--report', '--reject-file']) {
        const before = readFileSync(file);
        const ended = await milvusMigrate(['dump', from, ...common, flag, file]);
        assert.equal(ended.code, 2, ended.stdout);
        assert.match(ended.stderr, new RegExp(`${flag} would replace a file that is read`));
        assert.deepEqual(readFileSync(file), before);
      }
    // Beside what is read a report may lie, and be written anew.
    const beside = ['--report', join(folder.path, 'db/report.json')];
    for (let round = 0; round < 2; round++) {
      const ended = await milvusMigrate(['dump', `milvus1x:${join(folder.path, 'db')}`, ...common, ...beside]);
      assert.equal(ended.code, 0, ended.stderr);
    }
  });

  test('what jobs keep is not replaced by the report or the rejected rows', async () => {
    using folder = temporaryFolder();
    const [out, state] = [join(folder.path, 'out'), join(folder.path, 'state')];
    const words = ['dump', source('l2'), '--out', out, '--state', state];
    const dumped = await milvusMigrate(words);
    assert.equal(dumped.code, 0, dumped.stderr);
    const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).map((name) => join(out, name));
    const kept = [
      [join(state, 'state.sqlite'), 'a file in which jobs are recorded'],
      [files.find((file) => /manifest-\w+\.json$/.test(file))!, 'a file that was dumped'],
      [files.find((file) => file.endsWith('id.npy'))!, 'a file that was dumped'],
    ] as const;
    for (const [file, what] of kept)
      for (const flag of ['--report', '--reject-file']) {
        const before = readFileSync(file);
        const ended = await milvusMigrate([...words, flag, file]);
        assert.equal(ended.code, 2, ended.stdout);
        assert.match(ended.stderr, new RegExp(`${flag} would replace ${what}`));
        assert.deepEqual(readFileSync(file), before);
      }
    const beside = await milvusMigrate([...words, '--report', join(out, 'report.json')]);
    assert.equal(beside.code, 0, beside.stderr);
  });

  test('a device, a pipe or the name of an open file is no place for the report or the rejected rows', async () => {
    using folder = temporaryFolder();
    const [pipe, open] = [join(folder.path, 'pipe'), join(folder.path, 'stdout')];
    execFileSync('mkfifo', [pipe]);
    symlinkSync('/proc/self/fd/1', open);
    const words = ['dump', source('l2'), '--out', join(folder.path, 'out'), '--state', join(folder.path, 'state')];
    for (const flag of ['--report', '--reject-file'])
      for (const path of [pipe, open]) {
        const before = lstatSync(path).ino;
        const ended = await milvusMigrate([...words, flag, path]);
        assert.equal(ended.code, 2, ended.stdout);
        assert.match(ended.stderr, new RegExp(`${flag} names no file that can be written`));
        assert.equal(lstatSync(path).ino, before);
      }
  });

  test('verify --fresh is refused: the job and its files stay', async () => {
    using folder = temporaryFolder();
    await using database = await testDatabase();
    const job = [source('ip'), ...database.flags, '--state', join(folder.path, 'state')];
    const ran = await milvusMigrate(['run', ...job]);
    assert.equal(ran.code, 0, ran.stderr);
    const fresh = await milvusMigrate(['verify', ...job, '--fresh']);
    assert.equal(fresh.code, 2, fresh.stderr);
    assert.match(fresh.stderr, /^error E_USAGE: verify has no flag --fresh/m);
    const verified = await milvusMigrate(['verify', ...job]);
    assert.equal(verified.code, 0, verified.stderr);
  });

  test('the command that goes on with a job names the place where it is recorded', async () => {
    using folder = temporaryFolder();
    await using database = await testDatabase();
    const state = join(folder.path, "the jobs' place");
    const words = [source('ip'), ...database.flags, '--state', state, '--index', 'NONSENSE'];
    const failed = await milvusMigrate(['run', ...words]);
    assert.equal(failed.code, 4, failed.stderr);
    const [, command] = /^Go on with: milvus-migrate (.+)$/m.exec(failed.stdout) ?? [];
    assert.ok(command !== undefined, failed.stdout);
    const listed = await milvusMigrate(['jobs', 'list', '--state', state]);
    const [, short] = /resume: milvus-migrate jobs resume (.+)$/m.exec(listed.stdout) ?? [];
    const [, id, flag] = /^jobs resume (\w+) (--state .+)$/.exec(command) ?? [];
    assert.ok(id?.startsWith(short?.split(' ')[0] ?? 'none') && short?.endsWith(` ${flag}`), listed.stdout);
    // As a shell takes it.
    const typed = execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
    const again = await milvusMigrate(typed);
    assert.equal(again.code, 4, again.stderr);
    assert.match(again.stderr, /NONSENSE/);
  });

  test('a folder with two dumps of the same tables, under two names, is loaded into both', async () => {
    using folder = temporaryFolder();
    await using database = await testDatabase();
    const out = join(folder.path, 'out');
    const state = ['--state', join(folder.path, 'state')];
    for (const name of ['one', 'other']) {
      const dumped = await milvusMigrate([
        'dump',
        source('deletes'),
        '--col',
        'del_some',
        '--out',
        out,
        ...state,
        '--name',
        name,
      ]);
      assert.equal(dumped.code, 0, dumped.stderr);
    }
    const load = ['load', out, ...database.flags, ...state, '--verify', 'full'];
    for (let round = 0; round < 2; round++) {
      const loaded = await milvusMigrate(load);
      assert.equal(loaded.code, 0, loaded.stderr);
    }
    const rows = wanted('deletes').collections.find(({ name }) => name === 'del_some')?.rows;
    for (const name of ['one', 'other'])
      assert.equal(Number((await database.client.count({ collection_name: name })).data), rows, name);
  });

  test('a folder with a dump that was not finished beside a whole one is loaded with a word about it', async () => {
    using folder = temporaryFolder();
    await using database = await testDatabase();
    const out = join(folder.path, 'out');
    const state = ['--state', join(folder.path, 'state')];
    for (const name of ['ip', 'l2']) {
      const dumped = await milvusMigrate(['dump', source(name), '--out', out, ...state]);
      assert.equal(dumped.code, 0, dumped.stderr);
    }
    const collections = readdirSync(join(out, 'tables'));
    const [first] = readdirSync(out).filter((name) => name.startsWith('manifest-'));
    const { collections: gone } = JSON.parse(readFileSync(join(out, first!), 'utf8')) as {
      collections: { target: string }[];
    };
    rmSync(join(out, first!));
    const loaded = await milvusMigrate(['load', out, ...database.flags, ...state]);
    assert.equal(loaded.code, 0, loaded.stderr);
    const named = gone.map(({ target }) => target).filter((target) => collections.includes(target));
    assert.match(loaded.stderr, new RegExp(`^warning: the folder has files of ${named.sort().join(', ')} too`, 'm'));
    const plan = await milvusMigrate(['plan', `dumped:${out}`, ...database.flags, ...state]);
    assert.match(plan.stdout.replaceAll(/\s+/g, ' '), /no manifest says are whole/);
  });
});
