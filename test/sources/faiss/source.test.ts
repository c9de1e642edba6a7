/** What an index becomes: name, schema, metric, index, notes, fingerprint; and what is refused. */
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { faissSource } from '../../../src/config/faissSource.ts';
import type { FaissSource } from '../../../src/config/job.ts';
import type { Dataset, DroppedRows } from '../../../src/core/contracts.ts';
import { layOutFaiss, runSync } from '../../../src/formats/faiss/layout.ts';
import { allocateRing, openRing } from '../../../src/run/threads/slabs.ts';
import { nameOf } from '../../../src/sources/faiss/dataset.ts';
import { openReader, openSource } from '../../../src/sources/index.ts';
import { openStore } from '../../../src/stores/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { faissFixtures, readIndex, truthOf } from './reading.ts';

const fixture = (name: string): string => join(faissFixtures(), `${name}.index`);

async function datasetOf(file: string, said: Partial<FaissSource> = {}): Promise<Dataset> {
  await using source = await openSource(faissSource(file, said), { openStore });
  return (await source.datasets())[0]!;
}

const notes = ({ notes: all }: Dataset, kind: 'info' | 'lossy'): string[] =>
  all.filter((note) => note.kind === kind).map(({ text }) => text);

test('the name is the one that was given, or made of the file', async () => {
  assert.equal((await datasetOf(fixture('flat-l2'))).name, 'flat_l2');
  assert.equal((await datasetOf(fixture('flat-l2'), { collection: 'mine' })).name, 'mine');
  for (const [path, name] of [
    ['/data/my.index', 'my'],
    ['/data/146gb index.v2.faiss', '_146gb_index_v2'],
    ['plain', 'plain'],
    ['a/.index', '_'],
    ['größe.bin', 'gr__e'],
  ] as const)
    assert.equal(nameOf(path), name);
});

test('metrics: the own one, COSINE where vectors are normalised, and by choice where Milvus has none', async () => {
  const metrics = async (name: string, said: Partial<FaissSource> = {}) => {
    const { schema, preferredMetric } = await datasetOf(fixture(name), said);
    return [schema.metric, preferredMetric];
  };
  assert.deepEqual(await metrics('flat-l2'), ['L2', undefined]);
  assert.deepEqual(await metrics('flat-ip'), ['IP', undefined]);
  assert.deepEqual(await metrics('l2norm-flat-ip'), ['IP', 'COSINE']);
  assert.deepEqual(await metrics('binary-flat'), ['HAMMING', undefined]);
  assert.deepEqual(await metrics('flat-ip', { metric: 'COSINE' }), ['COSINE', undefined]);
  assert.deepEqual(await metrics('binary-flat', { metric: 'JACCARD' }), ['JACCARD', undefined]);
  await assert.rejects(metrics('flat-canberra'), { code: 'E_METRIC', found: /Canberra/i, hint: /--metric/ });
  assert.deepEqual(await metrics('flat-canberra', { metric: 'IP' }), ['IP', undefined]);
  assert.match(notes(await datasetOf(fixture('flat-canberra'), { metric: 'IP' }), 'lossy').join(), /Canberra.*IP/i);
  await assert.rejects(metrics('binary-flat', { metric: 'L2' }), { code: 'E_METRIC', wanted: /HAMMING/ });
  await assert.rejects(metrics('flat-l2', { metric: 'HAMMING' }), { code: 'E_METRIC', wanted: /L2/ });
});

/** The fixture with the inner product as the metric of its outermost index. */
function byInnerProduct(name: string, folder: string): string {
  const bytes = readFileSync(fixture(name));
  bytes.writeInt32LE(0, 33);
  const file = join(folder, `${name}.index`);
  writeFileSync(file, bytes);
  return file;
}

test('the same ranking is promised only where it is: not for vectors that were approximated, cut or centred', async () => {
  using folder = temporaryFolder();
  assert.match(notes(await datasetOf(fixture('l2norm-flat-ip')), 'info').join(), /COSINE.*the same ranking/);
  const cut = await datasetOf(byInnerProduct('itq-less-pca-l2norm', folder.path));
  assert.equal(cut.preferredMetric, 'COSINE');
  assert.match(notes(cut, 'lossy').join(), /COSINE.*may differ/);
  const centred = await datasetOf(byInnerProduct('pca-flat', folder.path));
  assert.match(notes(centred, 'lossy').join(), /inner products of centred vectors.*--keep-transformed/);
  const chosen = await datasetOf(byInnerProduct('pca-flat', folder.path), { metric: 'IP' });
  assert.match(notes(chosen, 'lossy').join(), /centred/);
  const kept = await datasetOf(byInnerProduct('pca-flat', folder.path), { keepTransformed: true });
  assert.doesNotMatch(notes(kept, 'lossy').join(), /centred/);
  assert.doesNotMatch(notes(await datasetOf(fixture('pca-flat')), 'lossy').join(), /centred/);
});

