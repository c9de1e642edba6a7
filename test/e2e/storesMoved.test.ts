/** A dump that is gone on with in another bucket, or whose bucket is gone: nothing is left that nobody knows of. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openSqliteCheckpoint } from '../../src/checkpoints/sqlite.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { plainClient, unfinishedUploads } from '../stores/s3.ts';
import { temporaryFolder } from '../temporary.ts';
import { milvusMigrate } from './harness.ts';
import { runKilled } from './killed.ts';
import { makeSource } from './madeSource.ts';

const minio = await minioForTests();
const client = plainClient(minio);
after(async () => {
  client.destroy();
  await minio[Symbol.asyncDispose]();
});

const env = {
  MILVUS_MIGRATE_FILES_ACCESS_KEY: minio.accessKey,
  MILVUS_MIGRATE_FILES_SECRET_KEY: minio.secretKey,
};

async function newBucket(): Promise<string> {
  const name = `moved-${randomBytes(4).toString('hex')}`;
  await client.createBucket({ Bucket: name });
  return name;
}

const url = (bucket: string): string => `s3://${bucket}/out?endpoint=${minio.endpoint}`;

interface Killed extends Disposable {
  readonly bucket: string;
  readonly job: string;
  /** The same dump, into that bucket. */
  words(bucket: string, ...flags: string[]): string[];
  readonly state: string;
  /** In the first bucket. */
  openUploads(): Promise<number>;
}

/** A dump that was killed while an object went up. */
async function killedDump(): Promise<Killed> {
  const folder = temporaryFolder();
  const state = join(folder.path, 'state');
  makeSource(join(folder.path, 'db'), { collection: 'made', rows: 45_000, dim: 128, deleted: [] });
  const source = `milvus1x:${join(folder.path, 'db')}`;
  const words = (bucket: string, ...flags: string[]) => [
    // For a target, which is not asked yet: without one, another place for the files is another job.
    ...['dump', source, '--out', url(bucket), '--to', 'http://127.0.0.1:1', '--state', state, '--threads', '1'],
    ...flags,
  ];
  const bucket = await newBucket();
  await runKilled(words(bucket), 'upload recorded 2', env);
  await using checkpoint = openSqliteCheckpoint(state);
  const job = (await checkpoint.list())[0]!.id;
  const places = (await checkpoint.uploads(job)).map(({ path }) => `s3://${bucket}/out/${path}`);
  const openUploads = (): Promise<number> => unfinishedUploads(client, places);
  assert.ok((await openUploads()) > 0, 'an upload is open');
  return { bucket, job, words, state, openUploads, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe('a dump in another bucket than before', { concurrency: 2 }, () => {
  for (const flags of [[], ['--fresh']])
    test(`the same command ${flags.join('')}: ends there, and aborts what was left in the first one`, async () => {
      using killed = await killedDump();
      const ended = await milvusMigrate(killed.words(await newBucket(), ...flags), { env });
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(await killed.openUploads(), 0);
      assert.doesNotMatch(ended.stdout + ended.stderr, /not complete/);
    });

  test('where the first one can not be opened: a warning names it, and a run that can aborts it', async () => {
    using killed = await killedDump();
    using folder = temporaryFolder();
    const ended = await milvusMigrate(killed.words(killed.bucket).with(3, join(folder.path, 'out')));
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr.replaceAll(/\s+/g, ' '), new RegExp(`left uploads in s3://${killed.bucket}/out`));
    assert.ok((await killed.openUploads()) > 0);
    const again = await milvusMigrate(killed.words(await newBucket()), { env });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await killed.openUploads(), 0);
  });

  test('a bucket that is not there any more: the job can be forgotten, and cleaned', async () => {
    using killed = await killedDump();
    await client.deleteBucket({ Bucket: killed.bucket });
    for (const word of ['clean', 'forget']) {
      const ended = await milvusMigrate(['jobs', word, killed.job, '--state', killed.state], { env });
      assert.equal(ended.code, 0, ended.stderr);
    }
    await assert.rejects(client.headBucket({ Bucket: killed.bucket }), 'it is not made again');
  });
});
