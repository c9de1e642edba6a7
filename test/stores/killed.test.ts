/** A process that is killed in the middle of an upload to GCS or Azure: what it recorded is enough to leave nothing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Upload } from '../../src/core/contracts.ts';
import { openStore } from '../../src/stores/index.ts';
import { azuriteForTests } from '../servers/startAzurite.ts';
import { gcsForTests } from '../servers/startGcs.ts';
import { startWholeRequests } from '../servers/wholeRequests.ts';
import { azurePlace, gcsPlace, type Place, unfinishedIn } from './places.ts';

const [gcs, azurite] = await Promise.all([gcsForTests(), azuriteForTests()]);
after(async () => {
  await gcs[Symbol.asyncDispose]();
  await azurite[Symbol.asyncDispose]();
});

// It uploads two files to whatever store it is given.
const UPLOADER = fileURLToPath(new URL('./s3Uploader.js', import.meta.url));

/** Returns what it recorded, when the service has done all that it was asked before. */
async function uploadAndKill({ config, credentials }: Place): Promise<readonly Upload[]> {
  const direct = new URL(config.endpoint!);
  await using proxy = await startWholeRequests(direct.origin);
  const through: Place = {
    config: { ...config, endpoint: config.endpoint!.replace(direct.origin, proxy.endpoint) },
    credentials,
  };
  const child = spawn(process.execPath, [UPLOADER, JSON.stringify(through)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const recorded: Upload[] = [];
  for await (const line of createInterface(child.stdout)) {
    const said = JSON.parse(line) as { recorded?: Upload; written?: number };
    if (said.recorded !== undefined) recorded.push(said.recorded);
    // More than may be on their way at once, so some have arrived.
    if ((said.written ?? 0) >= 80_000_000) break;
  }
  child.kill('SIGKILL');
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL');
  await proxy.quiet();
  return recorded;
}

for (const [name, newPlace] of [
  ['gcs', () => gcsPlace(gcs.endpoint)],
  ['azure', () => azurePlace(azurite)],
] as const)
  for (const how of ['discard', 'sweep'] as const)
    test(`${name}: kill -9 in mid-upload, then ${how}`, async () => {
      const place = newPlace();
      const recorded = await uploadAndKill(place);
      assert.deepEqual(recorded.map(({ path }) => path).sort(), ['t/part/a', 't/part/b']);
      await using store = await openStore(place.config, { files: place.credentials });
      for await (const { path } of store.list('')) assert.fail(`${path} is visible`);
      assert.notEqual(await unfinishedIn(place), 0, 'the service keeps what was sent');
      if (how === 'sweep') await store.sweep('t', 'part');
      else for (const upload of recorded) await store.discard(upload);
      assert.equal(await unfinishedIn(place), 0);
      assert.equal(await store.sweep('t', 'part'), 0);
      for await (const { path } of store.list('')) assert.fail(`${path} is visible`);
      for (const upload of recorded) await store.discard(upload);
    });

test('a record that is not of an unfinished upload deletes nothing', async () => {
  const place = gcsPlace(gcs.endpoint);
  await using store = await openStore(place.config, { files: place.credentials });
  await store.put('t/part/a', new Uint8Array(1));
  await assert.rejects(store.discard({ path: 't/part/a', token: 't/part' }), { code: 'E_STATE' });
  assert.equal((await store.stat('t/part/a'))?.size, 1);
});
