/** Documents of a real index into batches: all field types, both encodings and ways to read, exact to the bit. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { letGoOfSnapshots } from '../../../src/sources/elasticsearch/changes.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { openElasticsearch } from '../../../src/sources/elasticsearch/source.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { collect, planned, type ReadRow, readAll, readIndex, ring, vectorHex } from './reading.ts';

const INDEX = 'reader-all';
const DOCUMENTS = 2_000;
const SMALL_PARTS = { partBytes: 60_000 };

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;

const PROPERTIES = {
  vec: { type: 'dense_vector', dims: 8, index: false },
  small: { type: 'dense_vector', dims: 3, index: true, similarity: 'l2_norm' },
  signed: { type: 'dense_vector', dims: 4, element_type: 'byte', index: false },
  bits: { type: 'dense_vector', dims: 16, element_type: 'bit', index: false },
  title: { type: 'text', fields: { raw: { type: 'keyword' } } },
  tag: { type: 'keyword' },
  whole: { type: 'long' },
  count: { type: 'integer' },
  little: { type: 'short' },
  tiny: { type: 'byte' },
  yes: { type: 'boolean' },
  real: { type: 'float' },
  precise: { type: 'double' },
  when: { type: 'date' },
  from: { type: 'ip' },
  meta: { properties: { a: { type: 'long' }, emb: { type: 'dense_vector', dims: 2, index: false } } },
  parts: { type: 'nested', properties: { n: { type: 'long' } } },
  place: { type: 'geo_point' },
  span: { type: 'integer_range' },
};

/** Numbers that are hard to round to float32, and ways to write them. */
const NUMBERS = [
  '0.1',
  '-0.0',
  '1e-45',
  '9.007199254740993e15',
  '16777217',
  '0.30000000000000004',
  '123456789012345678',
  '-7.038531e-26',
  '1E2',
  '5',
  '0.000000000000000000000000000000000000011754943508222875',
  '9007199254740993',
];

function documentText(index: number): string {
  const number = (at: number): string =>
    (index + at) % 3 === 0
      ? NUMBERS[(index + at) % NUMBERS.length]!
      : String(Math.sin(index * 31 + at) * 10 ** ((at % 5) - 2));
  const vec = Array.from({ length: 8 }, (_, at) => number(at)).join(', ');
  const members = [
    `"vec": [${vec}]`,
    `"small":[${index},0.5,-1]`,
    `"signed":[${(index % 256) - 128},0,1,-1]`,
    `"bits":[${(index % 256) - 128},1]`,
    `"title":"Title «${index}» \\u00e9 \\ud83d\\ude00 \\"quoted\\""`,
    `"whole":${9_007_199_254_740_993n + BigInt(index)}`,
    `"meta":{"a":${index},"emb":[${index},1.5],"deep":{"vec":[1]}}`,
    `"parts":[{"n":1},{"n":${index}}]`,
  ];
  if (index % 2 === 0)
    members.push(
      `"tag":["t${index % 7}"]`,
      `"count":${index}`,
      `"little":"${index % 1000}"`,
      '"tiny":-128',
      `"yes":${index % 4 === 0}`,
      `"real":${number(1)}`,
      `"precise":${Math.cos(index)}`,
      `"when":"2020-01-01T00:00:${String(index % 60).padStart(2, '0')}Z"`,
      '"from":"10.0.0.1"',
      '"place":{"lat":1.5,"lon":2}',
      `"span":{"gte":${index}}`,
      `"unknown":{"x":[${index},null,"y"]}`,
    );
  return `{${members.join(',')}}`;
}

before(async () => {
  server = await elasticsearchForTests();
  administrator = await plainAdministrator(server.url);
  await administrator.call('PUT', `/${INDEX}`, {
    settings: { number_of_shards: 3, number_of_replicas: 0, refresh_interval: '-1' },
    mappings: { dynamic: false, properties: PROPERTIES },
  });
  const store = (from: number, to: number) =>
    administrator.store(
      INDEX,
      Array.from({ length: to - from }, (_, at) => ({ id: `d${from + at}`, source: documentText(from + at) })),
    );
  await store(0, DOCUMENTS);
  // Numbers without documents, all over.
  await store(500, 900);
  for (let index = 0; index < 20; index++) await administrator.call('DELETE', `/${INDEX}/_doc/d${index}`);
  await administrator.call('POST', `/${INDEX}/_refresh`);
});

after(async () => {
  await administrator.call('DELETE', `/${INDEX}`);
  await server[Symbol.asyncDispose]();
});

const FIRST = 20;

function source(more: Partial<ElasticsearchSource> = {}): ElasticsearchSource {
  return sourceOf(INDEX, { access: { ...ACCESS, urls: [server.url] }, ...more });
}

