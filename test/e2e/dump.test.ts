/** `dump` of every fixture against what NumPy says, and of every damaged one against the error that it wants. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileRow, segmentContent, tableRow, writeSegment, writeSqlite } from '../sources/milvus1x/build.ts';
import { temporaryFolder } from '../temporary.ts';
import { compareDump, fixture, milvusMigrate, plainText, provided, watched } from './harness.ts';

/** Metadata that stands in a meta.json only, or whose log asks for a flag. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  'real-sample': [],
  'merge-overlap': [],
};

const cases = readdirSync(provided('MILVUS_MIGRATE_FIXTURES'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(fixture(entry.name), 'want')))
  .map(({ name }) => name);

interface WantError {
  readonly code: string;
  readonly mustMention: readonly string[];
}

function wantedError(name: string): WantError | undefined {
  const file = join(fixture(name), 'want/error.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as WantError) : undefined;
}

/** Every file with its content and its time of change. */
function snapshot(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name);
    hash.update(`${path}\0${statSync(path, { bigint: true }).mtimeNs}\0`);
    if (entry.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

async function dump(name: string, out: string, flags: readonly string[] = []) {
  const state = join(out, '..', 'state');
  return milvusMigrate([
    'dump',
    `milvus1x:${join(fixture(name), 'db')}`,
    '--out',
    out,
    '--state',
    state,
    '--threads',
    '2',
    ...flags,
  ]);
}

for (const name of cases.filter((one) => wantedError(one) === undefined))
  test(`dump ${name}: every live row, bit for bit, and the source untouched`, async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, 'out');
    const before = snapshot(join(fixture(name), 'db'));
    const ended = await dump(name, out, FLAGS[name]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(await compareDump(out, name), '');
    assert.equal(snapshot(join(fixture(name), 'db')), before, 'the source folder is as it was');
  });

for (const name of cases.filter((one) => wantedError(one) !== undefined))
  test(`dump ${name}: refused, and nothing is left`, async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, 'out');
    const { code, mustMention } = wantedError(name)!;
    const ended = await dump(name, out);
    const shown = plainText(ended.stderr);
    assert.match(shown, new RegExp(`^error ${code}\\b`, 'm'));
    for (const word of mustMention) assert.ok(shown.includes(word), `${JSON.stringify(word)} is not in:\n${shown}`);
    assert.ok(ended.code !== null && ended.code >= 2 && ended.code <= 3, `exit code ${ended.code}`);
    assert.doesNotMatch(ended.stderr, /\n\s+at .*\.js:/, 'no stack trace');
    assert.deepEqual(existsSync(out) ? readdirSync(out) : [], []);
  });

test('dump open-sqlite by a link to its meta.sqlite: what is only in the -wal beside the file itself is there too', async () => {
  using folder = temporaryFolder();
  const [db, out] = [join(folder.path, 'db'), join(folder.path, 'out')];
  const real = join(fixture('open-sqlite'), 'db');
  mkdirSync(db);
  for (const name of ['meta.sqlite', 'tables']) symlinkSync(join(real, name), join(db, name));
  const words = ['--out', out, '--state', join(folder.path, 'state')];
  const ended = await milvusMigrate(['dump', `milvus1x:${db}`, ...words]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(await compareDump(out, 'open-sqlite'), '');
});

test('dump open-sqlite by links to each of its files, whatever these are called: the -wal beside the link counts', async () => {
  using folder = temporaryFolder();
  const [db, out, kept] = ['db', 'out', 'kept'].map((name) => join(folder.path, name)) as [string, string, string];
  const real = join(fixture('open-sqlite'), 'db');
  for (const made of [db, kept]) mkdirSync(made);
  for (const [name, ending] of ['', '-wal'].entries()) {
    copyFileSync(join(real, `meta.sqlite${ending}`), join(kept, `${name}`));
    symlinkSync(join(kept, `${name}`), join(db, `meta.sqlite${ending}`));
  }
  symlinkSync(join(real, 'tables'), join(db, 'tables'));
  const words = ['--out', out, '--state', join(folder.path, 'state')];
  const ended = await milvusMigrate(['dump', `milvus1x:${db}`, ...words]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(await compareDump(out, 'open-sqlite'), '');
});

for (const size of ['20KB', '1KB'])
  test(`dump mixed in parts of ${size}: the same rows`, async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, 'out');
    const ended = await dump('mixed', out, ['--part-size', size]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(await compareDump(out, 'mixed'), '');
  });

for (const [name, flag] of [
  ['rv-truncated', '--skip-bad-segments'],
  ['uid-missing', '--skip-bad-segments'],
  ['deleted-docs-beyond', '--skip-bad-segments'],
] as const)
  test(`dump ${name} ${flag}: the rest arrives, exit code 6 says that it is not all`, async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, 'out');
    const ended = await dump(name, out, [flag]);
    assert.equal(ended.code, 6, ended.stderr);
    assert.equal(await compareDump(out, name), '');
  });

