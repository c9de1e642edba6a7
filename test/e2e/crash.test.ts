/**
 * kill -9, at every moment that means something different and at random times, then the same command again: the
 * collection is exact every time.
 *
 * `CRASH_SEED` repeats the random times of an earlier run, `CRASH_RUNS` says how many such runs are made.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { milvusMigrate, wanted } from './harness.ts';
import { type Kill, runKilled } from './killed.ts';
import { assertExact, collections, type Place, place, targetName } from './place.ts';

type How = 'bulk' | 'streamed' | 'overwrite' | 'overwrite, bulk';

/** For `overwrite`, collections of other content are there before. */
async function prepared(at: Place, name: string, how: How): Promise<string[]> {
  if (how.startsWith('overwrite'))
    for (const collection of wanted(name).collections) {
      const collection_name = targetName(collection);
      const fields = [
        { name: 'other', data_type: 'Int64', is_primary_key: true, autoID: false },
        { name: 'old', data_type: 'FloatVector', dim: collection.dim + 1 },
      ];
      await at.database.client.createCollection({ collection_name, fields } as never);
    }
  return at.words(
    name,
    ...(how.endsWith('bulk') ? ['--staging', at.staging] : []),
    ...(how.startsWith('overwrite') ? ['--mode', 'overwrite'] : []),
  );
}

/**
 * Kills in a row: the second is that of the rerun after the first. What a worker is killed at may leave one part only:
 * on a busy machine the other threads go on for some milliseconds, enough for a small part. So a rerun after it is killed
 * at what happens at least once.
 */
const KILLS: readonly (readonly [name: string, how: How, ...kills: Kill[]])[] = [
  ['l2', 'bulk', 'collection created', 'preflight begun'],
  ['l2', 'bulk', 'part written', 'part renamed'],
  ['partitions', 'bulk', 'part renamed', 'part recorded'],
  ['deletes', 'bulk', 'import intended', 'import intended'],
  ['partitions', 'bulk', 'import submitted', 'import completed'],
  ['partitions', 'bulk', 'import recorded', 'import completed'],
  ['l2', 'bulk', 'verifying', 'collection verified'],
  ['partitions', 'streamed', 'part recorded'],
  ['partitions', 'streamed', 'batch intended 2', 'batch intended'],
  ['partitions', 'streamed', 'batch sent 2', 'batch sent'],
  ['l2', 'streamed', 'batch sent', 'collection verified'],
  ['l2', 'overwrite', 'swap renamed old', 'swap renamed new'],
  ['l2', 'overwrite, bulk', 'import submitted', 'swap renamed new'],
];

describe('killed', { concurrency: 4 }, () => {
  for (const [name, how, ...kills] of KILLS)
    test(`killed at ${kills.join(', then at ')} (${name}, ${how}): the same command goes on to the exact end`, async () => {
      await using at = await place();
      const words = await prepared(at, name, how);
      for (const kill of kills) await runKilled(words, kill);
      const ended = await milvusMigrate(words);
      assert.equal(ended.code, 0, ended.stderr);
      await assertExact(at, name);
    });

  test('killed in the preflight of a bulk insert, and gone on with by streaming: no scratch collection stays', async () => {
    await using at = await place();
    await runKilled(at.words('l2', '--staging', at.staging), 'preflight begun');
    assert.equal((await collections(at.database)).length, 2);
    const ended = await milvusMigrate(at.words('l2'));
    assert.equal(ended.code, 0, ended.stderr);
    const [{ name } = assert.fail('no collection')] = wanted('l2').collections;
    assert.deepEqual(await collections(at.database), [name]);
  });

  const seed = Number(process.env.CRASH_SEED ?? randomInt(2 ** 31));
  const random = generator(seed);
  for (let run = 0; run < Number(process.env.CRASH_RUNS ?? 3); run++) {
    const how = (['bulk', 'streamed', 'overwrite, bulk', 'overwrite'] as const)[run % 4]!;
    const times = [random(), random()].map((share) => Math.round(300 + share * 9_700));
    test(`killed after ${times.join(' and ')} ms (mixed, ${how}; CRASH_SEED=${seed})`, (context) =>
      killedAtTimes(context, how, times));
  }
});

async function killedAtTimes(context: TestContext, how: How, times: readonly number[]): Promise<void> {
  await using at = await place();
  const words = [...(await prepared(at, 'mixed', how)), '--part-size', '1MB'];
  for (const killAfterMs of times) {
    const { signal, code, stderr } = await milvusMigrate(words, { killAfterMs });
    // A machine may be through with it before its time comes.
    context.diagnostic(signal === null ? `ended before ${killAfterMs} ms` : `killed after ${killAfterMs} ms`);
    if (signal === null) assert.equal(code, 0, stderr);
  }
  const ended = await milvusMigrate(words);
  assert.equal(ended.code, 0, ended.stderr);
  await assertExact(at, 'mixed');
}

/** Numbers from 0 to 1, the same for the same seed (a Weyl sequence through an integer hash). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
