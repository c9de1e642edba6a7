/** kill -9 in the middle of one index file, then the same command again: every row once, under its id. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeFlat } from './faissFile.ts';
import { assertHolds, assertIndex, faissPlace } from './faissPlace.ts';
import { milvusMigrate } from './harness.ts';
import { type Kill, runKilled } from './killed.ts';
import { collections } from './place.ts';

/** 4 MB in parts of 1 MB. */
const SHAPE = { rows: 60_000, d: 16 };
const PARTS = ['--part-size', '1MB'];

/**
 * Kills in a row: the second is that of the rerun after the first.
 *
 * While one thread was at its n-th batch the other may have finished all parts but that one: a rerun after it is killed
 * at what happens at least once.
 */
const KILLS: readonly (readonly [how: 'bulk' | 'streamed', ...kills: Kill[]])[] = [
  ['bulk', 'batch written 3', 'part written', 'part recorded'],
  ['bulk', 'import submitted', 'import completed 2'],
  ['streamed', 'part recorded 2', 'batch sent 2'],
];

describe('a Faiss index, killed', { concurrency: 3 }, () => {
  for (const [how, ...kills] of KILLS)
    test(`killed at ${kills.join(', then at ')} (${how}): the same command goes on to the exact end`, async () => {
      await using at = await faissPlace();
      const file = join(at.path, 'big.index');
      const wanted = writeFlat(file, SHAPE);
      const words = at.words(file, ...PARTS, ...(how === 'bulk' ? ['--staging', at.staging] : []));
      for (const kill of kills) await runKilled(words, kill);
      const ended = await milvusMigrate(words);
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(await collections(at.database), ['big']);
      await assertHolds(at.database, 'big', { ...wanted, binary: false, exact: true });
      assert.deepEqual(readdirSync(at.staging, { recursive: true }), []);
    });

  // Ids occur twice here, in several parts: each verification of them looks through all of the source.
  test('lists cut into parts, killed while a part is written and before it is recorded: every row once', async () => {
    await using at = await faissPlace();
    const name = 'idmap-ivfpq-hnsw';
    const words = at.words(name, '--part-size', '12KB', '--staging', at.staging);
    for (const kill of ['batch written 2', 'part renamed', 'part recorded'] as const) await runKilled(words, kill);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /some ids occur more than once/);
    await assertIndex(at.database, name, name.replaceAll('-', '_'));
    assert.deepEqual(readdirSync(at.staging, { recursive: true }), []);
  });

  test('a file that changed since the plan was made is refused', async () => {
    await using at = await faissPlace();
    const file = join(at.path, 'big.index');
    writeFlat(file, SHAPE);
    const words = at.words(file, ...PARTS, '--staging', at.staging);
    await runKilled(words, 'part recorded 2');
    appendFileSync(file, 'more');
    utimesSync(file, 1, 1);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /E_SOURCE_CHANGED/);
  });
});
