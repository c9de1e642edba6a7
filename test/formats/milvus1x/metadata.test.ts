import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shapeOf } from '../../../src/formats/milvus1x/collection.ts';
import { compareIds, type MetadataTables, readMetadata } from '../../../src/formats/milvus1x/metadata.ts';
import { fileRow, type Row, tableRow } from '../../sources/milvus1x/build.ts';

const at = { file: 'meta.sqlite' };
const tables = (
  Tables: readonly Row[],
  TableFiles: readonly Row[] = [],
  Environment: readonly Row[] = [],
  Fields: readonly Row[] = [],
): MetadataTables => ({
  names: ['Tables', 'TableFiles', 'Environment'],
  Tables,
  TableFiles,
  Environment,
  Fields,
});

test('live rows only: states, file types, partitions, order', () => {
  const model = readMetadata(
    tables(
      [
        tableRow('late', { id: 9 }),
        tableRow('faces', { id: 1 }),
        tableRow('900', { id: 3, owner_table: 'faces', partition_tag: 'eu' }),
        tableRow('901', { id: 4, owner_table: 'faces', partition_tag: 'old', state: 1 }),
        tableRow('gone', { id: 2, state: 1, dimension: 'junk' }),
        tableRow('902', { id: 5, owner_table: 'gone', partition_tag: 'x' }),
        tableRow('903', { id: 6, owner_table: 'nobody', partition_tag: 'x' }),
      ],
      [
        fileRow('faces', '1000', { file_type: 7 }),
        fileRow('faces', '1000', { file_type: 3, engine_type: 3, file_id: 'i' }),
        fileRow('faces', '999', { file_type: 2 }),
        ...[0, 4, 5, 6].map((file_type) => fileRow('faces', `200${file_type}`, { file_type })),
        fileRow('900', '5', { row_count: '12' }),
        fileRow('gone', '6'),
      ],
      [{ global_lsn: 2n ** 60n }],
    ),
    at,
  );
  assert.deepEqual(
    model.collections.map(({ name }) => name),
    ['faces', 'late'],
  );
  const [faces] = model.collections;
  assert.deepEqual(
    faces?.partitions.map(({ tag, tableId, segments }) => [tag, tableId, segments.map(({ segment }) => segment)]),
    [
      ['', 'faces', ['999', '1000']],
      ['eu', '900', ['5']],
    ],
  );
  assert.equal(faces?.partitions[1]?.segments[0]?.rows, 12);
  assert.equal(faces?.engineType, 3);
  assert.equal(model.globalLsn, 2n ** 60n);
  const partition = { tag: 'x', owner: 'nobody' };
  assert.deepEqual(model.orphans, [{ tableId: '903', partition, segments: 0, rows: 0 }]);
});

test('live rows that no collection leads to are orphans; what was dropped is none', () => {
  const eu = tableRow('900', { owner_table: 'faces', partition_tag: 'eu' });
  const { orphans } = readMetadata(
    tables(
      [
        tableRow('faces'),
        eu,
        tableRow('901', { owner_table: '900', partition_tag: 'nested' }),
        tableRow('902', { owner_table: '902', partition_tag: 'own' }),
        tableRow('gone', { state: 1 }),
        tableRow('903', { owner_table: 'gone', partition_tag: 'x' }),
        tableRow('904', { owner_table: 'faces', partition_tag: 'old', state: 1 }),
      ],
      [
        fileRow('901', '1'),
        fileRow('901', '2', { row_count: 5 }),
        fileRow('903', '3'),
        fileRow('904', '4'),
        fileRow('gone', '5'),
        fileRow('lost', '6', { file_type: 7 }),
        fileRow('lost', '6', { file_type: 3 }),
        ...[0, 3, 4, 5, 6].map((file_type) => fileRow('merged', `700${file_type}`, { file_type })),
      ],
    ),
    at,
  );
  assert.deepEqual(orphans, [
    { tableId: '901', partition: { tag: 'nested', owner: '900' }, segments: 2, rows: 15 },
    { tableId: '902', partition: { tag: 'own', owner: '902' }, segments: 0, rows: 0 },
    { tableId: 'lost', partition: undefined, segments: 1, rows: 10 },
  ]);
});

