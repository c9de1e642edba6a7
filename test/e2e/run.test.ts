/** `run` into a real Milvus 2.3.5: streamed and by bulk insert, each write mode, and what verification catches. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Report } from '../../src/core/report.ts';
import { temporaryFolder } from '../temporary.ts';
import { fixture, interruptWhen, milvusMigrate, wanted, wantedRows } from './harness.ts';
import { assertAll, countRows, testDatabase } from './reading.ts';

interface Place extends AsyncDisposable {
  readonly database: Awaited<ReturnType<typeof testDatabase>>;
  readonly staging: string;
  readonly path: string;
  /** Words for `run` of that fixture. */
  words(name: string, ...flags: string[]): string[];
}

async function place(): Promise<Place> {
  const folder = temporaryFolder();
  const database = await testDatabase();
  const staging = join(folder.path, 'staging');
  mkdirSync(staging);
  return {
    database,
    staging,
    path: folder.path,
    words: (name, ...flags) => [
      'run',
      `milvus1x:${join(fixture(name), 'db')}`,
      ...database.flags,
      '--state',
      join(folder.path, 'state'),
      '--threads',
      '2',
      '--report',
      join(folder.path, 'report.json'),
      ...flags,
    ],
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

const reportOf = ({ path }: Place): Report => JSON.parse(readFileSync(join(path, 'report.json'), 'utf8'));

// Most of a run is Milvus waiting for its own ticks: side by side they take no longer.
describe('run', { concurrency: 4 }, () => {
  for (const how of ['streamed', 'bulk'] as const)
    test(`run mixed, ${how}: all of it arrives, verified; a second run moves nothing`, async () => {
      await using at = await place();
      const flags = how === 'bulk' ? ['--staging', at.staging, '--part-size', '1MB'] : ['--part-size', '1MB'];
      const ended = await milvusMigrate(at.words('mixed', ...flags));
      assert.equal(ended.code, 0, ended.stderr);
      await assertAll(at.database, 'mixed', wanted('mixed'));
      const report = reportOf(at);
      for (const { verify, outcome } of report.collections) {
        assert.equal(outcome, 'loaded');
        assert.equal(verify.count, 'ok');
        assert.equal(verify.samples, 'ok');
      }
      assert.deepEqual(readdirSync(at.staging), [], 'intermediate files are gone');
      const again = await milvusMigrate(at.words('mixed', ...flags));
      assert.equal(again.code, 0, again.stderr);
      await assertAll(at.database, 'mixed', wanted('mixed'));
      assert.equal(reportOf(at).job, report.job, 'the same job');
    });

  /** What is special about a case shows on one way mostly; ids go through a wire format of their own on each. */
  const WAYS = {
    streamed: ['extreme-ids', 'duplicate-ids', 'empty', 'substructure', 'tanimoto', 'odd-name'],
    bulk: ['extreme-ids', 'duplicate-ids', 'partitions', 'indexed', 'deletes', 'binary-partitions'],
  } as const;
  for (const how of ['streamed', 'bulk'] as const)
    for (const name of WAYS[how])
      test(`run ${name}, ${how}, every row verified`, async () => {
        await using at = await place();
        const flags = how === 'bulk' ? ['--staging', at.staging] : [];
        const ended = await milvusMigrate(at.words(name, '--verify', 'full', ...flags));
        assert.equal(ended.code, 0, ended.stderr);
        await assertAll(at.database, name, wanted(name));
        assert.equal(
          reportOf(at).collections.reduce((sum, { loaded }) => sum + loaded, 0),
          wanted(name).rows,
        );
      });

  test('run non-finite: nothing of that collection is loaded, the report names the rows; with --reject-file the rest is', async () => {
    await using at = await place();
    const ended = await milvusMigrate(at.words('non-finite', '--staging', at.staging));
    assert.equal(ended.code, 6, ended.stderr);
    const withheld = reportOf(at).collections.filter(({ outcome }) => outcome === 'withheld');
    assert.ok(withheld.length > 0);
    for (const { collection, nonFinite, firstNonFinite } of withheld) {
      assert.ok(nonFinite > 0 && firstNonFinite.length > 0);
      const { value } = await at.database.client.hasCollection({ collection_name: collection });
      assert.equal(value, false, `${collection} was not created for nothing`);
    }
    const rejects = join(at.path, 'rejects.jsonl');
    const again = await milvusMigrate(at.words('non-finite', '--staging', at.staging, '--reject-file', rejects));
    assert.equal(again.code, 6, again.stderr);
    const bad = JSON.parse(readFileSync(join(fixture('non-finite'), 'want/rejects.json'), 'utf8')) as unknown[];
    assert.equal(readFileSync(rejects, 'utf8').trim().split('\n').length, bad.length);
    const total = wanted('non-finite').rows - bad.length;
    assert.equal(
      reportOf(at).collections.reduce((sum, { loaded }) => sum + loaded, 0),
      total,
    );
    assert.ok(reportOf(at).collections.every(({ verify }) => verify.count === 'ok' && verify.samples === 'ok'));
  });

  test('an existing collection with rows: refused, appended to, left, replaced', async () => {
    await using at = await place();
    const first = await milvusMigrate(at.words('l2'));
    assert.equal(first.code, 0, first.stderr);
    const [collection] = wanted('l2').collections;
    const fresh = (flags: string[], state: string) =>
      milvusMigrate(at.words('l2', ...flags).map((word) => (word.endsWith('/state') ? join(at.path, state) : word)));

    const refused = await fresh([], 'state-refused');
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /E_COLLECTION_NOT_EMPTY/);
    assert.equal(await countRows(at.database, collection!.name), collection!.rows);

    const left = await fresh(['--mode', 'skip'], 'state-skip');
    assert.equal(left.code, 0, left.stderr);
    assert.equal(reportOf(at).collections[0]?.outcome, 'left');
    assert.equal(await countRows(at.database, collection!.name), collection!.rows);

    const replaced = await fresh(['--mode', 'overwrite'], 'state-overwrite');
    assert.equal(replaced.code, 0, replaced.stderr);
    await assertAll(at.database, 'l2', wanted('l2'));
    const { data } = await at.database.client.showCollections();
    assert.deepEqual(
      data.map(({ name }) => name),
      [collection!.name],
      'no scratch collection is left',
    );

    const appended = await fresh(['--mode', 'append', '--staging', at.staging], 'state-append');
    assert.equal(appended.code, 0, appended.stderr);
    assert.equal(await countRows(at.database, collection!.name), 2 * collection!.rows);
  });

  test('an existing collection with another schema is refused before anything moves', async () => {
    await using at = await place();
    const [collection] = wanted('l2').collections;
    const { client } = at.database;
    await client.createCollection({
      collection_name: collection!.name,
      fields: [
        { name: 'id', data_type: 'Int64', is_primary_key: true, autoID: false },
        { name: 'data', data_type: 'FloatVector', dim: collection!.dim + 1 },
      ],
    } as never);
    const ended = await milvusMigrate(at.words('l2'));
    assert.equal(ended.code, 4);
    assert.match(ended.stderr, /E_TARGET_SCHEMA/);
    assert.ok(ended.stderr.includes(String(collection!.dim + 1)) && ended.stderr.includes(String(collection!.dim)));
  });

  test('verify: a row that is gone and a vector that changed are found, exit code 5', async () => {
    await using at = await place();
    assert.equal((await milvusMigrate(at.words('l2'))).code, 0);
    const [collection] = wanted('l2').collections;
    const { client } = at.database;
    const verify = at.words('l2', '--verify', 'full').with(0, 'verify');
    const fine = await milvusMigrate(verify);
    assert.equal(fine.code, 0, fine.stderr);
    const { data } = await client.query({
      collection_name: collection!.name,
      filter: 'id != 0',
      limit: 2,
      output_fields: ['id', 'data'],
    } as never);
    const [one] = data as { id: string; data: number[] }[];
    await client.upsert({
      collection_name: collection!.name,
      data: [{ id: one!.id, data: one!.data.map((value, at0) => (at0 === 0 ? value + 1 : value)) }],
    } as never);
    const changed = await milvusMigrate(verify);
    assert.equal(changed.code, 5, changed.stderr);
    assert.ok(changed.stderr.includes(one!.id), changed.stderr);
    await client.delete({ collection_name: collection!.name, filter: `id in [${one!.id}]` } as never);
    const lost = await milvusMigrate(verify);
    assert.equal(lost.code, 5, lost.stderr);
  });

  test('verify: a source that was changed as the target was excuses no row', async () => {
    await using at = await place();
    const source = join(at.path, 'db');
    cpSync(join(fixture('l2'), 'db'), source, { recursive: true, preserveTimestamps: true });
    const words = at.words('l2').with(1, `milvus1x:${source}`);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    const [collection] = wanted('l2').collections;
    const { client } = at.database;
    const name = collection!.name;
    const asked = { collection_name: name, filter: 'id != 0', limit: 1, output_fields: ['id', 'data'] };
    const { data } = await client.query(asked as never);
    const [row] = data as { id: string; data: number[] }[];
    // Its first number gets another sign: in the source, without a trace, and in Milvus.
    const bytes = Buffer.from(Float32Array.from(row!.data).buffer);
    const file = filesBelow(source).find((path) => path.endsWith('.rv') && readFileSync(path).includes(bytes))!;
    const { atime, mtime } = statSync(file);
    const whole = readFileSync(file);
    whole[whole.indexOf(bytes) + 3]! ^= 0x80;
    writeFileSync(file, whole);
    utimesSync(file, atime, mtime);
    const changed = row!.data.map((value, place) => (place === 0 ? -value : value));
    await client.upsert({ collection_name: name, data: [{ id: row!.id, data: changed }] } as never);
    const verified = await milvusMigrate(words.with(0, 'verify'));
    assert.equal(verified.code, 5, verified.stderr);
    assert.ok(verified.stderr.includes(row!.id), verified.stderr);
    const again = await milvusMigrate([...words.with(0, 'verify'), '--verify', 'full']);
    assert.match(again.stderr, /E_SOURCE_CHANGED/);
    assert.equal(again.code, 3, again.stderr);
  });

  test('a dumped folder whose bytes were changed since is not loaded', async () => {
    await using at = await place();
    const out = join(at.path, 'out');
    const source = `milvus1x:${join(fixture('l2'), 'db')}`;
    const dumped = await milvusMigrate(['dump', source, '--out', out, '--state', join(at.path, 'state-1')]);
    assert.equal(dumped.code, 0, dumped.stderr);
    const file = filesBelow(out).find((path) => path.endsWith('data.npy'))!;
    const whole = readFileSync(file);
    whole[whole.length - 1]! ^= 0x80;
    writeFileSync(file, whole);
    const load = ['load', out, ...at.database.flags, '--state', join(at.path, 'state-2')];
    const ended = await milvusMigrate(load);
    assert.match(ended.stderr, /E_PART_DAMAGED/);
    assert.equal(ended.code, 4, ended.stderr);
    assert.ok(ended.stderr.includes('data.npy has another checksum'), ended.stderr);
  });

  test('a dumped folder is loaded on another host', async () => {
    await using at = await place();
    const out = join(at.path, 'out');
    const source = `milvus1x:${join(fixture('partitions'), 'db')}`;
    const dumped = await milvusMigrate(['dump', source, '--out', out, '--state', join(at.path, 'state-1')]);
    assert.equal(dumped.code, 0, dumped.stderr);
    const load = ['load', out, ...at.database.flags, '--state', join(at.path, 'state-2'), '--verify', 'full'];
    const ended = await milvusMigrate(load);
    assert.equal(ended.code, 0, ended.stderr);
    await assertAll(at.database, 'partitions', wanted('partitions'));
    assert.ok(existsSync(join(out, 'tables')), 'the dump stays');
  });

  test('SIGINT: exit 130, the job says interrupted and is resumed by the same command', async () => {
    await using at = await place();
    const words = at.words('mixed', '--part-size', '1MB', '--staging', at.staging);
    const stopped = await interruptWhen(words, /load/, ['SIGINT']);
    assert.equal(stopped.code, 130, stopped.stderr);
    const jobs = await milvusMigrate(['jobs', '--state', join(at.path, 'state')]);
    assert.match(jobs.stdout, /interrupted/);
    const resumed = await milvusMigrate(words);
    assert.equal(resumed.code, 0, resumed.stderr);
    await assertAll(at.database, 'mixed', wanted('mixed'));
  });

  test('field names, index and merge by flags', async () => {
    await using at = await place();
    const flags = [
      '--merge',
      'a,b',
      '--into',
      'c',
      '--on-duplicate',
      'first',
      '--id-field',
      'pk',
      '--vector-field',
      'vec',
      '--index',
      'IVF_FLAT:nlist=16',
    ];
    const ended = await milvusMigrate(at.words('merge-overlap', ...flags));
    assert.equal(ended.code, 0, ended.stderr);
    const described = await at.database.client.describeCollection({ collection_name: 'c' });
    assert.deepEqual(
      described.schema.fields.map(({ name }) => name),
      ['pk', 'vec'],
    );
    const index = await at.database.client.describeIndex({ collection_name: 'c' });
    assert.ok(index.index_descriptions[0]?.params.some(({ value }) => value === 'IVF_FLAT'));
    const keys = wanted('merge-overlap').collections.map(({ partitions }) =>
      partitions.flatMap(({ dir }) => [...wantedRows('merge-overlap', dir).ids]),
    );
    const [first, second] = keys as [bigint[], bigint[]];
    const both = new Set(first);
    const rows = first.length + second.filter((key) => !both.has(key)).length;
    assert.ok(rows < first.length + second.length, 'the fixture has duplicates');
    assert.equal(await countRows(at.database, 'c'), rows);
  });
});