test('dump wal-inserts --ignore-unflushed: goes on, and says what is lost', async () => {
  using folder = temporaryFolder();
  const out = join(folder.path, 'out');
  const ended = await dump('wal-inserts', out, ['--ignore-unflushed']);
  assert.equal(ended.code, 6, ended.stderr);
  assert.match(ended.stderr, /write-ahead log/);
  assert.equal(await compareDump(out, 'wal-inserts'), '');
});

test('dump non-finite --reject-file: bad rows go there with their values, the others into the files', async () => {
  using folder = temporaryFolder();
  const out = join(folder.path, 'out');
  const rejects = join(folder.path, 'rejects.jsonl');
  const ended = await dump('non-finite', out, ['--reject-file', rejects]);
  assert.equal(ended.code, 6, ended.stderr);
  assert.equal(await compareDump(out, 'non-finite', ['--without-rejects']), '');
  const want = JSON.parse(readFileSync(join(fixture('non-finite'), 'want/rejects.json'), 'utf8')) as {
    collection: string;
    segment: string;
    id: string | number;
  }[];
  const lines = readFileSync(rejects, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const key = (row: { collection: string; segment: string; id: string | number }): string =>
    `${row.collection} ${row.segment} ${row.id}`;
  assert.deepEqual(lines.map(key).sort(), want.map(key).sort());
  for (const { vector } of lines) assert.ok(vector.some((value: unknown) => typeof value === 'string'));
});

for (const policy of ['first', 'keep-all'] as const)
  test(`dump merge-overlap --merge --on-duplicate ${policy}`, async () => {
    using folder = temporaryFolder();
    const out = join(folder.path, 'out');
    const merge = ['--merge', 'a,b', '--into', 'c', '--on-duplicate', policy];
    const ended = await dump('merge-overlap', out, [...merge, '--part-size', '20KB']);
    assert.equal(ended.code, 0, ended.stderr);
    const compare = ['--merge', 'a,b', '--into', 'c', ...(policy === 'first' ? ['--on-duplicate', 'first'] : [])];
    assert.equal(await compareDump(out, 'merge-overlap', compare), '');
  });

test('dump --on-duplicate first: where the row that is kept is rejected, it is said that those with its id are not there either', async () => {
  using folder = temporaryFolder();
  const db = join(folder.path, 'db');
  const [a, b] = [0, 5].map((firstId) => segmentContent(10, 4, [], firstId));
  a!.rv.set([0, 0, 0xc0, 0x7f], 8 + 7 * 16);
  for (const [table, segment, content] of [
    ['a', '1', a],
    ['b', '2', b],
  ] as const)
    writeSegment(db, table, segment, content!);
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: [tableRow('a', { id: 1 }), tableRow('b', { id: 2 })],
    TableFiles: [fileRow('a', '1'), fileRow('b', '2')],
  });
  const merge = ['--merge', 'a,b', '--into', 'c', '--on-duplicate', 'first'];
  const dumped = async (out: string, ...flags: string[]) => {
    const places = ['--out', join(folder.path, out), '--state', join(folder.path, 'state')];
    const ended = await milvusMigrate(['dump', `milvus1x:${db}`, ...merge, ...places, ...flags]);
    return { ...ended, said: plainText(ended.stdout).replaceAll(/\s+/g, ' ') };
  };
  const byIds = /left out as duplicates may have had the ids of rows that were rejected or filtered/;
  const rejecting = await dumped('one', '--reject-file', join(folder.path, 'rejects.jsonl'));
  assert.equal(rejecting.code, 6, rejecting.stderr);
  assert.match(rejecting.said, byIds);
  const keeping = await dumped('two');
  assert.equal(keeping.code, 0, keeping.stderr);
  assert.doesNotMatch(keeping.said, byIds);
});

