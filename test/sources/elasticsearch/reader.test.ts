/** Documents of a real index into batches: all field types, both encodings and ways to read, exact to the bit. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { type ReadRow, readIndex, vectorHex } from './reading.ts';

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