test('attributes of a hybrid collection are named once, and refused', () => {
  const field = (collection_id: string, field_name: string, field_type: number): Row => ({
    ...{ collection_id, field_name, field_type },
    field_params: '{}',
  });
  const fields = [field('mixed', 'age', 4), field('mixed', 'vec', 100), field('mixed', 'price', 40)];
  const rows = [tableRow('mixed', { id: 1 }), tableRow('vectors', { id: 2 }), tableRow('plain', { id: 3 })];
  const { collections } = readMetadata(tables(rows, [], [], [...fields, ...fields, field('vectors', 'v', 100)]), at);
  assert.deepEqual(
    collections.map(({ attributes }) => attributes),
    [['age', 'price'], [], []],
  );
  assert.throws(() => shapeOf(collections[0]!), {
    code: 'E_SOURCE_SCHEMA',
    found: 'age, price',
    at: { collection: 'mixed' },
  });
  for (const collection of collections.slice(1)) assert.ok(shapeOf(collection));
});

test('states and file types that no server writes are not passed over', () => {
  for (const [broken, found] of [
    [tables([tableRow('a', { state: 2 })]), '2 in Tables.state'],
    [tables([tableRow('a', { state: -1 })]), '-1 in Tables.state'],
    [tables([tableRow('a')], [fileRow('a', '7', { file_type: 8 })]), '8 in TableFiles.file_type'],
  ] as const)
    assert.throws(() => readMetadata(broken, at), { code: 'E_METADATA', found });
});

test('a segment that two live rows name is read once, and said', () => {
  const model = readMetadata(tables([tableRow('c')], [fileRow('c', '1'), fileRow('c', '1', { file_type: 7 })]), at);
  assert.equal(model.collections[0]?.partitions[0]?.segments.length, 1);
  assert.match(model.collections[0]?.notes[0]?.text ?? '', /segment 1/);
});

test('a table id with two live rows is refused: its rows would arrive twice', () => {
  const eu = tableRow('77', { owner_table: 'c', partition_tag: 'eu' });
  const us = { ...eu, partition_tag: 'us' };
  for (const rows of [
    [tableRow('c'), tableRow('c')],
    [tableRow('c'), eu, eu],
    [tableRow('c'), eu, us],
  ])
    assert.throws(() => readMetadata(tables(rows), at), { code: 'E_METADATA', wanted: 'each table id once' });
  const dropped = tableRow('c', { state: 1 });
  assert.equal(readMetadata(tables([dropped, tableRow('c'), dropped]), at).collections.length, 1);
});

test('missing columns: needed ones are named, others tolerated', () => {
  const { dimension: _, ...noDimension } = tableRow('c');
  assert.throws(
    () => readMetadata(tables([noDimension]), at),
    (error: { code: string; at: { field: string } }) =>
      error.code === 'E_METADATA' && error.at.field === 'Tables.dimension',
  );
  const { file_type: __, ...noType } = fileRow('c', '1');
  assert.throws(() => readMetadata(tables([tableRow('c')], [noType]), at), { code: 'E_METADATA' });
  const old = { table_id: 'c', state: 0, dimension: 8, metric_type: 1, engine_type: 3, nlist: 4096 };
  const [collection] = readMetadata(tables([old], [{ table_id: 'c', segment_id: '1', file_type: 1 }]), at).collections;
  assert.deepEqual(shapeOf(collection!).index, { type: 'IVF_SQ8', params: { nlist: 4096 } });
  assert.equal(collection?.partitions[0]?.segments[0]?.rows, undefined);
});

test('Milvus 0.11 and other databases are told apart', () => {
  const names = (list: string[]): MetadataTables => ({ ...tables([]), names: list });
  assert.throws(() => readMetadata(names(['Collection', 'SegmentCommit']), at), {
    code: 'E_SOURCE_VERSION',
    message: /0\.11/,
  });
  assert.throws(() => readMetadata(names(['songs']), at), { code: 'E_METADATA' });
  assert.throws(() => readMetadata(names([]), at), { code: 'E_METADATA' });
});

