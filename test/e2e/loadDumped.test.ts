/** What was settled when a folder was dumped, and what can't be read back from it, stands in no load's way. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { faissFixtures } from '../sources/faiss/reading.ts';
import { fileRow, segmentContent, tableRow, writeSegment, writeSqlite } from '../sources/milvus1x/build.ts';
import { faissCase } from './faissPlace.ts';
import { milvusMigrate } from './harness.ts';
import { type Place, place, reportOf } from './place.ts';
import { countRows } from './reading.ts';

const ROWS = 40;
/** Ids that `a` has too. */
const SHARED = 10;
/** Of each collection, its segments' first ids. */
const FIRST_IDS = { a: [0], b: [ROWS - SHARED], twice: [100, 120] } as const;

/** @param nan rows of each segment whose first value is not a number */
function makeSource(db: string, nan: readonly number[] = []): void {
  const segments = Object.entries(FIRST_IDS).flatMap(([name, firsts], table) =>
    firsts.map((first, index) => ({ name, first, segment: `160000000000000${table}${index}00` })),
  );
  // Another vector under the same id: its values tell the segment.
  for (const [place, { name, first, segment }] of segments.entries()) {
    const { rv } = segmentContent(ROWS, 4, [], 1000 * place);
    for (const row of nan) new DataView(rv.buffer).setFloat32(8 + row * 16, Number.NaN, true);
    writeSegment(db, name, segment, { ...segmentContent(ROWS, 4, [], first), rv });
  }
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: Object.keys(FIRST_IDS).map((name) => tableRow(name)),
    TableFiles: segments.map(({ name, segment }) => fileRow(name, segment, { row_count: ROWS, file_size: ROWS * 24 })),
  });
}

/** Dumps it and loads that by a plain command, with a state of its own. */
async function dumpAndLoad(at: Place, source: string, flags: readonly string[], name: string): Promise<void> {
  const out = join(at.path, name);
  const state = (which: string) => ['--state', join(at.path, `${name}-${which}`)];
  const dumped = await milvusMigrate(['dump', source, '--out', out, ...flags, ...state('dump')]);
  assert.equal(dumped.code, 0, dumped.stderr);
  const report = ['--report', join(at.path, 'report.json')];
  const loaded = await milvusMigrate(['load', out, '--name', name, ...at.database.flags, ...state('load'), ...report]);
  assert.equal(loaded.code, 0, `${name}: ${loaded.stderr}`);
}

describe('load', { concurrency: 2 }, () => {
  for (const [format, choice, rows] of [
    ['npy', 'keep-all', 2 * ROWS],
    ['json', 'first', 2 * ROWS - SHARED],
    ['parquet', 'keep-all', 2 * ROWS],
  ] as const)
    test(`takes merged collections as they were dumped, whatever ids they share: ${format}`, async () => {
      await using at = await place();
      makeSource(join(at.path, 'db'));
      const merge = ['--merge', 'a,b', '--into', 'm', '--col', 'a,b', '--format', format];
      await dumpAndLoad(at, `milvus1x:${join(at.path, 'db')}`, [...merge, '--on-duplicate', choice], 'merged');
      assert.equal(await countRows(at.database, 'merged'), rows, choice);
    });

  for (const format of ['npy', 'json', 'parquet'])
    test(`verifies ids that occur more than once: ${format}`, async () => {
      await using at = await place();
      makeSource(join(at.path, 'db'));
      await dumpAndLoad(at, `milvus1x:${join(at.path, 'db')}`, ['--col', 'twice', '--format', format], 'twice');
      assert.equal(await countRows(at.database, 'twice'), 2 * ROWS);
      const [{ verify } = assert.fail('no collection')] = reportOf(at).collections;
      assert.match(verify.remark, /some ids occur more than once: of those Milvus returns one row/);
    });

  test('refuses to take rows out of what can not be read back, and leaves the job as it is', async () => {
    await using at = await place();
    makeSource(join(at.path, 'db'), [3]);
    const out = join(at.path, 'out');
    const state = ['--state', join(at.path, 'state')];
    const source = `milvus1x:${join(at.path, 'db')}`;
    const dump = ['dump', source, '--col', 'a', '--format', 'json', '--out', out, ...state];
    assert.equal((await milvusMigrate(dump)).code, 0);
    const load = ['load', out, ...at.database.flags, ...state];
    const withheld = await milvusMigrate(load);
    assert.equal(withheld.code, 6, withheld.stderr);
    const refused = await milvusMigrate([...load, '--reject-file', join(at.path, 'rejects.jsonl')]);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /E_CONFIG[\s\S]*1 rows with NaN[\s\S]*dump again with --reject-file/);
    assert.equal((await milvusMigrate(load)).code, 6, 'as before');
  });

  for (const format of ['json', 'parquet'])
    test(`takes a Faiss index with ids of its own that was dumped as ${format}`, async () => {
      await using at = await place();
      const index = 'idmap-flat';
      const source = `faiss:${join(faissFixtures(), `${index}.index`)}`;
      await dumpAndLoad(at, source, ['--format', format], 'indexed');
      assert.equal(await countRows(at.database, 'indexed'), faissCase(index).rows);
    });
});