test('what is lost is noted and described; what is not, is not', async () => {
  const flat = await datasetOf(fixture('flat-l2'));
  assert.deepEqual([notes(flat, 'lossy'), flat.description], [[], undefined]);
  const pq = await datasetOf(fixture('ivfpq-8bit'));
  assert.match(notes(pq, 'lossy').join(), /product quantiser/);
  assert.match(pq.description!, /decoded from Faiss .*lossy/);
  const mapped = await datasetOf(fixture('pca-sq8-idmap'));
  assert.equal(mapped.description, 'decoded from Faiss id map over pre-transform over scalar quantiser, lossy');
  const lacking = await datasetOf(fixture('ivfflat-nan'));
  assert.equal(lacking.rows, 298);
  assert.match(notes(lacking, 'lossy').join(), /2 of 300 rows are not in the lists/);
  const kept = await datasetOf(fixture('pca-narrower-flat'), { keepTransformed: true });
  const back = await datasetOf(fixture('pca-narrower-flat'));
  assert.ok(kept.schema.fields[1]!.dim < back.schema.fields[1]!.dim);
  assert.match(notes(kept, 'lossy').join(), /in the space behind PC/i);
});

test('indexes in the terms of Milvus', async () => {
  const index = async (name: string) => (await datasetOf(fixture(name))).index;
  assert.deepEqual(await index('flat-l2'), { type: 'FLAT', params: {} });
  assert.equal((await index('hnsw-flat'))?.type, 'HNSW');
  assert.deepEqual(Object.keys((await index('hnsw-flat'))!.params), ['M', 'efConstruction']);
  assert.deepEqual(await index('ivfflat'), { type: 'IVF_FLAT', params: { nlist: 16 } });
  assert.deepEqual(await index('idmap-ivfflat'), { type: 'IVF_FLAT', params: { nlist: 8 } });
  assert.equal((await index('ivfsq-8bit'))?.type, 'IVF_SQ8');
  const { params, type } = (await index('opq-ivfpq'))!;
  assert.equal(type, 'IVF_PQ');
  assert.equal((await datasetOf(fixture('opq-ivfpq'))).schema.fields[1]!.dim % params.m!, 0);
  assert.equal((await index('binary-ivf'))?.type, 'BIN_IVF_FLAT');
  assert.deepEqual(await index('binary-hnsw'), { type: 'BIN_FLAT', params: {} });
});

test('ids that somebody stored are said to be so', async () => {
  assert.equal((await datasetOf(fixture('flat-l2'))).storedIds, false);
  for (const name of ['idmap-flat', 'ivfflat']) assert.equal((await datasetOf(fixture(name))).storedIds, true);
});

test('a longer file is noted, with --strict an error; a shorter one an error with its place', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'a.index');
  copyFileSync(fixture('flat-l2'), file);
  appendFileSync(file, 'more');
  assert.match(notes(await datasetOf(file), 'lossy').join(), /last 4 of/);
  await assert.rejects(datasetOf(file, { strict: true }), {
    code: 'E_FAISS',
    at: { file, offset: readFileSync(file).length - 4, field: 'the end of the index' },
  });
  writeFileSync(file, readFileSync(fixture('flat-l2')).subarray(0, 100));
  await assert.rejects(datasetOf(file), ({ code, at }) => code === 'E_FAISS' && at.file === file && at.offset > 0);
});

test('refused: no such file, a folder, something else, another dimension, another collection', async () => {
  using folder = temporaryFolder();
  await assert.rejects(datasetOf(join(folder.path, 'absent.index')), { code: 'E_SOURCE_NOT_FOUND' });
  mkdirSync(join(folder.path, 'folder'));
  await assert.rejects(datasetOf(join(folder.path, 'folder')), { code: 'E_SOURCE_NOT_FOUND', found: /folder/ });
  writeFileSync(join(folder.path, 'text'), 'not an index at all');
  await assert.rejects(datasetOf(join(folder.path, 'text')), { code: 'E_FAISS' });
  writeFileSync(join(folder.path, 'empty'), '');
  await assert.rejects(datasetOf(join(folder.path, 'empty')), { code: 'E_FAISS' });
  await assert.rejects(datasetOf(fixture('flat-l2'), { dim: 3 }), { code: 'E_DIMENSION', wanted: /dimension 3/ });
  const source = faissSource(fixture('flat-l2'));
  await assert.rejects(openSource(source, { openStore, collections: ['other'] }), { code: 'E_UNKNOWN_COLLECTION' });
});

