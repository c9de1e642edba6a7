import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqliteCheckpoint } from '../../../src/checkpoints/sqlite.ts';
import type { OpenStore, Store, StoreConfig, Upload } from '../../../src/core/contracts.ts';
import { MigrateError } from '../../../src/core/errors.ts';
import { askToRecord, type FilesPlace, openJournal, openUploadDesk } from '../../../src/run/places/uploads.ts';
import { openStore } from '../../../src/stores/index.ts';
import { temporaryFolder } from '../../temporary.ts';

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

/** A folder that tells what it was to discard, and opens others that do, unless they are shut. */
async function watchedPlace(root: string, discarded: string[], shut = false): Promise<FilesPlace> {
  const watched = async (config: StoreConfig): Promise<Store> => {
    const store = await openStore(config);
    return { ...store, discard: async ({ path }) => void discarded.push(store.describe(path)) };
  };
  const open: OpenStore = shut
    ? () => Promise.reject(new MigrateError('E_STORE', 'the key does not open it'))
    : (config) => watched(config);
  const config = { scheme: 'file', root } as const;
  return { store: await watched(config), config, open };
}

test('what a dead run left is discarded where it wrote, and stays recorded where that can not be opened', async () => {
  using folder = temporaryFolder();
  await using checkpoint = openSqliteCheckpoint(folder.path);
  const nothing = { config: {}, fingerprint: {}, collections: [], partitions: [] };
  await checkpoint.create({ id: 'job1', key: 'key', source: 's', target: 't', ...nothing });
  const discarded: string[] = [];
  const first = openJournal(checkpoint, 'job1', await watchedPlace('/first', discarded));
  for (const name of ['x', 'y', 'z']) await first.record(upload(name));
  await first.drop([upload('y')]);

  const shut = openJournal(checkpoint, 'job1', await watchedPlace('/second', discarded, true));
  await shut.record(upload('w'));
  assert.deepEqual(await shut.discardLeft(), [{ where: '/first', why: 'the key does not open it' }]);
  assert.deepEqual(discarded.splice(0), ['/second/tables/a/w']);
  assert.equal((await checkpoint.uploads('job1')).length, 2);

  const second = openJournal(checkpoint, 'job1', await watchedPlace('/second', discarded));
  assert.deepEqual(await second.discardLeft(), []);
  assert.deepEqual(discarded.sort(), ['/first/tables/a/x', '/first/tables/a/z']);
  assert.deepEqual(await checkpoint.uploads('job1'), []);
});

test('of an upload that the first release recorded it is not known how its store is reached', async () => {
  using folder = temporaryFolder();
  await using checkpoint = openSqliteCheckpoint(folder.path);
  const nothing = { config: {}, fingerprint: {}, collections: [], partitions: [] };
  await checkpoint.create({ id: 'job1', key: 'key', source: 's', target: 't', ...nothing });
  await checkpoint.recordUpload('job1', { path: 'x', token: JSON.stringify({ store: '/first', token: 'id' }) });
  const discarded: string[] = [];
  const second = openJournal(checkpoint, 'job1', await watchedPlace('/second', discarded));
  assert.deepEqual(
    (await second.discardLeft()).map(({ where }) => where),
    ['/first'],
  );
  const first = openJournal(checkpoint, 'job1', await watchedPlace('/first', discarded));
  assert.deepEqual(await first.discardLeft(), []);
  assert.deepEqual(discarded, ['/first/x']);
});

test('credentials for one service are not shown to another', async () => {
  using folder = temporaryFolder();
  await using checkpoint = openSqliteCheckpoint(folder.path);
  const nothing = { config: {}, fingerprint: {}, collections: [], partitions: [] };
  await checkpoint.create({ id: 'job1', key: 'key', source: 's', target: 't', ...nothing });
  const config = { scheme: 's3', endpoint: 'https://first' } as StoreConfig;
  const token = JSON.stringify({ store: 's3://first/', token: 'id', config });
  await checkpoint.recordUpload('job1', { path: 'x', token });
  const place = await watchedPlace('/second', []);
  const open: OpenStore = (other) => assert.fail(`${JSON.stringify(other)} was opened`);
  const others = [place.config, { ...config, endpoint: 'https://second' }, { ...config, scheme: 'cos' } as StoreConfig];
  for (const other of others) {
    const left = await openJournal(checkpoint, 'job1', { ...place, config: other, open }).discardLeft();
    assert.deepEqual(left, [{ where: 's3://first/', why: 'the credentials of this run are for another service' }]);
  }
  assert.equal((await checkpoint.uploads('job1')).length, 1);
});
