/** Faiss indexes into a real Milvus 2.3.5: streamed and by bulk insert, every row verified, and read back by the SDK. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { faissFixtures } from '../sources/faiss/reading.ts';
import { assertIndex, type FaissPlace, faissCase, faissPlace } from './faissPlace.ts';
import { milvusMigrate } from './harness.ts';
import { collections, reportOf } from './place.ts';

interface Wanted {
  readonly index: string;
  readonly metric: string;
  readonly lossy: boolean;
}

const CASES: Readonly<Record<string, Wanted>> = {
  'flat-l2': { index: 'FLAT', metric: 'L2', lossy: false },
  'idmap-flat': { index: 'FLAT', metric: 'L2', lossy: false },
  'ivfflat-ids-ip': { index: 'IVF_FLAT', metric: 'IP', lossy: false },
  'ivfflat-dedup': { index: 'IVF_FLAT', metric: 'L2', lossy: false },
  'hnsw-flat': { index: 'HNSW', metric: 'L2', lossy: false },
  'ivfpq-8bit': { index: 'IVF_PQ', metric: 'L2', lossy: true },
  'sq-8bit-32': { index: 'FLAT', metric: 'L2', lossy: true },
  'binary-flat': { index: 'BIN_FLAT', metric: 'HAMMING', lossy: false },
  'l2norm-flat-ip': { index: 'FLAT', metric: 'COSINE', lossy: true },
};

/** As `nameOf` makes it of the file. */
const collectionOf = (name: string): string => name.replaceAll('-', '_');

describe('faiss', { concurrency: 4 }, () => {
  for (const [index, [name, wanted]] of Object.entries(CASES).entries()) {
    const bulk = index % 2 === 0;
    test(`${name}, ${bulk ? 'bulk' : 'streamed'}: all of it arrives, under its ids, with its index and metric`, async () => {
      await using at = await faissPlace();
      const ended = await milvusMigrate(at.words(name, '--verify', 'full', ...(bulk ? ['--staging', at.staging] : [])));
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(await collections(at.database), [collectionOf(name)]);
      await assertIndex(at.database, name, collectionOf(name));
      const [report] = reportOf(at).collections;
      assert.equal(report!.outcome, 'loaded');
      assert.equal(report!.loaded, faissCase(name).rows);
      assert.equal(report!.verify.count, 'ok');
      assert.equal(report!.verify.samples, 'ok');
      assert.equal(
        report!.notes.some(({ kind }) => kind === 'lossy'),
        wanted.lossy,
      );
      await assertCollection(at, name, wanted);
      assert.deepEqual(readdirSync(at.staging), []);
    });
  }

  test('an empty index becomes an empty collection', async () => {
    await using at = await faissPlace();
    const ended = await milvusMigrate(at.words('flat-empty', '--collection', 'nothing'));
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(await collections(at.database), ['nothing']);
  });

  test('another metric than the index has: by choice, and said in the report', async () => {
    await using at = await faissPlace();
    const refused = await milvusMigrate(at.words('flat-l1'));
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /E_METRIC[\s\S]*--metric L2/);
    const ended = await milvusMigrate(at.words('flat-l1', '--metric', 'L2'));
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /metric is L1; the collection gets L2/);
    await assertIndex(at.database, 'flat-l1', 'flat_l1');
  });

  test('ids that occur twice and negative ones: each row arrives, and the report names them', async () => {
    await using at = await faissPlace();
    const ended = await milvusMigrate(at.words('idmap-ivfflat'));
    assert.equal(ended.code, 0, ended.stderr);
    const { warnings } = reportOf(at);
    assert.match(warnings.join('\n'), /ids that occur more than once[\s\S]*negative ids/);
    await assertIndex(at.database, 'idmap-ivfflat', 'idmap_ivfflat');
    const [, ...words] = at.words('idmap-ivfflat');
    const again = await milvusMigrate(['verify', ...words, '--verify', 'full']);
    assert.equal(again.code, 0, again.stderr);
    const report = words.indexOf('--report');
    const planWords = words.toSpliced(report, 2);
    const planned = await milvusMigrate(['plan', ...planWords, '--fresh', '--scan', '--json']);
    assert.match(planned.stdout, /ids that occur more than once/, planned.stderr);
  });

  test('a name as long as names may be, of an index that stores its ids', async () => {
    await using at = await faissPlace();
    const long = 'c'.repeat(255);
    const ended = await milvusMigrate(at.words('idmap-ivfflat', '--collection', long));
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(await collections(at.database), [long]);
  });

  test('an old migration.yaml with work mode faiss: start moves the index under its name', async () => {
    await using at = await faissPlace();
    const file = join(at.path, 'migration.yaml');
    const { d, metric } = faissCase('flat-l2');
    assert.equal(metric, 1);
    const endpoint = at.database.flags[1]!.replace('http://', '');
    writeFileSync(
      file,
      [
        'dumper: {worker: {workMode: faiss, limit: 2, reader: {bufferSize: 1024}, writer: {bufferSize: 1024}}}',
        'loader: {worker: {limit: 2}}',
        'meta: {milvus: {createIndex: true, loadData: true}}',
        `source: {mode: local, local: {faissFile: ${join(faissFixtures(), 'flat-l2.index')}}}`,
        'target:',
        '  mode: local',
        `  local: {outputDir: ${at.staging}}`,
        `  create: {collection: {name: from_old, shardsNum: 1, dim: ${d}, metricType: L2}}`,
        `  milvus2x: {endpoint: "${endpoint}", database: ${at.database.name}}`,
      ].join('\n'),
    );
    const ended = await milvusMigrate(['start', '--config', file, '--state', join(at.path, 'state')]);
    assert.equal(ended.code, 0, ended.stderr);
    await assertIndex(at.database, 'flat-l2', 'from_old');
  });
});

async function assertCollection({ database: { client } }: FaissPlace, name: string, wanted: Wanted): Promise<void> {
  const collection_name = collectionOf(name);
  const { schema } = await client.describeCollection({ collection_name });
  assert.equal(/lossy/.test(schema.description), wanted.lossy, schema.description);
  const { index_descriptions: indexes } = await client.describeIndex({ collection_name });
  const params = Object.fromEntries(indexes[0]!.params.map(({ key, value }) => [key, value]));
  assert.equal(params.index_type, wanted.index);
  assert.equal(params.metric_type, wanted.metric);
}