test('dump --merge --into a name that is as long as names may be', async () => {
  using folder = temporaryFolder();
  const into = ['--into', 'c'.repeat(255), '--on-duplicate', 'first'];
  const ended = await dump('merge-overlap', join(folder.path, 'out'), ['--merge', 'a,b', ...into]);
  assert.equal(ended.code, 0, ended.stderr);
});

test('dump merge-overlap --merge: the same id in both is an error by default, with examples', async () => {
  using folder = temporaryFolder();
  const ended = await dump('merge-overlap', join(folder.path, 'out'), ['--merge', 'a,b', '--into', 'c']);
  assert.equal(ended.code, 3, ended.stderr);
  assert.match(ended.stderr, /^error E_DUPLICATE_IDS/m);
});

test('dump with nobody who reads its progress any more: goes on to the end', async () => {
  using folder = temporaryFolder();
  const [out, state] = [join(folder.path, 'out'), join(folder.path, 'state')];
  const words = ['dump', `milvus1x:${join(fixture('mixed'), 'db')}`, '--out', out, '--state', state];
  for (const format of ['text', 'json']) {
    const { code } = await watched([...words, '--part-size', '20KB', '--fresh', '--log-format', format], {
      when: /job/,
      act: ({ stderr }) => void stderr?.destroy(),
    });
    assert.equal(code, 0, format);
    assert.equal(await compareDump(out, 'mixed'), '');
  }
});

test('dump whose report can not be written at its end: what became of the rows is told all the same', async () => {
  using folder = temporaryFolder();
  const report = join(folder.path, 'reports', 'report.json');
  mkdirSync(join(folder.path, 'reports'));
  const flags = ['--out', join(folder.path, 'out'), '--state', join(folder.path, 'state'), '--report', report];
  const ended = await watched(['dump', `milvus1x:${join(fixture('non-finite'), 'db')}`, ...flags], {
    when: /dump +started/,
    act: () => rmSync(join(folder.path, 'reports'), { recursive: true }),
  });
  assert.equal(ended.code, 4);
  assert.match(ended.stdout, /hold NaN or infinity/);
  assert.match(ended.stderr, /the report cannot be written/);
});

test('dump --col: only that collection with its partitions; an unknown name lists the known ones', async () => {
  using folder = temporaryFolder();
  const out = join(folder.path, 'out');
  const wrong = await dump('mixed', out, ['--col', 'no-such']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /E_UNKNOWN_COLLECTION/);
  const { collections } = JSON.parse(readFileSync(join(fixture('mixed'), 'want/want.json'), 'utf8'));
  for (const { name } of collections) assert.ok(wrong.stderr.includes(name), name);
  const one = collections.find(({ partitions }: { partitions: unknown[] }) => partitions.length > 1).name;
  const ended = await dump('mixed', out, ['--col', one]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(await compareDump(out, 'mixed', ['--collections', one]), '');
});

test('a source that holds fewer rows than its metadata says: all of them, and a warning', async () => {
  using folder = temporaryFolder();
  const db = join(folder.path, 'db');
  writeSegment(db, 'docs', '1', segmentContent(10, 4, []));
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: [tableRow('docs')],
    TableFiles: [fileRow('docs', '1', { row_count: 100 })],
  });
  const words = [`milvus1x:${db}`, '--out', join(folder.path, 'out'), '--state', join(folder.path, 'state')];
  const plan = await milvusMigrate(['plan', ...words]);
  assert.match(plan.stdout, /Lost or changed:\s+- docs: 90 rows may be missing/);
  const ended = await milvusMigrate(['dump', ...words]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /^Warning: docs: 90 rows may be missing.*/m);
  assert.match(ended.stderr, /warning: docs: 90 rows may be missing/);
  const report = await milvusMigrate(['dump', ...words, '--fresh', '--json']);
  assert.match(JSON.parse(report.stdout).warnings.join(), /^docs: 90 rows may be missing.* segment 1 100 for 10$/);
});
