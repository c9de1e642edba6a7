/** What a later run makes of an earlier one that was stopped, or that was told something else. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compareDump, fixture, milvusMigrate, wanted } from './harness.ts';
import { type Place, place, reportOf } from './place.ts';
import { assertAll, countRows } from './reading.ts';

const KILL = new URL('./killAt.js', import.meta.url).href;

const killed = (moment: string) => ({ preload: [KILL], env: { KILL_AT: moment } });

/** `run` of a fixture, or another command with the same words. */
const words = (at: Place, command: string, name: string, ...flags: string[]): string[] =>
  at.words(name, ...flags).with(0, command);

/** No index, not loaded: these tests are not about that, and it takes Milvus ten seconds. */
const QUICK = ['--index', 'none', '--no-load', '--verify', 'counts'];

/** A job of that fixture with a staging folder, for commands with `--config`. */
function jobFile(at: Place, name: string): string {
  const file = join(at.path, 'job.yaml');
  const [, url, , database] = at.database.flags;
  const to = `to: { url: "${url}", database: "${database}" }`;
  const source = `source: { milvus1x: "${join(fixture(name), 'db')}" }`;
  writeFileSync(file, `job: { ${source}, ${to}, staging: { dir: "${at.staging}" } }`);
  return file;
}

/** Paths of all files, sorted. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of the values, behind the header. */
function alterByte(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(file, bytes);
}

