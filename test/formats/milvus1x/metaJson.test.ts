import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMetaJson, writeMetaJson } from '../../../src/formats/milvus1x/metaJson.ts';
import type { Milvus1xModel } from '../../../src/formats/milvus1x/model.ts';

const at = { file: 'meta.json' };
const lsn = fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n }), { nil: undefined });
const count = fc.option(fc.nat(), { nil: undefined });
const segments = fc.array(fc.record({ segment: fc.string(), rows: count, fileSize: count }), { maxLength: 4 });
const model: fc.Arbitrary<Milvus1xModel> = fc.record({
  globalLsn: lsn,
  orphans: fc.constant([]),
  notes: fc.constant([]),
  collections: fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1 }),
      dim: fc.bigInt({ min: 1n, max: 32_768n }),
      metric: fc.bigInt({ min: 1n, max: 7n }),
      engineType: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      indexParams: fc.constantFrom('', '{}', '{"nlist":1024}'),
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

test('what export writes loses nothing when it is read back', () => {
  fc.assert(
    fc.property(model, (given) => assert.deepEqual(readMetaJson(writeMetaJson(given), at), structuredClone(given))),
  );
});

test('the keys of the older tool are all there, as it has them', () => {
  const text = writeMetaJson({
    orphans: [],
    notes: [],
    globalLsn: undefined,
    collections: [
      {
        name: 'test1w',
        dim: 256n,
        metric: 1n,
        engineType: 1,
        indexParams: '',
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
    one('{"collection":"a","metric":1,"dim":8,"segments":[{"rows":1}]}'),
    one('{"collection":"a","metric":1,"dim":8,"segments":[1]}'),
    one('{"collection":"a","metric":1,"dim":8,"segments":[]},{"collection":"a","metric":1,"dim":8,"segments":[]}'),
  ];
  for (const text of bad) assert.throws(() => readMetaJson(text, at), { code: 'E_METADATA' }, text);
  assert.throws(() => readMetaJson('{"collections":[],"milvusMigrate":{"version":2}}', at), {
    code: 'E_SOURCE_VERSION',
  });
});
