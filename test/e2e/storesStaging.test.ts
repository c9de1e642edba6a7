/** What a user is told when Milvus can't read the staging bucket, or we can't: what was found, and what to change. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Choose, Instead } from '../servers/faultProxy.ts';
import { bucketRun } from './bucketRun.ts';
import { type Bucket, type Clouds, startClouds } from './clouds.ts';
import { fixture, milvusMigrate, plainText, wanted } from './harness.ts';
import { collections } from './place.ts';
import { assertAll } from './reading.ts';

let clouds: Clouds;
let source: Bucket;
before(async () => {
  clouds = await startClouds();
  source = await clouds.bucket();
  await source.fill('db', join(fixture('l2'), 'db'));
});
after(() => clouds?.[Symbol.asyncDispose]());

/** Answers of MinIO to Milvus's own key: its rights can't be taken from a user who may do everything. */
const DENIED: Instead = {
  status: 403,
  headers: { 'content-type': 'application/xml' },
  body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>',
};

const onStaging =
  (fault: ReturnType<Choose>): Choose =>
  ({ url = '' }) =>
    url.includes('/stage/') ? fault : undefined;

/** As one line, however wide it was printed. */
const oneLine = (text: string): string => plainText(text).replaceAll(/\s+/g, ' ');

// One after the other: the proxy stands between all of them and MinIO.
describe('Milvus can not read the staging bucket', () => {
  test('another bucket than its own: says which setting of Milvus names it', async () => {
    await using run = await bucketRun(clouds);
    const other = await clouds.bucket();
    const ended = await run.migrate(run.words(source.url('db'), '--staging', other.url(run.prefix)));
    assert.equal(ended.code, 4, ended.stderr);
    assert.match(oneLine(ended.stderr), /E_STAGING.*NoSuchKey.*minio\.bucketName/);
    assert.match(oneLine(ended.stderr), new RegExp(`instead of ${other.name}`));
    assert.deepEqual(await other.keys(''), []);
    // The scratch collection is gone; the one to be filled stays for the next try.
    assert.deepEqual(await collections(run.database), ['faces']);
  });

  test('a wrong prefix: is told from a wrong bucket; the same command without it goes on', async () => {
    await using run = await bucketRun(clouds);
    const words = run.words(source.url('db'));
    const ended = await run.migrate([...words, '--staging-as', 'elsewhere']);
    assert.equal(ended.code, 4, ended.stderr);
    assert.match(oneLine(ended.stderr), /E_STAGING.*below elsewhere\/.*the prefix is wrong.*leave --staging-as away/);
    assert.deepEqual(await clouds.staging.keys(run.prefix), []);
    const again = await run.migrate(words);
    assert.equal(again.code, 0, again.stderr);
    await assertAll(run.database, 'l2', wanted('l2'));
  });

  for (const [what, fault, said] of [
    ['its key may not read there', DENIED, /E_STAGING.*Access Denied.*minio\.accessKeyID/],
    ['it does not reach the service', 'reset', /E_STAGING.*connection reset.*minio\.address/],
  ] as const)
    test(`${what}: is named, with the setting to change`, async () => {
      await using run = await bucketRun(clouds);
      clouds.trouble(onStaging(fault));
      try {
        const ended = await run.migrate(run.words(source.url('db')));
        assert.equal(ended.code, 4, ended.stderr);
        assert.match(oneLine(ended.stderr), said);
      } finally {
        clouds.trouble(() => undefined);
      }
      assert.deepEqual(await clouds.staging.keys(run.prefix), []);
    });

  test('`plan` shows it, and leaves nothing', async () => {
    await using run = await bucketRun(clouds);
    const other = await clouds.bucket();
    const [, ...words] = run.words(source.url('db'), '--staging', other.url(run.prefix));
    const withoutReport = words.filter((word, index) => word !== '--report' && words[index - 1] !== '--report');
    const ended = await run.migrate(['plan', ...withoutReport, '--preflight']);
    assert.match(oneLine(ended.stdout + ended.stderr), /minio\.bucketName/);
    assert.deepEqual(await other.keys(''), []);
  });
});

describe('we can not use a bucket', () => {
  for (const [what, name, code] of [
    ['source', 'SOURCE', 3],
    ['staging', 'FILES', 4],
  ] as const)
    test(`wrong credentials for the ${what}: which store, what the service said, and no secret`, async () => {
      await using run = await bucketRun(clouds);
      const env = { ...run.env, [`MILVUS_MIGRATE_${name}_SECRET_KEY`]: 'not-the-right-secret' };
      const ended = await milvusMigrate(run.words(source.url('db')), { env });
      assert.equal(ended.code, code, ended.stderr);
      const { name: bucket } = what === 'source' ? source : clouds.staging;
      assert.match(oneLine(ended.stderr), new RegExp(`s3://${bucket}/.*(SignatureDoesNotMatch|403)`));
      assert.ok(!ended.stderr.includes('not-the-right-secret'));
    });

  test('no such bucket, and one without a Milvus 1.x: what is there is said', async () => {
    await using run = await bucketRun(clouds);
    const gone = await run.migrate(run.words(source.url('db').replace(source.name, 'no-such-bucket-here')));
    assert.equal(gone.code, 3, gone.stderr);
    assert.match(oneLine(gone.stderr), /no-such-bucket-here.*NoSuchBucket/);
    const elsewhere = await run.migrate(run.words(source.url('db/tables')));
    assert.equal(elsewhere.code, 3, elsewhere.stderr);
    assert.match(oneLine(elsewhere.stderr), /E_SOURCE_NOT_FOUND.*db\/tables holds faces/);
  });
});
