/** A process that is killed in the middle of an upload: what it recorded is enough to leave nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Upload } from '../../src/core/contracts.ts';
import { openStore } from '../../src/stores/index.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { newPlace, plainClient, unfinishedUploads } from './s3.ts';

const minio = await minioForTests();
const client = plainClient(minio);
after(async () => {
  client.destroy();
  await minio[Symbol.asyncDispose]();
});

const UPLOADER = fileURLToPath(new URL('./s3Uploader.js', import.meta.url));

test('an upload that a dead process had not even recorded goes when its file is written again', async () => {
  const place = newPlace(minio);
  await using store = await openStore(place.config, { files: place.credentials });
  await store.put('t/other', new Uint8Array(1));
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(store.describe('t/part/f'))!;
  await client.createMultipartUpload({ Bucket: Bucket!, Key: Key! });
  const group = await store.begin('t/part', async () => undefined);
  const writer = await group.create('f');
  await writer.write(new Uint8Array(17_000_000));
  await writer.close();
  await group.commit();
  assert.equal(await unfinishedUploads(client, [store.describe('t/part/f')]), 0);
});

test('an upload whose id died with its process is found by what was recorded before it', async () => {
  const place = newPlace(minio);
  await using store = await openStore(place.config, { files: place.credentials });
  const recorded: Upload[] = [];
  // As if it was killed there: the service has begun the upload, and nobody has written down its id.
  const group = await store.begin('t/part', async (upload) => {
    if (recorded.length > 0) throw new Error('killed');
    recorded.push(upload);
  });
  const writer = await group.create('f');
  await assert.rejects(writer.write(new Uint8Array(17_000_000)), /killed/);
  assert.deepEqual(
    recorded.map(({ path }) => path),
    ['t/part/f'],
  );
  assert.equal(await unfinishedUploads(client, [store.describe('t/part/f')]), 1);
  for (const upload of recorded) await store.discard(upload);
  assert.equal(await unfinishedUploads(client, [store.describe('t/part/f')]), 0);
});

test('kill -9 in mid-upload, then discard by what was recorded', async () => {
  const place = newPlace(minio);
  const child = spawn(process.execPath, [UPLOADER, JSON.stringify(place)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const recorded: Upload[] = [];
  for await (const line of createInterface(child.stdout)) {
    const said = JSON.parse(line) as { recorded?: Upload; written?: number };
    if (said.recorded !== undefined) recorded.push(said.recorded);
    // Both files have more than one piece, so some are on their way.
    if ((said.written ?? 0) >= 60_000_000) break;
  }
  child.kill('SIGKILL');
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL');
  assert.deepEqual([...new Set(recorded.map(({ path }) => path))].sort(), ['t/part/a', 't/part/b']);

  await using store = await openStore(place.config, { files: place.credentials });
  const places = ['t/part/a', 't/part/b'].map((path) => store.describe(path));
  assert.equal(await unfinishedUploads(client, places), 2, 'the service keeps what was sent');
  for await (const { path } of store.list('')) assert.fail(`${path} is visible`);
  for (const upload of recorded) await store.discard(upload);
  assert.equal(await unfinishedUploads(client, places), 0);
  for (const upload of recorded) await store.discard(upload);
});