test('a file that changes while it is read is an error of the source', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'a.index');
  copyFileSync(fixture('flat-l2'), file);
  await using source = await openSource(faissSource(file), { openStore });
  const [dataset] = await source.datasets();
  const reader = await openReader(source.reader, openStore);
  for await (const partition of source.plan(dataset!, { partBytes: 512e6 })) {
    writeFileSync(file, readFileSync(file).fill(0, 60));
    utimesSync(file, 5, 5);
    const rows = reader.read(partition, dataset!.schema, openRing(allocateRing({ slabBytes: 64 * 1024, slabs: 2 })));
    await assert.rejects(rows[Symbol.asyncIterator]().next(), {
      code: 'E_SOURCE_CHANGED',
      at: { file, offset: 45 },
      hint: /--fresh/,
    });
  }
  await reader[Symbol.asyncDispose]();
});

test('lists on disk: found beside the index only; missing or cut short, an error that names the file', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'a.index');
  copyFileSync(fixture('ivfflat-ondisk'), file);
  const error = await datasetOf(file).then(
    () => assert.fail('the lists are not there'),
    (thrown) => thrown,
  );
  assert.equal(error.code, 'E_SOURCE_NOT_FOUND');
  assert.ok(error.at.file.startsWith(folder.path), error.at.file);
  writeFileSync(error.at.file, 'short');
  await assert.rejects(datasetOf(file), { code: 'E_FAISS', found: '5 bytes' });
});

test('the fingerprint tells another content, not another place of the inode', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'a.index');
  copyFileSync(fixture('flat-l2'), file);
  utimesSync(file, 1000, 1000);
  const { fingerprint } = await datasetOf(file);
  writeFileSync(`${file}.new`, readFileSync(file));
  copyFileSync(`${file}.new`, file);
  utimesSync(file, 1000, 1000);
  assert.deepEqual((await datasetOf(file)).fingerprint, fingerprint);
  utimesSync(file, 1001, 1001);
  assert.notDeepEqual((await datasetOf(file)).fingerprint, fingerprint);
});

test('duplicates of a deduplicated index whose owner is gone, and another there twice: an error, though the sum fits', async () => {
  using folder = temporaryFolder();
  const bytes = readFileSync(fixture('ivfflat-dedup'));
  const { recipe } = runSync(layOutFaiss(bytes.length), bytes);
  assert.ok(recipe.kind === 'float' && recipe.storage.kind === 'lists');
  const { lists, duplicates } = recipe.storage;
  const copies = new Map<bigint, number>();
  for (let pair = 0; pair < duplicates!.count; pair++) {
    const owner = bytes.readBigInt64LE(duplicates!.at + pair * 16);
    copies.set(owner, (copies.get(owner) ?? 0) + 1);
  }
  const single = [...copies].filter(([, count]) => count === 1).map(([owner]) => owner);
  const places = [...lists.rows.entries()].flatMap(([entry, rows]) =>
    Array.from({ length: rows }, (_, row) => lists.idsAt[entry]! + row * 8),
  );
  const place = places.find((at) => bytes.readBigInt64LE(at) === single[0]);
  bytes.writeBigInt64LE(single[1]!, place!);
  const file = join(folder.path, 'a.index');
  writeFileSync(file, bytes);
  await assert.rejects(readIndex(file), {
    code: 'E_FAISS',
    at: { file, field: 'instances', offset: duplicates!.at },
    found: /twice/,
  });
});

test('rows that are to be left out are, in every kind of index', async () => {
  for (const name of ['flat-l2', 'ivfflat', 'ivfflat-dedup', 'ivfpq-8bit', 'idmap-ivfflat']) {
    const dropped = (): DroppedRows => ({ ordinals: () => [0, 1, 7, 100][Symbol.iterator]() });
    const all = await readIndex(fixture(name), { slabBytes: 4096 });
    const some = await readIndex(fixture(name), { slabBytes: 4096, dropped });
    const left = all.ids.filter((_, row) => ![0, 1, 7, 100].includes(row));
    assert.deepEqual(some.ids, left, name);
    assert.equal(some.vectors.length * all.ids.length, all.vectors.length * left.length, name);
    assert.equal(truthOf(name).ids.length, all.ids.length);
  }
});

test('an index of no rows behind a transform that was never trained is an empty collection', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'untrained.index');
  const [d, inner] = [8, 4];
  const header = (dims: number): Buffer[] => [i32(dims), u64(0), u64(0), u64(0), Buffer.of(0), i32(1)];
  // A linear transform without a matrix in front of a flat index.
  const transform = [Buffer.from('LTra'), Buffer.of(0), u64(0), u64(0), i32(d), i32(inner), Buffer.of(0)];
  const flat = [Buffer.from('IxF2'), ...header(inner), u64(0)];
  writeFileSync(file, Buffer.concat([Buffer.from('IxPT'), ...header(d), i32(1), ...transform, ...flat]));
  const { rows, schema } = await datasetOf(file);
  assert.deepEqual([rows, schema.fields[1]?.dim], [0, d]);
});

function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
