/**
 * kill -9 while parts are on their way into a bucket: the same command goes on to the exact end, and nothing of ours is
 * left there, neither an object nor an upload that is not complete.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporaryFolder } from '../temporary.ts';
import { type BucketRun, bucketRun, openUploads } from './bucketRun.ts';
import { type Bucket, type Clouds, startClouds } from './clouds.ts';
import { type Kill, runKilled } from './killed.ts';
import { assertMade, type MadeSource, makeSource } from './madeSource.ts';

/** Of vectors that take several pieces of an upload. */
const MADE: MadeSource = {
  collection: 'made',
  rows: 45_000,
  dim: 128,
  deleted: Array.from({ length: 300 }, (_, index) => index * 149),
};

let clouds: Clouds;
let source: Bucket;
before(async () => {
  clouds = await startClouds();
  source = await clouds.bucket();
  using folder = temporaryFolder();
  makeSource(join(folder.path, 'db'), MADE);
  await source.fill('db', join(folder.path, 'db'));
});
after(() => clouds?.[Symbol.asyncDispose]());

/** At these an upload has begun that is not complete. */
const UPLOADING: readonly Kill[] = ['upload recorded 2', 'batch written 7', 'part written'];

/** Kills it there, and says which uploads were recorded then. */
async function killed(run: BucketRun, words: readonly string[], kill: Kill): Promise<string[]> {
  await runKilled(words, kill, run.env);
  const recorded = await run.recordedUploads();
  if (UPLOADING.includes(kill)) assert.ok((await openUploads(clouds.staging, recorded)) > 0, 'an upload is open');
  return recorded;
}

async function assertNothingLeft(run: BucketRun, recorded: readonly string[]): Promise<void> {
  assert.equal(await openUploads(clouds.staging, recorded), 0, 'uploads that nobody completes');
  assert.deepEqual(await clouds.staging.keys(run.prefix), []);
}

const KILLS: readonly (readonly Kill[])[] = [
  // First its path, then its id.
  ['upload recorded', 'upload recorded 2'],
  ['batch written 7', 'upload recorded'],
  ['part written', 'part renamed'],
  ['part recorded', 'preflight begun'],
  ['import intended', 'import intended'],
  ['import submitted', 'collection verified'],
];

describe('killed between buckets', { concurrency: 2 }, () => {
  for (const kills of KILLS)
    test(`at ${kills.join(', then at ')}: the same command goes on to the exact end, and leaves nothing`, async () => {
      await using run = await bucketRun(clouds);
      const words = run.words(source.url('db'));
      const recorded: string[] = [];
      for (const kill of kills) recorded.push(...(await killed(run, words, kill)));
      const ended = await run.migrate(words);
      assert.equal(ended.code, 0, ended.stderr);
      await assertMade(run.database, MADE);
      await assertNothingLeft(run, recorded);
      assert.deepEqual(await run.recordedUploads(), []);
    });

  test('--fresh: what the killed run had begun to upload goes', async () => {
    await using run = await bucketRun(clouds);
    const words = run.words(source.url('db'));
    const recorded = await killed(run, words, 'batch written 7');
    const ended = await run.migrate([...words, '--fresh']);
    assert.equal(ended.code, 0, ended.stderr);
    await assertMade(run.database, MADE);
    await assertNothingLeft(run, recorded);
  });

  for (const [word, kill] of [
    ['clean', 'batch written 7'],
    ['forget', 'batch written 7'],
    ['forget', 'part renamed'],
  ] as const)
    test(`jobs ${word} after a kill at ${kill}: what is not recorded as a part goes`, async () => {
      await using run = await bucketRun(clouds);
      const recorded = await killed(run, run.words(source.url('db')), kill);
      const listed = await run.migrate(['jobs', 'list', '--json']);
      const [job] = JSON.parse(listed.stdout) as { id: string }[];
      const ended = await run.migrate(['jobs', word, job!.id]);
      assert.equal(ended.code, 0, ended.stderr);
      await assertNothingLeft(run, recorded);
    });

  for (const [word, kill] of [
    ['forget', 'upload recorded 2'],
    ['forget', 'part renamed'],
    ['clean', 'part renamed'],
  ] as const)
    test(`jobs ${word} of a dump after a kill at ${kill}: what is not whole goes, what is stays`, async () => {
      await using run = await bucketRun(clouds);
      const out = clouds.staging.url(run.prefix);
      const dump = ['dump', `milvus1x:${source.url('db')}`, '--out', out, '--threads', '1', '--part-size', '10MB'];
      await runKilled(dump, 'part recorded', run.env);
      // Another one may be in place that is not recorded.
      const inPlace = await clouds.staging.keys(run.prefix);
      const recorded = await killed(run, dump, kill);
      const [job] = JSON.parse((await run.migrate(['jobs', 'list', '--json'])).stdout) as { id: string }[];
      const ended = await run.migrate(['jobs', word, job!.id]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(await openUploads(clouds.staging, recorded), 0, 'uploads that nobody completes');
      const left = await clouds.staging.keys(run.prefix);
      assert.ok(left.length > 0, 'the part that was recorded stays');
      assert.deepEqual(
        left,
        left.filter((key) => inPlace.includes(key)),
      );
      assert.deepEqual(await run.recordedUploads(), []);
    });
});
