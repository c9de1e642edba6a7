/** A service that is busy for a while: runs and plans say so at once, a run counts it, and everything arrives. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { S3 } from '@aws-sdk/client-s3';
import type { Report } from '../../src/core/report.ts';
import { startFaultProxy } from '../servers/faultProxy.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { temporaryFolder } from '../temporary.ts';
import { compareDump, fixture, milvusMigrate, plainText } from './harness.ts';

const minio = await minioForTests();
after(() => minio[Symbol.asyncDispose]());

test('calls that are made again are spoken of while they wait, and counted in the report', async () => {
  using folder = temporaryFolder();
  const { accessKey, secretKey, endpoint } = minio;
  const bucket = `again-${randomBytes(4).toString('hex')}`;
  const client = new S3({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
  await client.createBucket({ Bucket: bucket });
  const from = join(fixture('deletes'), 'db');
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true, encoding: 'utf8' })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    await client.putObject({ Bucket: bucket, Key: `db${file.slice(from.length)}`, Body: readFileSync(file) });
  }
  client.destroy();
  // The first thing that each thread asks for fails: of vectors, which workers read, and of deleted rows, which the plan does.
  let refused = 0;
  await using proxy = await startFaultProxy(endpoint, ({ method, url = '' }) => {
    const first = method === 'GET' && /\.rv|deleted_docs/.test(url) && refused < 3;
    if (first) refused++;
    return first ? '503' : undefined;
  });
  const out = join(folder.path, 'out');
  const report = join(folder.path, 'report.json');
  const source = `milvus1x:s3://${bucket}/db?endpoint=${encodeURIComponent(proxy.endpoint)}`;
  const place = {
    env: {
      MILVUS_MIGRATE_SOURCE_ACCESS_KEY: accessKey,
      MILVUS_MIGRATE_SOURCE_SECRET_KEY: secretKey,
      MILVUS_MIGRATE_STATE: join(folder.path, 'state'),
    },
    cwd: folder.path,
  };
  const ended = await milvusMigrate(['dump', source, '--out', out, '--threads', '2', '--report', report], place);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(refused, 3);
  assert.match(plainText(ended.stderr), /asks for fewer requests \(HTTP 503 SlowDown from http:[^)]*\); trying again/);
  const { warnings } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  assert.equal(warnings.length, 2, warnings.join('\n'));
  assert.match(warnings[1]!, /^calls that failed and were made again: 3 \(HTTP 503 SlowDown from \S+: 3\)$/);
  assert.equal(await compareDump(out, 'deletes'), '');

  refused = 2;
  const planned = await milvusMigrate(['plan', source, '--out', join(folder.path, 'other')], place);
  assert.equal(planned.code, 0, planned.stderr);
  assert.equal(refused, 3);
  assert.match(
    plainText(planned.stderr),
    /asks for fewer requests \(HTTP 503 SlowDown from http:[^)]*\); trying again/,
  );
});
