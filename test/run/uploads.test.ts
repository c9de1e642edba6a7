import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqliteCheckpoint } from '../../src/checkpoints/sqlite.ts';
import type { Store, Upload } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { askToRecord, openJournal, openUploadDesk } from '../../src/run/uploads.ts';
import { openStore } from '../../src/stores/index.ts';
import { temporaryFolder } from '../temporary.ts';

const upload = (name: string): Upload => ({ path: `tables/a/${name}`, token: `id of ${name}` });

test('who asks goes on when the upload is recorded, not before; a failure to record comes back whole', async () => {
  const recorded: string[] = [];
  const { port, uploads, close } = openUploadDesk(async ({ path }) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (path.endsWith('full')) throw new MigrateError('E_NO_SPACE', 'no space left', { hint: 'make room' });
    recorded.push(path);
  });
  const record = askToRecord(port);
  await Promise.all([record(upload('x')), record(upload('y'))]);
  assert.deepEqual(recorded.sort(), ['tables/a/x', 'tables/a/y']);
  await assert.rejects(record(upload('full')), { code: 'E_NO_SPACE', hint: 'make room' });
  assert.deepEqual(uploads.map(({ path }) => path).sort(), ['tables/a/x', 'tables/a/y']);
  close();
});

/** A folder that tells what it was to discard. */
async function watchedStore(root: string, discarded: Upload[]): Promise<Store> {
  const store = await openStore({ scheme: 'file', root });
  return { ...store, discard: async (one) => void discarded.push(one) };
}

test('what a dead run left is discarded where it wrote, and kept in mind where this run writes elsewhere', async () => {
  using folder = temporaryFolder();
  await using checkpoint = openSqliteCheckpoint(folder.path);
  const nothing = { config: {}, fingerprint: {}, collections: [], partitions: [] };
  await checkpoint.create({ id: 'job1', key: 'key', source: 's', target: 't', ...nothing });
  const discarded: Upload[] = [];
  const first = openJournal(checkpoint, 'job1', await watchedStore('/first', discarded));
  for (const name of ['x', 'y', 'z']) await first.record(upload(name));
  await first.drop([upload('y')]);

  const elsewhere = openJournal(checkpoint, 'job1', await watchedStore('/second', discarded));
  await elsewhere.record(upload('w'));
  assert.deepEqual(await elsewhere.discardLeft(), ['/first']);
  assert.deepEqual(discarded.splice(0), [upload('w')]);

  assert.deepEqual(await first.discardLeft(), []);
  assert.deepEqual(discarded.map(({ path }) => path).sort(), ['tables/a/x', 'tables/a/z']);
  assert.deepEqual(await checkpoint.uploads('job1'), []);
});
