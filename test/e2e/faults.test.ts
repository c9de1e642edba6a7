/** What goes wrong around a run: a source or a target that changed, a second process, a bad staging folder, damaged files. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readSync,
  truncateSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Ended, fixture, milvusMigrate, wanted } from './harness.ts';
import { runKilled, runUntil } from './killed.ts';
import { assertExact, collections, type Place, place, reportOf, targetName } from './place.ts';
import { smallDisk } from './smallDisk.ts';

const COLLECTION = targetName(wanted('l2').collections[0]!);

function assertError({ code, stderr }: Ended, exitCode: number, error: string): void {
  assert.equal(code, exitCode, stderr);
  assert.match(stderr, new RegExp(`^error ${error}\\b`, 'm'));
}

/** Without the line breaks and indents of an error block. */
const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

async function endsExact(at: Place, words: readonly string[], name = 'l2'): Promise<Ended> {
  const ended = await milvusMigrate(words);
  assert.equal(ended.code, 0, ended.stderr);
  await assertExact(at, name);
  return ended;
}

/** The one file of that name below a folder. */
function fileBelow(folder: string, name: string): string {
  const [found, ...more] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) =>
    one.endsWith(name),
  );
  assert.ok(found !== undefined && more.length === 0, `${found} ${more.join(' ')}`);
  return join(folder, found);
}

/** Size and length stay as they are. */
function flipOneBit(file: string, offset: number): void {
  const fd = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, offset);
  writeSync(fd, Buffer.from([byte[0]! ^ 1]), 0, 1, offset);
  closeSync(fd);
}