describe('a later run', { concurrency: 4 }, () => {
  test('verify of a load that is not finished fails, however well the counts fit what is recorded', async () => {
    await using at = await place();
    const run = words(at, 'run', 'l2', '--part-size', '20KB');
    await milvusMigrate(run, killed('batch sent 2'));
    const ended = await milvusMigrate(words(at, 'verify', 'l2', '--verify', 'counts'));
    assert.equal(ended.code, 5, ended.stderr);
    assert.match(ended.stderr, /not loaded yet/);
    assert.equal((await milvusMigrate(run)).code, 0);
    await assertAll(at.database, 'l2', wanted('l2'));
  });

  test('a part that was handed to a bulk insert is not streamed as well', async () => {
    await using at = await place();
    const bulk = words(at, 'run', 'l2', '--staging', at.staging, ...QUICK);
    await milvusMigrate(bulk, killed('import recorded'));
    const streamed = await milvusMigrate(words(at, 'run', 'l2', ...QUICK));
    assert.equal(streamed.code, 4, streamed.stderr);
    assert.match(streamed.stderr, /E_LOAD_IN_DOUBT[\s\S]*--staging/);
    assert.equal((await milvusMigrate(words(at, 'run', 'l2', '--staging', at.staging))).code, 0);
    await assertAll(at.database, 'l2', wanted('l2'));
  });

  test('a part that was streamed in part is not imported as well', async () => {
    await using at = await place();
    await milvusMigrate(words(at, 'run', 'l2', '--part-size', '20KB'), killed('batch sent 2'));
    const bulk = await milvusMigrate(words(at, 'run', 'l2', '--part-size', '20KB', '--staging', at.staging, ...QUICK));
    assert.equal(bulk.code, 4, bulk.stderr);
    assert.match(bulk.stderr, /E_LOAD_IN_DOUBT/);
    assert.equal((await milvusMigrate(words(at, 'run', 'l2', '--part-size', '20KB'))).code, 0);
    await assertAll(at.database, 'l2', wanted('l2'));
  });

  test('rejected rows stay rejected when the flag is not given again', async () => {
    await using at = await place();
    const rejects = ['--reject-file', join(at.path, 'rejects.jsonl')];
    const first = await milvusMigrate(words(at, 'run', 'non-finite', ...rejects));
    assert.equal(first.code, 6, first.stderr);
    const again = await milvusMigrate(words(at, 'verify', 'non-finite', '--verify', 'full'));
    assert.equal(again.code, 6, again.stderr);
    assert.ok(reportOf(at).collections.every(({ verify }) => verify.count === 'ok' && verify.samples === 'ok'));
  });

  test('a collection of which a part was loaded with --reject-file is not dropped by a run without it', async () => {
    await using at = await place();
    const flags = ['--part-size', '5KB', '--staging', at.staging];
    const rejects = ['--reject-file', join(at.path, 'rejects.jsonl')];
    await milvusMigrate(words(at, 'run', 'non-finite', ...flags, ...rejects), killed('import completed'));
    const without = await milvusMigrate(words(at, 'run', 'non-finite', ...flags, ...QUICK));
    assert.notEqual(without.code, 0);
    const ended = await milvusMigrate(words(at, 'run', 'non-finite', ...flags, ...rejects));
    assert.equal(ended.code, 6, ended.stderr);
    assert.ok(reportOf(at).collections.every(({ verify }) => verify.count === 'ok' && verify.samples === 'ok'));
  });

  test('a dumped folder is loaded again, verified again, by name only where there is one', async () => {
    await using at = await place();
    const out = join(at.path, 'out');
    const dump = await milvusMigrate([
      'dump',
      `milvus1x:${join(fixture('merge-disjoint'), 'db')}`,
      '--out',
      out,
      '--state',
      join(at.path, 's1'),
    ]);
    assert.equal(dump.code, 0, dump.stderr);
    const load = ['load', out, ...at.database.flags, '--state', join(at.path, 's2'), ...QUICK];
    const named = await milvusMigrate([...load, '--name', 'one']);
    assert.equal(named.code, 2, named.stderr);
    assert.match(named.stderr, /E_CONFIG/);
    for (let round = 0; round < 2; round++) {
      const ended = await milvusMigrate(load);
      assert.equal(ended.code, 0, ended.stderr);
    }
  });

  test('forgetting a dump that was killed removes what is not whole, and leaves what is', async () => {
    await using at = await place();
    const out = join(at.path, 'out');
    const state = ['--state', join(at.path, 'state')];
    const flags = ['--out', out, ...state, '--threads', '1', '--part-size', '20KB'];
    const dump = ['dump', `milvus1x:${join(fixture('l2'), 'db')}`, ...flags];
    await milvusMigrate(dump, killed('part recorded'));
    // Another one may be in place that is not recorded.
    const inPlace = filesBelow(out).filter((path) => !path.includes('.unfinished-'));
    await milvusMigrate(dump, killed('part written'));
    assert.ok(filesBelow(out).some((path) => path.includes('.unfinished-')));
    const [job] = JSON.parse((await milvusMigrate(['jobs', 'list', '--json', ...state])).stdout) as { id: string }[];
    const forgotten = await milvusMigrate(['jobs', 'forget', job!.id, ...state]);
    assert.equal(forgotten.code, 0, forgotten.stderr);
    const left = filesBelow(out);
    assert.ok(left.length > 0, 'the part that was recorded stays');
    assert.deepEqual(
      left,
      left.filter((path) => inPlace.includes(path)),
    );
  });

  test('what `dump` wrote by a job file stays when `load` has taken it by the same file', async () => {
    await using at = await place();
    const file = jobFile(at, 'l2');
    const flags = ['--config', file, '--state', join(at.path, 'state')];
    const dump = await milvusMigrate(['dump', ...flags]);
    assert.equal(dump.code, 0, dump.stderr);
    const dumped = filesBelow(at.staging);
    const load = await milvusMigrate(['load', ...flags, ...QUICK]);
    assert.equal(load.code, 0, load.stderr);
    assert.deepEqual(filesBelow(at.staging), dumped);
  });

  test('`dump` after a load that is over, by the same file: the files that were cleaned are made again, and stay', async () => {
    await using at = await place();
    const file = jobFile(at, 'partitions');
    const state = ['--state', join(at.path, 'state')];
    const run = await milvusMigrate(['run', '--config', file, ...state, ...QUICK]);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(filesBelow(at.staging), []);
    const dump = await milvusMigrate(['dump', '--config', file, ...state]);
    assert.equal(dump.code, 0, dump.stderr);
    assert.equal(await compareDump(at.staging, 'partitions'), '');
    const dumped = filesBelow(at.staging);
    const [job] = JSON.parse((await milvusMigrate(['jobs', 'list', '--json', ...state])).stdout) as { id: string }[];
    // Whatever is done with the job after that.
    for (const word of ['run', 'verify']) {
      const again = await milvusMigrate([word, '--config', file, ...state, ...QUICK]);
      assert.equal(again.code, 0, again.stderr);
    }
    for (const word of ['clean', 'forget'])
      assert.equal((await milvusMigrate(['jobs', word, job!.id, ...state])).code, 0);
    assert.deepEqual(filesBelow(at.staging), dumped);
  });

  test('a dumped folder is as it was when a load of it that was killed is forgotten', async () => {
    await using at = await place();
    const dump = ['dump', `milvus1x:${join(fixture('l2'), 'db')}`, '--out', at.staging];
    assert.equal((await milvusMigrate([...dump, '--state', join(at.path, 's1')])).code, 0);
    const dumped = filesBelow(at.staging);
    const state = ['--state', join(at.path, 's2')];
    const load = ['load', at.staging, ...at.database.flags, ...QUICK];
    // The second renames the part before it announces its import again.
    for (let round = 0; round < 2; round++) await milvusMigrate([...load, ...state], killed('import intended'));
    await milvusMigrate([...load, ...state], killed('import submitted'));
    assert.notDeepEqual(filesBelow(at.staging), dumped);
    const other = await milvusMigrate([...load, '--name', 'other', '--state', join(at.path, 's3')]);
    assert.equal(other.code, 4);
    assert.match(other.stderr, /another load of the dumped folder[\s\S]*jobs/);
    const [job] = JSON.parse((await milvusMigrate(['jobs', 'list', '--json', ...state])).stdout) as { id: string }[];
    const forgotten = await milvusMigrate(['jobs', 'forget', job!.id, ...state]);
    assert.equal(forgotten.code, 0, forgotten.stderr);
    assert.deepEqual(filesBelow(at.staging), dumped);
  });

  test('a second dump of a collection into one folder is refused before it is made', async () => {
    await using at = await place();
    const dump = ['dump', `milvus1x:${join(fixture('l2'), 'db')}`, '--out', at.staging];
    assert.equal((await milvusMigrate([...dump, '--state', join(at.path, 's1')])).code, 0);
    const dumped = filesBelow(at.staging);
    const second = await milvusMigrate([...dump, '--state', join(at.path, 's2')]);
    assert.match(second.stderr, /E_DUMP_FOLDER: faces: the folder holds a dump of this collection already/);
    assert.deepEqual(filesBelow(at.staging), dumped);
  });

  test('a dump of a job that ran before, into a folder that holds another: refused before anything goes', async () => {
    await using at = await place();
    const out = join(at.path, 'out');
    const source = `milvus1x:${join(fixture('partitions'), 'db')}`;
    const other = await milvusMigrate(['dump', source, '--out', out, '--state', join(at.path, 's1')]);
    assert.equal(other.code, 0, other.stderr);
    const dumped = filesBelow(out);
    const first = words(at, 'dump', 'partitions', '--out', join(at.path, 'first'));
    assert.equal((await milvusMigrate(first)).code, 0);
    const own = filesBelow(join(at.path, 'first'));
    for (const flags of [[], ['--fresh']]) {
      const second = await milvusMigrate(words(at, 'dump', 'partitions', '--out', out, ...flags));
      assert.equal(second.code, 3, second.stderr);
      assert.match(second.stderr, /E_DUMP_FOLDER: .*: the folder holds a dump of this collection already/);
      assert.deepEqual(filesBelow(out), dumped);
      assert.deepEqual(filesBelow(join(at.path, 'first')), own);
    }
    for (const flags of [[], ['--fresh'], []]) {
      const again = await milvusMigrate([...first, ...flags]);
      assert.equal(again.code, 0, again.stderr);
    }
  });

  test('merging some collections leaves the others to move as they are', async () => {
    await using at = await place();
    const merge = ['--merge', 'faces/us,faces/eu-west.1', '--into', 'both', '--on-duplicate', 'first'];
    const ended = await milvusMigrate(words(at, 'run', 'mixed', ...merge));
    assert.equal(ended.code, 0, ended.stderr);
    const faces = wanted('mixed').collections.find(({ name }) => name === 'faces');
    const own = faces?.partitions.find(({ tag }) => tag === '')?.rows ?? 0;
    assert.equal(await countRows(at.database, 'faces'), own);
    assert.equal(await countRows(at.database, 'both'), (faces?.rows ?? 0) - own);
  });

  for (const [what, spoil, flags, why] of [
    ['shorter', (file: string) => truncateSync(file, 1000), [], /data\.npy has 1000 bytes/],
    ['gone', (file: string) => rmSync(file), [], /data\.npy is not there any more/],
    ['altered', alterByte, ['--check-parts'], /data\.npy has another checksum/],
  ] as const)
    test(`a part that is ${what} since its import was announced is made again`, async () => {
      await using at = await place();
      const run = words(at, 'run', 'l2', '--staging', at.staging, '--keep');
      await milvusMigrate(run, killed('import intended'));
      const [file] = filesBelow(at.staging).filter((path) => path.endsWith('data.npy'));
      spoil(file!);
      // Killed once more when it was made again, and announced under another name.
      const second = await milvusMigrate([...run, ...flags], killed('import intended'));
      assert.match(second.stderr, why);
      const ended = await milvusMigrate([...run, ...flags]);
      assert.equal(ended.code, 0, ended.stderr);
      await assertAll(at.database, 'l2', wanted('l2'));
      // Its folder is that of a later attempt now, and known by it.
      const state = ['--state', join(at.path, 'another')];
      const load = ['load', at.staging, ...at.database.flags, ...state, '--mode', 'overwrite', '--check-parts'];
      const loaded = await milvusMigrate(load);
      assert.equal(loaded.code, 0, loaded.stderr);
      await assertAll(at.database, 'l2', wanted('l2'));
    });

  test('a part that was made again is not made once more when the run died before it was announced', async () => {
    await using at = await place();
    const run = words(at, 'run', 'l2', '--staging', at.staging);
    await milvusMigrate(run, killed('import intended'));
    const [file] = filesBelow(at.staging).filter((path) => path.endsWith('data.npy'));
    truncateSync(file!, 1000);
    const second = await milvusMigrate(run, killed('part recorded'));
    assert.match(second.stderr, /is made again/);
    const ended = await milvusMigrate(run);
    assert.equal(ended.code, 0, ended.stderr);
    assert.doesNotMatch(ended.stderr, /is made again/);
    await assertAll(at.database, 'l2', wanted('l2'));
  });

  test('an import that failed is tried again by the next run when its cause is gone', async () => {
    await using at = await place();
    const flags = ['--staging', at.staging, '--keep'];
    const run = words(at, 'run', 'l2', ...flags);
    await milvusMigrate(run, killed('part recorded'));
    await milvusMigrate(run, killed('import intended'));
    // After the preflight: Milvus does not see the files there.
    const failed = await milvusMigrate([...run, '--staging-as', join(at.path, 'elsewhere')]);
    assert.equal(failed.code, 4, failed.stderr);
    assert.match(failed.stderr, /E_IMPORT_FAILED/);
    const ended = await milvusMigrate(run);
    assert.equal(ended.code, 0, ended.stderr);
    await assertAll(at.database, 'l2', wanted('l2'));
  });

  test('an old collection is not replaced by one that was not verified', async () => {
    await using at = await place();
    assert.equal((await milvusMigrate(words(at, 'run', 'l2', ...QUICK))).code, 0);
    const ended = await milvusMigrate(words(at, 'run', 'l2', '--mode', 'overwrite', '--verify', 'none'));
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, /E_CONFIG/);
  });
});