/** What JSON.parse makes of the document, as rows show it. */
function expected(index: number): ReadRow {
  const text = documentText(index);
  const document = JSON.parse(text);
  const has = index % 2 === 0;
  const member = (name: string): string => JSON.stringify(document[name]);
  return {
    _id: `d${index}`,
    vec: vectorHex(document.vec),
    small: vectorHex(document.small),
    signed: vectorHex(document.signed),
    bits: Buffer.from(Int8Array.from(document.bits).buffer).toString('hex'),
    meta_emb: vectorHex(document.meta.emb),
    title: document.title,
    tag: has ? document.tag[0] : null,
    whole: 9_007_199_254_740_993n + BigInt(index),
    count: has ? index : null,
    little: has ? index % 1000 : null,
    tiny: has ? -128 : null,
    yes: has ? index % 4 === 0 : null,
    real: has ? Math.fround(document.real) : null,
    precise: has ? document.precise : null,
    when: has ? BigInt(Date.parse(document.when)) : null,
    from: has ? '10.0.0.1' : null,
    meta: `{"a":${index},"deep":{"vec":[1]}}`,
    parts: member('parts'),
    place: has ? member('place') : null,
    span: has ? member('span') : null,
    $meta: has ? `{"unknown":${member('unknown')}}` : '{}',
  };
}

function checkAll(rows: readonly ReadRow[]): void {
  assert.equal(rows.length, DOCUMENTS - FIRST);
  const byId = new Map(rows.map((row) => [row._id, row]));
  assert.equal(byId.size, rows.length);
  for (let index = FIRST; index < DOCUMENTS; index++) assert.deepEqual(byId.get(`d${index}`), expected(index));
}

for (const read of ['seq-no', 'scroll'] as const)
  for (const encoding of ['json', 'cbor'] as const)
    test(`all fields of all documents, ${read}, ${encoding}`, async () => {
      const found = await readIndex(source({ read, encoding, pageRows: 100 }), { hint: SMALL_PARTS });
      checkAll(found.rows);
      assert.deepEqual(
        [found.read, found.refused, found.changes, found.withoutSnapshot],
        [DOCUMENTS - FIRST, [], {}, 0],
      );
    });

test('small slabs hold the same rows as large ones, and duplicates are left out by their place', async () => {
  const plan = await planned(source(), SMALL_PARTS);
  await using reader = await openElasticReader(plan.reader, {});
  const [partition] = plan.partitions;
  const one = { ...plan, partitions: [partition!] };
  const large = await readAll(reader, one, { slabBytes: 1024 * 1024 });
  const small = await readAll(reader, one, { slabBytes: 4_096 });
  assert.deepEqual(small.rows, large.rows);
  assert.ok(small.batches > 5 * large.batches, `${small.batches} and ${large.batches} batches`);
  const dropped = [0, 1, 17, large.rows.length - 1];
  const fewer = await readAll(reader, one, { slabBytes: 4_096, dropped });
  assert.deepEqual(
    fewer.rows,
    large.rows.filter((_, row) => !dropped.includes(row)),
  );
  assert.deepEqual([fewer.read, fewer.dropped], [large.rows.length, 4]);
  const keys = await collect(reader.readKeys(partition!, plan.dataset.schema, ring(4_096), 'exactly'));
  assert.deepEqual(
    keys.flatMap((batch) => [...(batch.keys as string[])]),
    large.rows.map(({ _id }) => _id),
  );
  let first = 0;
  for (const batch of keys) {
    assert.equal(batch.first, first);
    first += batch.keys.length;
  }
  await letGoOfSnapshots(source(), plan.partitions);
});

test('other names, and a server without nulls: documents without a value are refused, or get a default that is counted', async () => {
  const declared = (name: string, more: object = {}) => ({
    ...{ name, type: undefined, pk: false, maxLen: undefined, dims: undefined },
    ...more,
  });
  const fields = [
    declared('whole', { pk: true }),
    declared('small'),
    ...['tag', 'count', 'yes', 'precise', 'when', 'span'].map((name) => declared(name)),
  ];
  const config = (missing: 'reject' | 'default') =>
    source({ fields, dynamicField: false, choices: { ...source().choices, missing } });
  for (const missing of ['reject', 'default'] as const) {
    const plan = await planned(config(missing));
    assert.deepEqual([plan.dataset.storedIds, plan.dataset.ownNames], [true, true]);
    const schema = {
      ...plan.dataset.schema,
      fields: plan.dataset.schema.fields.map(({ nullable: _, ...field }) => ({ ...field, name: `x_${field.name}` })),
    };
    await using reader = await openElasticReader(plan.reader, {});
    const found = await readAll(reader, plan, { schema });
    const odd = (DOCUMENTS - FIRST) / 2;
    assert.equal(found.read, DOCUMENTS - FIRST);
    const keys = await collect(reader.readKeys(plan.partitions[0]!, schema, ring(64), 'exactly'));
    assert.equal(keys.flatMap((batch) => [...(batch.keys as BigInt64Array)]).length, plan.partitions[0]!.rows);
    if (missing === 'reject') {
      assert.deepEqual([found.rows.length, found.refused.length, found.changes], [odd, odd, {}]);
      assert.match(found.refused[0]!.reason, /^tag: found no value, wanted a VarChar/);
      const { _index, _id, _source } = JSON.parse(found.refused[0]!.row);
      assert.deepEqual([_index, _id], [INDEX, found.refused[0]!.key]);
      assert.deepEqual(_source, JSON.parse(documentText(Number(_id.slice(1)))));
    } else {
      assert.deepEqual([found.rows.length, found.refused], [DOCUMENTS - FIRST, []]);
      const names = ['tag', 'count', 'yes', 'precise', 'when', 'span'];
      assert.deepEqual(
        found.changes,
        Object.fromEntries(names.map((name) => [`${name}: default for a missing value`, odd])),
      );
      const row = found.rows.find((one) => one.x_whole === 9_007_199_254_740_993n + 21n);
      const { x_small: _, ...rest } = row!;
      assert.deepEqual(rest, {
        x_whole: 9_007_199_254_741_014n,
        x_tag: '',
        x_count: 0,
        x_yes: false,
        x_precise: 0,
        x_when: 0n,
        x_span: '{}',
      });
    }
    await letGoOfSnapshots(source(), plan.partitions);
  }
});

