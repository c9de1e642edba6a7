/**
 * Keys as the index has them, for the look at stored ids: asked for where that can say that all is well, and never
 * believed where the index may have made something else of what the documents hold.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Schema } from '../../../src/core/schema.ts';
import { scanIds } from '../../../src/run/ids/scanIds.ts';
import { openPool } from '../../../src/run/threads/pool.ts';
import { letGoOfSnapshots } from '../../../src/sources/elasticsearch/changes.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { temporaryFolder } from '../../temporary.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { collect, type Planned, planned, ring } from './reading.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;
before(async () => {
  server = await elasticsearchForTests();
  administrator = await plainAdministrator(server.url);
});
after(() => server[Symbol.asyncDispose]());

const INDEX = 'indexed-keys';

interface Case {
  readonly key: Readonly<Record<string, unknown>>;
  /** Of each document, as JSON; undefined: it has none. */
  readonly values: readonly (string | undefined)[];
}

const source = () =>
  sourceOf(INDEX, {
    access: { ...ACCESS, urls: [server.url] },
    dynamicField: false,
    fields: [
      { name: 'key', type: undefined, pk: true, maxLen: undefined, dims: undefined },
      { name: 'vec', type: undefined, pk: false, maxLen: undefined, dims: undefined },
    ],
  });

/** Plans an index of these documents; it is gone at the end. */
async function withIndex({ key, values }: Case, use: (plan: Planned, schema: Schema) => Promise<void>): Promise<void> {
  const vec = { type: 'dense_vector', dims: 2, index: false };
  await administrator.call('PUT', `/${INDEX}`, {
    settings: { number_of_shards: 2, number_of_replicas: 0 },
    mappings: { properties: { key, vec, other: { type: 'long', copy_to: key.type === 'long' ? 'key' : [] } } },
  });
  try {
    await administrator.store(
      INDEX,
      values.map((value, id) => ({
        id: `d${id}`,
        source: `{${value === undefined ? '' : `${value},`}"vec":[${id},1]}`,
      })),
    );
    const plan = await planned(source());
    await use(plan, plan.dataset.schema);
    await letGoOfSnapshots(source(), plan.partitions);
  } finally {
    await administrator.call('DELETE', `/${INDEX}`);
  }
}

const LONG = { type: 'long' };
const WORD = { type: 'keyword' };
const keysOf = (count: number, from: bigint | number): string[] =>
  Array.from({ length: count }, (_, at) => `"key":${BigInt(from) + BigInt(at)}`);

test('both ways give the same keys, in the same order, where each document has one', async () => {
  const wide = keysOf(300, 9_007_199_254_740_993n);
  for (const of of [
    { key: LONG, values: wide },
    { key: WORD, values: wide.map((value) => value.replace(/:(.*)/, ':"é$1"')) },
  ])
    await withIndex(of, async (plan, schema) => {
      assert.equal(plan.reader.roughKeys, true);
      await using reader = await openElasticReader(plan.reader, {});
      for (const partition of plan.partitions) {
        const [exact, rough] = await Promise.all(
          (['exactly', 'roughly'] as const).map(async (how) =>
            (await collect(reader.readKeys(partition, schema, ring(4_096), how))).flatMap(({ keys }) => [...keys]),
          ),
        );
        assert.deepEqual(rough, exact);
        assert.equal(exact!.length, partition.rows);
      }
    });
});

test('where the index has no such columns, it is not asked', async () => {
  for (const key of [{ ...LONG, doc_values: false }, { type: 'text' }])
    await withIndex({ key, values: key.type === 'text' ? ['"key":"a"'] : ['"key":1'] }, async (plan) => {
      assert.equal(plan.reader.roughKeys, false);
    });
});

/** What is told of an index with such documents; `repeated` counted from what arrives. */
const SCANS: Readonly<Record<string, Case & { readonly repeated: number; readonly negative?: number }>> = {
  'row numbers': { key: LONG, values: keysOf(200, 0), repeated: 0 },
  'other numbers, each once': { key: LONG, values: keysOf(200, 10n ** 15n), repeated: 0 },
  'a number and the same as a text': { key: LONG, values: [...keysOf(5, 0), '"key":"3"'], repeated: 1 },
  'a fraction, which is refused, beside its whole': { key: LONG, values: [...keysOf(5, 1), '"key":3.7'], repeated: 0 },
  'documents without a key': { key: LONG, values: [...keysOf(5, 7), undefined, '"key":null'], repeated: 0 },
  'the same, and one twice': { key: LONG, values: [...keysOf(5, 7), undefined, '"key":8'], repeated: 1 },
  'what another field brings there': { key: LONG, values: [...keysOf(5, 7), '"other":8'], repeated: 0 },
  'negative ones': { key: LONG, values: keysOf(6, -2), repeated: 0, negative: 2 },
  'texts too long for the index': {
    key: { ...WORD, ignore_above: 3 },
    values: ['"key":"abc"', '"key":"abcd"', '"key":"abcd"'],
    repeated: 1,
  },
  'texts that the index makes one of': {
    key: { ...WORD, normalizer: 'lowercase' },
    values: ['"key":"a"', '"key":"A"', '"key":"b"'],
    repeated: 0,
  },
};

for (const [name, { repeated, negative = 0, ...of }] of Object.entries(SCANS))
  test(`told of stored ids: ${name}`, async () => {
    await withIndex(of, async ({ reader, partitions }, schema) => {
      using folder = temporaryFolder();
      await using pool = openPool(1);
      const rest = { schema, sourceSchema: schema, steps: [], droppedFile: undefined, rejectNonFinite: false };
      const tasks = partitions.map((partition) => ({ reader, partition, ...rest }));
      const { signal } = new AbortController();
      const found = await scanIds({ pool, tasks, dir: `${folder.path}/ids`, signal });
      assert.deepEqual([found.repeated, found.negative], [repeated, negative]);
    });
  });