const shape = (more: Row) =>
  shapeOf(readMetadata(tables([tableRow('c', { dimension: 64, ...more })]), at).collections[0]!);

test('metrics', () => {
  const of = (metric_type: number) => {
    const { schema, preferredMetric, notes } = shape({ metric_type, engine_type: 1 });
    return [
      schema.metric,
      preferredMetric,
      schema.fields[1]?.type,
      notes.filter(({ kind }) => kind === 'lossy').length,
    ];
  };
  assert.deepEqual(of(1), ['L2', undefined, 'FloatVector', 0]);
  assert.deepEqual(of(2), ['IP', undefined, 'FloatVector', 0]);
  assert.deepEqual(of(3), ['HAMMING', undefined, 'BinaryVector', 0]);
  assert.deepEqual(of(4), ['JACCARD', undefined, 'BinaryVector', 0]);
  assert.deepEqual(of(5), ['JACCARD', undefined, 'BinaryVector', 1]);
  assert.deepEqual(of(6), ['HAMMING', 'SUBSTRUCTURE', 'BinaryVector', 1]);
  assert.deepEqual(of(7), ['HAMMING', 'SUPERSTRUCTURE', 'BinaryVector', 1]);
  for (const metric_type of [0, 8, 99, -1]) assert.throws(() => of(metric_type), { code: 'E_METRIC' });
});

test('dimensions', () => {
  for (const dimension of [0, -16, 32_769, 2 ** 40]) assert.throws(() => shape({ dimension }), { code: 'E_DIMENSION' });
  assert.throws(() => shape({ dimension: 63, metric_type: 4 }), { code: 'E_DIMENSION' });
  assert.equal(shape({ dimension: 32_768 }).rowBytes, 8 + 4 * 32_768);
  assert.equal(shape({ dimension: 64, metric_type: 3 }).rowBytes, 16);
});

test('indexes', () => {
  const of = (engine_type: number, index_params = '{}', more: Row = {}) => {
    const { index, notes } = shape({ engine_type, index_params, ...more });
    return [index?.type, index?.params, notes.length];
  };
  assert.deepEqual(of(1), ['FLAT', {}, 0]);
  assert.deepEqual(of(2, '{"nlist":128}'), ['IVF_FLAT', { nlist: 128 }, 0]);
  assert.deepEqual(of(3, '{"nlist":999999}'), ['IVF_SQ8', { nlist: 65_536 }, 1]);
  assert.deepEqual(of(4, '{"search_length":45}'), ['HNSW', { M: 16, efConstruction: 200 }, 1]);
  assert.deepEqual(of(5, '{"nlist":4}'), ['IVF_SQ8', { nlist: 4 }, 1]);
  assert.deepEqual(of(6, '{"nlist":64,"m":12}'), ['IVF_PQ', { nlist: 64, m: 8 }, 1]);
  assert.deepEqual(of(6, '{"nlist":64,"m":16}'), ['IVF_PQ', { nlist: 64, m: 16 }, 0]);
  assert.deepEqual(of(11, '{"M":2,"efConstruction":1000}'), ['HNSW', { M: 4, efConstruction: 512 }, 2]);
  assert.deepEqual(of(12), ['HNSW', { M: 16, efConstruction: 200 }, 1]);
  assert.deepEqual(of(2, 'not json'), ['IVF_FLAT', { nlist: 1024 }, 1]);
  assert.deepEqual(of(77), [undefined, undefined, 1]);
  assert.deepEqual(of(10, '{"nlist":64}', { metric_type: 4 }), ['BIN_IVF_FLAT', { nlist: 64 }, 0]);
  assert.deepEqual(of(10, '{"nlist":64}', { metric_type: 6 })[0], 'BIN_FLAT');
  assert.deepEqual(of(9, '{}', { metric_type: 1 })[0], 'FLAT');
});

test('segment ids are ordered as numbers, however long', () => {
  assert.deepEqual(['1678354366132931001', '99', 'x', '1678354366132931000'].sort(compareIds), [
    '99',
    '1678354366132931000',
    '1678354366132931001',
    'x',
  ]);
});