test('a collection that is not there, and one that is', async () => {
  const options = { openStore: () => assert.fail() };
  const wrong = openElasticsearch(source(), { ...options, collections: ['reader-al'] });
  await assert.rejects(wrong, { code: 'E_UNKNOWN_COLLECTION', found: 'reader-al', wanted: INDEX });
  await using right = await openElasticsearch(source(), { ...options, collections: [INDEX] });
  assert.equal(right.locator, `elasticsearch:${server.url}/${INDEX}`);
  assert.match(right.title, /^Elasticsearch 8\./);
  const [dataset] = await right.datasets();
  assert.equal(dataset!.rows, DOCUMENTS - FIRST);
  const [entry] = Object.entries(dataset!.fingerprint);
  assert.equal(entry![0], `index ${INDEX}`);
  assert.match(entry![1], /^uuid [\w-]+, fields [0-9a-f]{16}$/);
  // Measured: vectors, and more.
  assert.ok(dataset!.bytes / dataset!.rows > 90 && dataset!.bytes / dataset!.rows < 400);
});

test('two partitions read at the same time by one reader do not get into each other’s pages', async () => {
  const plan = await planned(source({ pageRows: 40 }));
  await using reader = await openElasticReader(plan.reader, {});
  assert.ok(plan.partitions.length >= 2);
  const each = await Promise.all(
    // As a dump does: others get to their answers between two batches.
    plan.partitions.map((partition) =>
      readAll(reader, { ...plan, partitions: [partition] }, { slabBytes: 8 * 1024, onBatch: () => setImmediate() }),
    ),
  );
  const alone = await readAll(reader, plan);
  assert.deepEqual(
    each.flatMap(({ rows }) => rows),
    alone.rows,
  );
});

test('a reading that is left while its next page is on its way: the next one has its own pages', async () => {
  const plan = await planned(source({ pageRows: 40 }));
  await using reader = await openElasticReader(plan.reader, {});
  const whole = await readAll(reader, plan);
  for (let round = 0; round < 3; round++) {
    const slabs = ring(8 * 1024);
    for await (const batch of reader.read(plan.partitions[0]!, plan.dataset.schema, slabs)) {
      assert.ok(batch.rows > 0);
      break;
    }
    assert.equal(slabs.used, 0);
    assert.deepEqual((await readAll(reader, plan)).rows, whole.rows);
  }
});

test('documents with comments, in JSON refused, in CBOR read', async () => {
  const index = 'reader-comments';
  await administrator.call('PUT', `/${index}`, {
    mappings: {
      dynamic: false,
      properties: { vec: { type: 'dense_vector', dims: 2 }, o: { type: 'object' }, k: { type: 'keyword' } },
    },
  });
  try {
    await administrator.store(index, [
      { id: 'a', source: '{"vec":[1,2],"k":5/*x*/}' },
      { id: 'b', source: '{"vec":[1,2],"o":{"a":1/* hi */}}' },
      { id: 'c', source: '{"vec":[1,2],"k":"c"}' },
    ]);
    const config = (encoding: 'json' | 'cbor') =>
      sourceOf(index, { access: { ...ACCESS, urls: [server.url] }, encoding });
    const json = await readIndex(config('json'));
    assert.deepEqual([json.rows.map(({ _id }) => _id), json.refused.map(({ key }) => key)], [['c'], ['a', 'b']]);
    // Here the comment hides the end.
    await administrator.store(index, [{ id: 'd', source: '{"vec":[1,2/*]*/],"k":"d"}' }]);
    const cbor = await readIndex(config('cbor'));
    assert.deepEqual(
      cbor.rows.map(({ _id, k, o }) => [_id, k, o]),
      [
        ['a', '5', null],
        ['b', null, '{"a":1}'],
        ['c', 'c', null],
        ['d', 'd', null],
      ],
    );
    assert.deepEqual(cbor.refused, []);
  } finally {
    await administrator.call('DELETE', `/${index}`);
  }
});
