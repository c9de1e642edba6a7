/** Collections that are there before, in a real Milvus 2.3.5, and what others do to them between two runs. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CollectionReport } from '../../src/core/report.ts';
import { listJobs } from '../../src/run/jobs.ts';
import { milvusMigrate, wanted, wantedRows } from './harness.ts';
import { runKilled } from './killed.ts';
import { assertExact, collections, type Place, place, reportOf } from './place.ts';
import { countRows } from './reading.ts';

const [FACES] = wanted('l2').collections;

/** The collection that `l2` is to go into, with so many rows that nobody flushed; loaded, where that is said. */
async function makeThere(
  { database: { client } }: Place,
  rows: number,
  { loaded = false, name: collection_name = FACES!.name, dim = FACES!.dim } = {},
): Promise<void> {
  const fields = [
    { name: 'id', data_type: 'Int64', is_primary_key: true, autoID: false },
    { name: 'data', data_type: 'FloatVector', dim },
  ];
  await client.createCollection({ collection_name, fields } as never);
  if (loaded) {
    await client.createIndex({ collection_name, field_name: 'data', index_type: 'FLAT', metric_type: 'L2' } as never);
    await client.loadCollectionSync({ collection_name });
  }
  const data = Array.from({ length: rows }, (_, row) => ({ id: row, data: Array(dim).fill(row) as number[] }));
  if (rows > 0) await client.insert({ collection_name, data } as never);
}

const facesOf = (at: Place): CollectionReport => reportOf(at).collections[0]!;