describe('faults', { concurrency: 4 }, () => {
  test('a source that changed since the plan is an error that names the change; --fresh starts over', async () => {
    await using at = await place();
    const source = join(at.path, 'db');
    cpSync(join(fixture('l2'), 'db'), source, { recursive: true, preserveTimestamps: true });
    const words = at.words(source, '--staging', at.staging, '--mode', 'overwrite');
    await runKilled(words, 'import recorded');
    const vectors = fileBelow(source, '.rv');
    utimesSync(vectors, 1, 1);
    const refused = await milvusMigrate(words);
    assertError(refused, 3, 'E_SOURCE_CHANGED');
    assert.match(inOneLine(refused.stderr), /faces: segment \d+ changed .*--fresh/);
    // What the first run loaded is in the way of a job that may only fill an empty collection.
    await endsExact(at, [...words, '--fresh']);
  });

  test('--fresh after a run that was killed while it loaded the replacement: its scratch collection goes', async () => {
    await using at = await place();
    const words = at.words('l2', '--mode', 'overwrite');
    await milvusMigrate(words);
    const again = at.words('l2', '--mode', 'overwrite', '--fresh');
    await runKilled(again, 'batch sent');
    assert.equal((await collections(at.database)).length, 2);
    await endsExact(at, again);
  });

  for (const how of ['dropped', 'dropped and made anew'] as const)
    test(`a collection that was ${how} while the job stood still is an error; --fresh starts over`, async () => {
      await using at = await place();
      const words = at.words('l2');
      await runKilled(words, 'batch sent');
      const { client } = at.database;
      await client.dropCollection({ collection_name: COLLECTION });
      if (how === 'dropped and made anew')
        await client.createCollection({
          collection_name: COLLECTION,
          fields: [
            { name: 'id', data_type: 'Int64', is_primary_key: true, autoID: false },
            { name: 'data', data_type: 'FloatVector', dim: wanted('l2').collections[0]!.dim },
          ],
        } as never);
      const refused = await milvusMigrate(words);
      assertError(refused, 4, 'E_COLLECTION_REPLACED');
      assert.match(refused.stderr, how === 'dropped' ? /no such collection/ : /a collection with id \d+/);
      assert.match(refused.stderr, /--fresh/);
      await endsExact(at, [...words, '--fresh']);
    });

  test('a second process on the same job is refused, and the first is not disturbed', async () => {
    await using at = await place();
    const words = at.words('l2', '--staging', at.staging);
    const first = await runUntil(words, { moment: 'import recorded', signal: 'SIGSTOP' }, async (child) => {
      assertError(await milvusMigrate(words), 2, 'E_JOB_LOCKED');
      child.kill('SIGCONT');
    });
    assert.equal(first.code, 0, first.stderr);
    await assertExact(at, 'l2');
  });

  test('a staging folder that Milvus does not see is found before any data moves; the same job goes on with the right path', async () => {
    await using at = await place();
    const refused = await milvusMigrate(at.words('l2', '--staging', at.staging, '--staging-as', '/nowhere'));
    assertError(refused, 4, 'E_STAGING');
    assert.match(inOneLine(refused.stderr), /no such file.*Milvus sees no \/nowhere.*--staging-as/);
    assert.deepEqual(readdirSync(at.staging), []);
    assert.deepEqual(await collections(at.database), [COLLECTION], 'no scratch collection is left');
    assert.equal(await statisticRows(at), 0);
    await endsExact(at, at.words('l2', '--staging', at.staging));
  });

  test('a staging folder that can not be written to', async (context) => {
    await using at = await place();
    using disk = smallDisk('80m', ['ro']);
    if (disk === undefined && process.getuid?.() === 0)
      return context.skip('root may write everywhere, and mounting a read-only file system is refused here');
    const staging = disk?.path ?? at.staging;
    if (disk === undefined) chmodSync(staging, 0o500);
    const refused = await milvusMigrate(at.words('l2', '--staging', staging));
    assertError(refused, 4, 'E_STORE');
    assert.ok(refused.stderr.includes(staging), refused.stderr);
    assert.match(refused.stderr, /right to write/);
  });

  test('a part that was cut short is found by its size and made again', async () => {
    await using at = await place();
    const words = at.words('l2', '--staging', at.staging);
    await runKilled(words, 'part recorded');
    truncateSync(fileBelow(at.staging, 'data.npy'), 1000);
    await endsExact(at, words);
    assert.match(reportOf(at).warnings.join(), /data\.npy has 1000 bytes.*were written/);
  });

  test('a part with one wrong bit is found by --check-parts and made again', async () => {
    await using at = await place();
    const words = at.words('l2', '--staging', at.staging, '--check-parts');
    await runKilled(words, 'part recorded');
    flipOneBit(fileBelow(at.staging, 'data.npy'), 5000);
    await endsExact(at, words);
    assert.match(reportOf(at).warnings.join(), /data\.npy has another checksum/);
  });

  test('a dumped folder that was damaged is not loaded: there is nothing to make the part from again', async () => {
    await using at = await place();
    const out = join(at.path, 'out');
    const dumped = await milvusMigrate(at.words('l2', '--out', out).with(0, 'dump'));
    assert.equal(dumped.code, 0, dumped.stderr);
    const load = ['load', out, ...at.database.flags, '--state', join(at.path, 'state-2')];
    const file = fileBelow(out, 'data.npy');
    flipOneBit(file, 5000);
    assertError(await milvusMigrate([...load, '--check-parts']), 4, 'E_PART_DAMAGED');
    flipOneBit(file, 5000);
    truncateSync(file, 1000);
    assertError(await milvusMigrate(load), 4, 'E_PART_DAMAGED');
    assert.equal(await statisticRows(at), 0);
  });

  test('a batch in doubt whose keys occur more than once is not sent again; --mode overwrite --fresh moves it exactly', async () => {
    await using at = await place();
    const name = 'duplicate-ids';
    await runKilled(at.words(name), 'batch sent');
    const refused = await milvusMigrate(at.words(name));
    assertError(refused, 4, 'E_LOAD_IN_DOUBT');
    assert.match(inOneLine(refused.stderr), /--mode overwrite --fresh/);
    await endsExact(at, at.words(name, '--mode', 'overwrite', '--fresh'), name);
  });
});

async function statisticRows({ database }: Place): Promise<number> {
  const names = await collections(database);
  let rows = 0;
  for (const collection_name of names) {
    const { data } = await database.client.getCollectionStatistics({ collection_name });
    rows += Number(data.row_count);
  }
  return rows;
}
