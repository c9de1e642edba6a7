/** Milvus 1.x in a bucket → parts in a bucket → Milvus that reads them there: on a real MinIO and a real Milvus. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { temporaryFolder } from '../temporary.ts';
import { bucketRun, openUploads } from './bucketRun.ts';
import { type Clouds, startClouds } from './clouds.ts';
import { fixture, milvusMigrate, wanted } from './harness.ts';
import { runUntil } from './killed.ts';
import { makeSource } from './madeSource.ts';
import { assertAll } from './reading.ts';
import { assertHidden } from './secrets.ts';

let clouds: Clouds;
before(async () => {
  clouds = await startClouds();
});
after(() => clouds?.[Symbol.asyncDispose]());

/** What somebody else keeps in the staging bucket. */
const FOREIGN = ['tables/other/_default/part.deadbeef.a1/id.npy', 'manifest-deadbeef.json', 'notes.txt'];

describe('between buckets', { concurrency: 2 }, () => {
  for (const name of ['partitions', 'deletes'])
    test(`${name}: source in one bucket, staging in that of Milvus; only what others put there stays`, async () => {
      await using run = await bucketRun(clouds);
      const source = await clouds.bucket();
      await source.fill('old/db', join(fixture(name), 'db'));
      const foreign = FOREIGN.map((path) => `${run.prefix}/${path}`);
      for (const key of foreign) await clouds.staging.put(key, 'not ours');
      const ended = await run.migrate(run.words(source.url('old')));
      assert.equal(ended.code, 0, ended.stderr);
      await assertAll(run.database, name, wanted(name));
      assert.deepEqual(await clouds.staging.keys(run.prefix), foreign.toSorted());
      assert.equal(run.report().output, undefined);
    });

  test('source and staging in the same bucket; the files stay with --keep, and `load` takes them from there', async () => {
    await using run = await bucketRun(clouds);
    await clouds.staging.fill(`${run.prefix}/db`, join(fixture('l2'), 'db'));
    const before = await clouds.staging.keys(run.prefix);
    const staged = `${run.prefix}/staged`;
    const staging = clouds.staging.url(staged);
    const ended = await run.migrate(run.words(clouds.staging.url(`${run.prefix}/db`), '--staging', staging, '--keep'));
    assert.equal(ended.code, 0, ended.stderr);
    const keys = await clouds.staging.keys(staged);
    assert.equal(keys.filter((key) => /\/manifest-[0-9a-f]{8}\.json$/.test(key)).length, 1);
    assert.deepEqual(
      keys
        .filter((key) => /\.npy$/.test(key))
        .map((key) => key.replace(/^.*\//, ''))
        .toSorted(),
      ['data.npy', 'id.npy'],
    );
    const cleaned = await run.migrate(['jobs', 'clean', ...(await jobIds(run.state, run.env)), '--json']);
    assert.match(cleaned.stdout, /--keep/);
    assert.deepEqual(
      (await clouds.staging.keys(run.prefix)).filter((key) => !key.startsWith(staged)),
      before,
    );

    await using other = await bucketRun(clouds);
    const loaded = await other.migrate(['load', staging, ...other.database.flags, '--verify', 'full']);
    assert.equal(loaded.code, 0, loaded.stderr);
    await assertAll(other.database, 'l2', wanted('l2'));
    assert.deepEqual(await clouds.staging.keys(staged), keys);
  });

  test('streamed from a bucket, without staging', async () => {
    await using run = await bucketRun(clouds);
    const source = await clouds.bucket();
    await source.fill('db', join(fixture('partitions'), 'db'));
    const [command, from, ...rest] = run.words(source.url('db'));
    const ended = await run.migrate([command!, from!, ...rest.filter((word) => !/^(--staging|s3:.*)$/.test(word))]);
    assert.equal(ended.code, 0, ended.stderr);
    await assertAll(run.database, 'partitions', wanted('partitions'));
  });

  test('an old migration.yaml in remote mode runs unchanged: `start`, and `dump` with `load`', async () => {
    await using run = await bucketRun(clouds);
    using folder = temporaryFolder();
    const source = await clouds.bucket();
    await source.fill('milvus/tables', join(fixture('deletes'), 'db/tables'));
    const exported = await run.migrate(['export', '-s', join(fixture('deletes'), 'db/meta.sqlite'), '-o', folder.path]);
    assert.equal(exported.code, 0, exported.stderr);
    await source.put('milvus/meta.json', readFileSync(join(folder.path, 'meta.json')));
    const config = join(folder.path, 'migration.yaml');
    writeFileSync(config, oldYaml(clouds, { source: source.name, prefix: run.prefix, database: run.database.name }));
    const started = await run.migrate(['start', '--config', config]);
    assert.equal(started.code, 0, started.stderr);
    await assertAll(run.database, 'deletes', wanted('deletes'));
    assert.deepEqual(await clouds.staging.keys(run.prefix), []);

    await using again = await bucketRun(clouds);
    writeFileSync(config, oldYaml(clouds, { source: source.name, prefix: run.prefix, database: again.database.name }));
    const dumped = await again.migrate(['dump', '--config', config]);
    assert.equal(dumped.code, 0, dumped.stderr);
    const keys = await clouds.staging.keys(run.prefix);
    assert.ok(keys.includes(`${run.prefix}/migration/meta.json`), keys.join(', '));
    assert.ok(keys.every((key) => /\/migration\/(tables\/.*\.npy|meta\.json|manifest-[0-9a-f]+\.json)$/.test(key)));
    const loaded = await again.migrate(['load', '--config', config]);
    assert.equal(loaded.code, 0, loaded.stderr);
    await assertAll(again.database, 'deletes', wanted('deletes'));
    assert.deepEqual(await clouds.staging.keys(run.prefix), keys);
  });

  test('an object that is replaced while it is read is an error, never mixed bytes', async () => {
    await using run = await bucketRun(clouds);
    const source = await clouds.bucket();
    await source.fill('db', join(fixture('partitions'), 'db'));
    const keys = (await source.keys('db')).filter((key) => key.endsWith('.rv'));
    assert.ok(keys.length > 1);
    const words = run.words(source.url('db'), '--threads', '1');
    // Stopped between its plan and its first read (MinIO lets nobody write to an object that is being read): what it
    // planned is what it must still find.
    const stopped = { moment: 'collection created', signal: 'SIGSTOP', env: run.env } as const;
    const ended = await runUntil(words, stopped, async (child) => {
      for (const key of keys) {
        const path = join(fixture('partitions'), key);
        await source.put(key, readFileSync(path).reverse());
      }
      child.kill('SIGCONT');
    });
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /E_SOURCE_CHANGED/);
    assert.match(ended.stderr, new RegExp(`s3://${source.name}/db/tables/`));
  });

  test('so it is where it is replaced between two reads of it', async () => {
    await using run = await bucketRun(clouds);
    using folder = temporaryFolder();
    const source = await clouds.bucket();
    makeSource(join(folder.path, 'db'), { collection: 'made', rows: 60_000, dim: 128, deleted: [] });
    await source.fill('db', join(folder.path, 'db'));
    const [key] = (await source.keys('db')).filter((name) => name.endsWith('.rv'));
    const bytes = readFileSync(join(folder.path, key!));
    const words = run.words(source.url('db'));
    // MinIO lets nobody write to an object that is being read, and whoever stands still reads for ever, unless what was
    // asked for fits into the sockets' buffers. Where it does not, both go on, and either may come first.
    let replaced = false;
    const ended = await runUntil(words, { moment: 'batch written', signal: 'SIGSTOP', env: run.env }, async (child) => {
      const put = source.put(key!, bytes.fill(1, bytes.length - 64));
      replaced = await Promise.race([put.then(() => true), setTimeout(5_000, false)]);
      child.kill('SIGCONT');
      await put;
    });
    if (!replaced && ended.code === 0) return;
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(
      ended.stderr.replaceAll(/\s+/g, ' '),
      /E_SOURCE_CHANGED.*not what it was when the plan was made.*written anew/,
    );
    assert.deepEqual(await clouds.staging.keys(run.prefix), []);
    assert.equal(await openUploads(clouds.staging, await run.recordedUploads()), 0);
  });

  test('credentials are in no argument and in no title of the process', async () => {
    await using run = await bucketRun(clouds);
    await clouds.staging.fill(`${run.prefix}/db`, join(fixture('l2'), 'db'));
    const words = run.words(clouds.staging.url(`${run.prefix}/db`));
    const seen: string[] = [];
    const ended = await runUntil(words, { moment: 'part written', signal: 'SIGSTOP', env: run.env }, async (child) => {
      for (const name of ['cmdline', 'comm', 'status']) seen.push(readFileSync(`/proc/${child.pid}/${name}`, 'utf8'));
      child.kill('SIGCONT');
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(seen.join('').includes('node'));
    assertHidden([clouds.minio.secretKey], { stdout: ended.stdout, stderr: seen.join('\n') + ended.stderr }, [
      run.path,
    ]);
  });
});

/** As its users have it: keys in the file, cloud `aws` for a MinIO. */
function oldYaml(
  { minio, milvus, milvusBucket }: Clouds,
  { source, prefix, database }: { source: string; prefix: string; database: string },
): string {
  const { host } = new URL(minio.endpoint);
  const remote = (bucket: string): string => `
    cloud: aws
    endpoint: ${host}
    region: us-east-1
    bucket: ${bucket}
    ak: ${minio.accessKey}
    sk: ${minio.secretKey}
    useIAM: false
    useSSL: false
    checkBucket: true`;
  return `
dumper:
  worker:
    limit: 2
    workMode: milvus1x
    reader:
      bufferSize: 1024
    writer:
      bufferSize: 1024
loader:
  worker:
    limit: 16
meta:
  mode: remote
  remoteMetaFile: milvus/meta.json
  milvus:
    createIndex: true
    loadData: true
source:
  mode: remote
  remote:${remote(source)}
    tablesDir: milvus/tables
target:
  mode: remote
  remote:${remote(milvusBucket)}
    outputDir: ${prefix}
  milvus2x:
    endpoint: ${milvus}
    username: ''
    password: ''
    database: ${database}
`;
}

async function jobIds(state: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  const { stdout } = await milvusMigrate(['jobs', 'list', '--json', '--state', state], { env });
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
}