describe('existing', { concurrency: 4 }, () => {
  test('--mode skip: a collection that is gone by the next run is moved then', async () => {
    await using at = await place();
    await makeThere(at, 0);
    const words = at.words('l2', '--mode', 'skip', '--staging', at.staging);
    const left = await milvusMigrate(words);
    assert.equal(left.code, 0, left.stderr);
    assert.equal(facesOf(at).outcome, 'left');
    assert.deepEqual(readdirSync(at.staging), [], 'nothing was written, nothing stays');
    await at.database.client.dropCollection({ collection_name: FACES!.name });
    const moved = await milvusMigrate(words);
    assert.equal(moved.code, 0, moved.stderr);
    assert.equal(facesOf(at).outcome, 'loaded');
    await assertExact(at, 'l2');
  });

  test('rows that were inserted and not flushed yet are rows: refused, or counted', async () => {
    await using at = await place();
    await makeThere(at, 7);
    const refused = await milvusMigrate(at.words('l2'));
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, /E_COLLECTION_NOT_EMPTY[\s\S]*about 7 rows/);
    assert.deepEqual(await listJobs(join(at.path, 'state')), [], 'before there is a job');
    const appended = await milvusMigrate(at.words('l2', '--mode', 'append'));
    assert.equal(appended.code, 0, appended.stderr);
    assert.equal(await countRows(at.database, FACES!.name), FACES!.rows + 7);
  });

  test('plan counts the rows of a loaded collection that were not flushed yet, and flushes none', async () => {
    await using at = await place();
    await makeThere(at, 7, { loaded: true });
    const [, ...words] = at.words('l2');
    const seen = await milvusMigrate(['plan', words[0]!, ...at.database.flags, '--state', join(at.path, 'state')]);
    assert.equal(seen.code, 4, seen.stdout);
    assert.match(seen.stdout, /E_COLLECTION_NOT_EMPTY/);
    assert.match(seen.stdout, /exists with 7 rows/);
    const { stats } = await at.database.client.getCollectionStatistics({ collection_name: FACES!.name });
    assert.equal(stats.find(({ key }) => key === 'row_count')?.value, '0');
  });

  test('killed when the new collection has its name: the aliases of the old one go over all the same', async () => {
    await using at = await place();
    await makeThere(at, 1);
    await at.database.client.createAlias({ collection_name: FACES!.name, alias: 'prod' });
    const words = at.words('l2', '--mode', 'overwrite');
    await runKilled(words, 'swap renamed new');
    assert.equal(await countRows(at.database, FACES!.name), FACES!.rows);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(await collections(at.database), [FACES!.name]);
    assert.equal(await countRows(at.database, 'prod'), FACES!.rows);
    assert.match(reportOf(at).warnings.join('\n'), /prod/);
  });

  test('--mode overwrite: the aliases of the old collection stand for the new one', async () => {
    await using at = await place();
    const { client } = at.database;
    await makeThere(at, 1);
    for (const alias of ['prod', 'test']) await client.createAlias({ collection_name: FACES!.name, alias });
    const replaced = await milvusMigrate(at.words('l2', '--mode', 'overwrite'));
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.deepEqual(await collections(at.database), [FACES!.name]);
    for (const alias of ['prod', 'test']) assert.equal(await countRows(at.database, alias), FACES!.rows);
    assert.match(reportOf(at).warnings.join('\n'), /prod, test/);
  });

  test('--mode overwrite of a collection whose name is as long as names may be', async () => {
    await using at = await place();
    const name = 'f'.repeat(255);
    await makeThere(at, 1, { name });
    const words = at.words('l2', '--mode', 'overwrite', '--name', name);
    await runKilled(words, 'swap renamed old');
    const replaced = await milvusMigrate(words);
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.deepEqual(await collections(at.database), [name]);
    assert.equal(await countRows(at.database, name), FACES!.rows);
  });

  test('a report does not show what was verified of a collection that is gone', async () => {
    await using at = await place();
    const words = at.words('l2');
    assert.equal((await milvusMigrate(words)).code, 0);
    await at.database.client.dropCollection({ collection_name: FACES!.name });
    const again = await milvusMigrate(words);
    assert.equal(again.code, 4);
    assert.match(again.stderr, /E_COLLECTION_REPLACED/);
    assert.equal(facesOf(at).verify.count, 'skipped');
  });

  test('--fresh with --mode append says that the rows of the run before stay', async () => {
    await using at = await place();
    const words = at.words('l2', '--mode', 'append');
    assert.equal((await milvusMigrate(words)).code, 0);
    assert.deepEqual(reportOf(at).warnings, []);
    const again = await milvusMigrate([...words, '--fresh']);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await countRows(at.database, FACES!.name), 2 * FACES!.rows);
    assert.match(reportOf(at).warnings.join('\n'), new RegExp(`${FACES!.name}.*${FACES!.rows} rows.*will be there`));
  });

  test('--fresh that is refused forgets nothing: the job can still be gone on with', async () => {
    await using at = await place();
    const words = at.words('l2');
    assert.equal((await milvusMigrate(words)).code, 0);
    const known = (await listJobs(join(at.path, 'state'))).map(({ id }) => id);
    const refused = await milvusMigrate([...words, '--fresh']);
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, /E_COLLECTION_NOT_EMPTY/);
    assert.deepEqual(
      (await listJobs(join(at.path, 'state'))).map(({ id }) => id),
      known,
    );
    assert.equal((await milvusMigrate(words)).code, 0);
    await assertExact(at, 'l2');
  });

  test('--fresh with --mode append speaks of rows, too, whose load was under way when the run died', async () => {
    for (const [kill, ...staging] of [['batch sent'], ['import submitted', '--staging']] as const) {
      await using at = await place();
      const words = at.words('l2', '--mode', 'append', ...staging.flatMap((flag) => [flag, at.staging]));
      await runKilled(words, kill);
      await milvusMigrate([...words, '--fresh', '--verify', 'none']);
      assert.match(
        reportOf(at).warnings.join('\n'),
        new RegExp(`${FACES!.name}.*up to ${FACES!.rows}.*will be there`),
        kill,
      );
    }
  });

  test('rows that others put into a partition of their own are seen by the verification', async () => {
    await using at = await place();
    const words = at.words('l2');
    assert.equal((await milvusMigrate(words)).code, 0);
    const { client } = at.database;
    const theirs = { collection_name: FACES!.name, partition_name: 'theirs' };
    await client.createPartition(theirs);
    await client.insert({ ...theirs, data: [{ id: 1, data: Array(FACES!.dim).fill(1) }] } as never);
    const verified = await milvusMigrate(words.with(0, 'verify'));
    assert.equal(verified.code, 5, verified.stderr);
    assert.match(verified.stderr, /partition theirs: 1 rows, wanted 0/);
    assert.match(verified.stderr, /rows that this job did not load are there[\s\S]*not\s+its own: faces/);
    assert.doesNotMatch(verified.stderr, /--fresh/, 'it would take their rows away');
  });

  test('rows that another job put into the same partition are a difference, and nobody is led to take them away', async () => {
    await using at = await place();
    const words = at.words('l2');
    assert.equal((await milvusMigrate(words)).code, 0);
    const other = words.with(words.indexOf('--state') + 1, join(at.path, 'state-of-another-host'));
    const appended = await milvusMigrate([...other, '--mode', 'append']);
    assert.equal(appended.code, 0, appended.stderr);
    const verified = await milvusMigrate(words.with(0, 'verify'));
    assert.equal(verified.code, 5, verified.stderr);
    const said = verified.stderr.replaceAll(/\s+/g, ' ');
    assert.match(said, /more rows are there than this job loaded: faces; where another job or somebody put them there/);
    assert.match(
      said,
      /nothing need be done, and --mode overwrite would take them away; where rows of this job came twice/,
    );
  });

  test('a partition that somebody dropped is a difference, not an error of Milvus', async () => {
    await using at = await place();
    const words = at.words('partitions');
    assert.equal((await milvusMigrate(words)).code, 0);
    const { client } = at.database;
    await client.releaseCollection({ collection_name: FACES!.name });
    await client.dropPartition({ collection_name: FACES!.name, partition_name: 'us' });
    const verified = await milvusMigrate(words.with(0, 'verify'));
    assert.equal(verified.code, 5, verified.stderr);
    assert.match(verified.stderr, /partition us: it is not there, wanted 360 rows/);
  });

  test('forgetting a job says which collection it leaves behind unfinished', async () => {
    await using at = await place();
    await makeThere(at, 1);
    await runKilled(at.words('l2', '--mode', 'overwrite'), 'batch sent');
    const state = join(at.path, 'state');
    const [job] = await listJobs(state);
    const forgotten = await milvusMigrate(['jobs', 'forget', job!.id, '--state', state]);
    assert.equal(forgotten.code, 0, forgotten.stderr);
    assert.match(forgotten.stdout, new RegExp(`${FACES!.name}__new_${job!.id}.*stays? in Milvus`));
  });

  test('--mode skip does not pass over what a job of another mode has not finished', async () => {
    await using at = await place();
    await runKilled(at.words('l2'), 'batch sent');
    const [job] = await listJobs(join(at.path, 'state'));
    const skipping = at.words('l2', '--mode', 'skip');
    const refused = await milvusMigrate(skipping);
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, new RegExp(`E_LOAD_IN_DOUBT[\\s\\S]*jobs resume ${job!.id}`));
    const resumed = await milvusMigrate(['jobs', 'resume', job!.id, '--state', join(at.path, 'state')]);
    assert.equal(resumed.code, 0, resumed.stderr);
    const skipped = await milvusMigrate(skipping);
    assert.equal(skipped.code, 0, skipped.stderr);
    assert.equal(facesOf(at).outcome, 'left');
  });

  test('a collection that was there and got no rows, because they hold NaN, is passed over and forgotten without a word', async () => {
    await using at = await place();
    await makeThere(at, 0, { name: 'spoilt', dim: 24 });
    const words = at.words('non-finite', '--col', 'spoilt');
    const withheld = await milvusMigrate(words);
    assert.equal(withheld.code, 6, withheld.stderr);
    assert.equal(facesOf(at).outcome, 'withheld');
    const state = join(at.path, 'state');
    const [job] = await listJobs(state);
    const skipped = await milvusMigrate([...words, '--mode', 'skip']);
    assert.equal(skipped.code, 0, skipped.stderr);
    assert.equal(facesOf(at).outcome, 'left');
    const forgotten = await milvusMigrate(['jobs', 'forget', job!.id, '--state', state]);
    assert.equal(forgotten.code, 0, forgotten.stderr);
    assert.doesNotMatch(forgotten.stdout, /stays\s+in\s+Milvus/);
  });

  test('rows in doubt are sent again into a collection that held others, unless one of these has their id', async () => {
    for (const id of [7n, wantedRows('l2', FACES!.partitions[0]!.dir).ids[0]!]) {
      await using at = await place();
      await makeThere(at, 1, { loaded: true });
      const data = [{ id: String(id), data: Array(FACES!.dim).fill(0.5) }];
      await at.database.client.insert({ collection_name: FACES!.name, data } as never);
      const words = at.words('l2', '--mode', 'append');
      await runKilled(words, 'batch sent');
      const ended = await milvusMigrate(words);
      assert.equal(ended.code, id === 7n ? 0 : 4, ended.stderr);
      assert.equal(await countRows(at.database, FACES!.name), FACES!.rows + 2);
      if (id === 7n) continue;
      assert.match(ended.stderr, /E_LOAD_IN_DOUBT/);
      assert.doesNotMatch(ended.stderr, /overwrite/, 'it would take the rows away that were there before');
    }
  });

  test('a name that is an alias is refused', async () => {
    await using at = await place();
    await makeThere(at, 0);
    await at.database.client.createAlias({ collection_name: FACES!.name, alias: 'prod' });
    const state = ['--state', join(at.path, 'state')];
    const refused = await milvusMigrate([...at.words('l2', '--name', 'prod'), ...state]);
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /an alias of faces/);
  });
});
