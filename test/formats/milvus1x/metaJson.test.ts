import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MigrateError } from '../../../src/core/errors.ts';
import { readMetaJson, writeMetaJson } from '../../../src/formats/milvus1x/metaJson.ts';
import type { Milvus1xModel } from '../../../src/formats/milvus1x/model.ts';

const at = { file: 'meta.json' };
const lsn = fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n }), { nil: undefined });
const count = fc.option(fc.nat(), { nil: undefined });
const segments = fc.uniqueArray(fc.record({ segment: fc.string(), rows: count, fileSize: count }), {
  maxLength: 4,
  selector: ({ segment }) => segment,
});
const anyModel: fc.Arbitrary<Milvus1xModel> = fc.record({
  globalLsn: lsn,
  orphans: fc.constant([]),
  named: fc.constant(undefined),
  notes: fc.constant([]),
  collections: fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1 }),
      dim: fc.bigInt({ min: 1n, max: 32_768n }),
      metric: fc.bigInt({ min: 1n, max: 7n }),
      engineType: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      indexParams: fc.constantFrom('', '{}', '{"nlist":1024}'),
      attributes: fc.array(fc.string(), { maxLength: 2 }),
      notes: fc.constant([]),
      partitions: fc
        .tuple(
          fc.record({ tag: fc.constant(''), tableId: fc.string({ minLength: 1 }), flushLsn: lsn, segments }),
          fc.array(fc.record({ tag: fc.string(), tableId: fc.string(), flushLsn: lsn, segments }), { maxLength: 2 }),
        )
        .map(([own, others]) => [own, ...others]),
    }),
    { maxLength: 3, selector: ({ name }) => name },
  ),
});

/** Each table id once, as in all metadata. */
const model = anyModel.map((given) => ({
  ...given,
  collections: given.collections.map((collection, index) => ({
    ...collection,
    partitions: collection.partitions.map((partition, place) => ({
      ...partition,
      tableId: `${partition.tableId}/${index}.${place}`,
    })),
  })),
}));

test('what export writes loses nothing when it is read back', () => {
  fc.assert(
    fc.property(model, (given) => assert.deepEqual(readMetaJson(writeMetaJson(given), at), structuredClone(given))),
  );
});

test('the keys of the older tool are all there, as it has them', () => {
  const text = writeMetaJson({
    orphans: [],
    named: undefined,
    notes: [],
    globalLsn: undefined,
    collections: [
      {
        name: 'test1w',
        dim: 256n,
        metric: 1n,
        engineType: 1,
        indexParams: '',
        attributes: [],
        notes: [],
        partitions: [
          {
            tag: '',
            tableId: 'test1w',
            flushLsn: undefined,
            segments: [{ segment: '1678354366132931000', rows: 10_000, fileSize: 10_320_000 }],
          },
        ],
      },
    ],
  });
  const { collections, rows } = JSON.parse(text);
  const { collection, metric, rows: own, dim, segments } = collections[0];
  const older = { collections: [{ collection, metric, rows: own, dim, segments }], rows };
  assert.equal(
    JSON.stringify(older),
    '{"collections":[{"collection":"test1w","metric":1,"rows":10000,"dim":256,"segments":[{"collection":"test1w","segment":"1678354366132931000","dim":256,"rows":10000,"fileSize":10320000}]}],"rows":10000}',
  );
});

test('a file of the older tool', () => {
  const { collections, globalLsn } = readMetaJson(
    '{"collections":[{"collection":"a","metric":2,"rows":1,"dim":8,"segments":[{"collection":"a","segment":"7","dim":8,"rows":1,"fileSize":40}]},{"collection":"b","metric":1,"rows":0,"dim":8,"segments":null}],"rows":1}',
    at,
  );
  assert.deepEqual(
    collections.map(({ name, partitions }) => [
      name,
      partitions.length,
      partitions[0]?.tableId,
      partitions[0]?.segments.length,
    ]),
    [
      ['a', 1, 'a', 1],
      ['b', 1, 'b', 0],
    ],
  );
  assert.equal(globalLsn, undefined);
});

const listed = (segments: string, more = '') =>
  `{"collection":"a","metric":1,"rows":1,"dim":8,"segments":${segments}${more}}`;

test('a segment that is listed twice is read once, and said', () => {
  const twice = '[{"segment":"7","rows":1},{"segment":"6","rows":1},{"segment":"7","rows":1}]';
  const partitions = `,"partitions":[{"tag":"eu","tableId":"77","segments":${twice}}]`;
  const [collection] = readMetaJson(`{"collections":[${listed(twice, partitions)}],"rows":2}`, at).collections;
  assert.deepEqual(
    collection?.partitions.map((partition) => partition.segments.map(({ segment }) => segment)),
    [
      ['7', '6'],
      ['7', '6'],
    ],
  );
  assert.deepEqual(
    collection?.notes.map(({ text }) => text),
    Array.from({ length: 2 }, () => 'more than one entry of meta.json for segment 7: read once'),
  );
});

test('a table that two are to have is refused', () => {
  const eu = '{"tag":"eu","tableId":"77","segments":[]}';
  const partitions = (list: string) => listed('[]', `,"partitions":[${list}]`);
  const bad = [
    partitions(`${eu},${eu.replace('eu', 'us')}`),
    partitions(eu.replace('77', 'a')),
    `${partitions(eu)},${partitions(eu).replace('"a"', '"b"')}`,
    `${listed('[]')},${listed('[]', ',"tableId":"a"').replace('"a"', '"b"')}`,
  ];
  for (const collections of bad)
    assert.throws(
      () => readMetaJson(`{"collections":[${collections}],"rows":1}`, at),
      ({ code, found, at: where }: MigrateError) => {
        assert.deepEqual([code, where.file], ['E_METADATA', 'meta.json'], collections);
        assert.match(found ?? '', /table id "(77|a)" for a(\/eu)? and for (a\/us|a\/eu|b\/eu|b)$/);
        return true;
      },
    );
});

test('wrong sums are said, wrong types refused', () => {
  const one = (collection: string) => `{"collections":[${collection}],"rows":1}`;
  const { notes } = readMetaJson(
    one('{"collection":"a","metric":1,"rows":5,"dim":8,"segments":[{"segment":"7","rows":1}]}'),
    at,
  );
  assert.match(notes[0]?.text ?? '', /5 rows for a, its segments make 1/);
  const bad = [
    '',
    '[]',
    '{}',
    '{"collections":{}}',
    one('7'),
    one('{"metric":1,"dim":8,"segments":[]}'),
    one('{"collection":"a","metric":1,"dim":"many","segments":[]}'),
    one('{"collection":"a","metric":1.5,"dim":8,"segments":[]}'),
    one('{"collection":"a","metric":1,"dim":8}'),
    one('{"collection":"a","metric":1,"dim":8,"segments":[],"attributes":7}'),
    one('{"collection":"a","metric":1,"dim":8,"segments":[{"rows":1}]}'),
    one('{"collection":"a","metric":1,"dim":8,"segments":[1]}'),
    one('{"collection":"a","metric":1,"dim":8,"segments":[]},{"collection":"a","metric":1,"dim":8,"segments":[]}'),
  ];
  for (const text of bad) assert.throws(() => readMetaJson(text, at), { code: 'E_METADATA' }, text);
  assert.throws(() => readMetaJson('{"collections":[],"milvusMigrate":{"version":2}}', at), {
    code: 'E_SOURCE_VERSION',
  });
});
