/** Indices as a real server keeps them: without their documents, closed, with what the mapping alone says of values. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { toMigrateError } from '../../../src/core/errors.ts';
import { datasetsOf } from '../../../src/sources/elasticsearch/schema.ts';
import { openElasticsearch } from '../../../src/sources/elasticsearch/source.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { planned, readIndex, vectorHex } from './reading.ts';

const VECTOR = { type: 'dense_vector', dims: 2, index: false };

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;

before(async () => {
  server = await elasticsearchForTests();
  administrator = await plainAdministrator(server.url);
});

after(async () => {
  await server[Symbol.asyncDispose]();
});

function source(index: string, more: Partial<ElasticsearchSource> = {}): ElasticsearchSource {
  return sourceOf(index, { access: { ...ACCESS, urls: [server.url] }, ...more });
}

interface Kept {
  readonly settings?: object;
  readonly mappings?: object;
}

/** An index of one document, as long as it is in use. */
async function indexOf(name: string, { settings = {}, mappings = {} }: Kept, document: unknown = { vec: [1, 2] }) {
  await administrator.call('PUT', `/${name}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0, ...settings },
    mappings: { properties: { vec: VECTOR }, ...mappings },
  });
  await administrator.store(name, [{ id: 'a', source: document }]);
  return { [Symbol.asyncDispose]: async () => void (await administrator.call('DELETE', `/${name}`)) };
}

/** What the plan says is lost or changed. */
async function lossyNotes(config: ElasticsearchSource): Promise<string[]> {
  const { dataset } = await planned(config);
  return dataset.notes.flatMap(({ kind, text }) => (kind === 'lossy' ? [text] : []));
}

const DISABLED: readonly (readonly [string, Kept])[] = [
  ['the old switch', { mappings: { _source: { enabled: false } } }],
  ['the mode in the mapping', { mappings: { _source: { mode: 'disabled' } } }],
  ['the mode as a setting', { settings: { 'index.mapping.source.mode': 'disabled' } }],
];

for (const [how, kept] of DISABLED)
  test(`an index without _source is refused, not read as nothing: ${how}`, async () => {
    await using _ = await indexOf('sourceless', kept);
    await assert.rejects(planned(source('sourceless')), {
      code: 'E_SOURCE_SCHEMA',
      at: { collection: 'sourceless', field: '_source' },
      found: '_source is disabled',
    });
  });

for (const [how, kept] of [
  ['in the mapping', { mappings: { _source: { mode: 'synthetic' } } }],
  ['as a setting', { settings: { 'index.mapping.source.mode': 'synthetic' } }],
  ['by the kind of index', { settings: { 'index.mode': 'logsdb' } }],
] as const)
  test(`synthetic _source is told, ${how}`, async () => {
    await using _ = await indexOf('synthetic', kept, { vec: [1, 2], '@timestamp': '2026-01-01' });
    const notes = await lossyNotes(source('synthetic'));
    assert.ok(
      notes.some((text) => text.startsWith('synthetic: _source is synthetic')),
      notes.join('\n'),
    );
  });

test('a closed index that a wildcard means is an error that names it, unless the others are named', async () => {
  await using _open = await indexOf('shut-1', {});
  await using _closed = await indexOf('shut-2', {});
  await administrator.call('POST', '/shut-2/_close');
  for (const config of [source('shut-*'), source('shut-*', { indices: 'merged' }), source('shut-2')])
    for (const read of ['seq-no', 'scroll'] as const) {
      const error = await planned({ ...config, read }).then(() => assert.fail(), toMigrateError);
      assert.deepEqual([error.code, error.found], ['E_SOURCE_NOT_FOUND', 'closed: shut-2']);
      assert.match(error.hint!, /POST \/shut-2\/_open/);
      assert.doesNotMatch(error.hint!, /scroll/);
    }
  const options = { openStore: () => assert.fail(), collections: ['shut-1'] };
  await using some = await openElasticsearch(source('shut-*'), options);
  assert.deepEqual(
    (await some.datasets()).map(({ name, rows }) => [name, rows]),
    [['shut-1', 1]],
  );
});

test('a block on the index is told as such, not as a lack of privileges', async () => {
  await using _ = await indexOf('blocked', {});
  for (const [block, asked] of [
    ['read', 'open a snapshot'],
    ['metadata', 'read the mapping'],
  ] as const) {
    await administrator.call('PUT', '/blocked/_settings', { [`index.blocks.${block}`]: true });
    const error = await planned(source('blocked')).then(() => assert.fail(), toMigrateError);
    assert.deepEqual([error.code, error.message], ['E_SOURCE_ACCESS', `a block on the index lets nobody ${asked}`]);
    assert.match(error.hint!, /^PUT \/blocked\/_settings .*index\.blocks\.read/);
    assert.doesNotMatch(error.hint!, /scroll|privileges/);
    await administrator.call('PUT', '/blocked/_settings', { [`index.blocks.${block}`]: null });
  }
  assert.equal((await planned(source('blocked'))).dataset.rows, 1);
});

test('an index that is closed once it was looked at: no other way of reading is proposed', async () => {
  await using _ = await indexOf('closing', {});
  await using opened = await openElasticsearch(source('closing'), { openStore: () => assert.fail() });
  await administrator.call('POST', '/closing/_close');
  const error = await opened.datasets().then(() => assert.fail(), toMigrateError);
  assert.equal(error.code, 'E_SOURCE_NOT_FOUND');
  assert.doesNotMatch(error.hint!, /scroll/);
});

test('null_value stands in for null with all its digits', async () => {
  const properties = {
    vec: VECTOR,
    long: { type: 'long', null_value: 'LONG' },
    double: { type: 'double', null_value: 'DOUBLE' },
    text: { type: 'keyword', null_value: 'none' },
    truth: { type: 'boolean', null_value: true },
    day: { type: 'date', null_value: '2020-01-02' },
    place: { type: 'geo_point', null_value: '1,2' },
  };
  // As text: JavaScript has no such numbers.
  const mappings = JSON.stringify({ properties })
    .replace('"LONG"', '9007199254740993')
    .replace('"DOUBLE"', '0.30000000000000004');
  await administrator.call('PUT', '/instead', `{"mappings":${mappings}}`);
  await administrator.store('instead', [
    { id: 'a', source: { vec: [1, 2], long: null, double: null, text: null, truth: null, day: null, place: null } },
  ]);
  for (const encoding of ['json', 'cbor'] as const) {
    const { rows } = await readIndex(source('instead', { encoding, dynamicField: false }));
    const { long, double, text, truth, day, place } = rows[0]!;
    // As Elasticsearch writes it.
    assert.equal(place, '{"lat":1.0,"lon":2.0}');
    assert.deepEqual(
      [long, double, text, truth, day],
      [9_007_199_254_740_993n, 0.30000000000000004, 'none', true, BigInt(Date.UTC(2020, 0, 2))],
    );
  }
  await administrator.call('DELETE', '/instead');
});

const PARTS = {
  vec: VECTOR,
  gone: { type: 'keyword' },
  obj: {
    properties: {
      secret: { type: 'keyword' },
      open: { type: 'keyword' },
      deep: { properties: { a: { type: 'long' }, b: { type: 'long' } } },
      emb: VECTOR,
    },
  },
  nest: { type: 'nested', properties: { v: VECTOR, n: { type: 'long' } } },
};

const field = (name: string) => ({ name, type: undefined, pk: false, maxLen: undefined, dims: undefined });

/** What is left out of `_source`, of which fields, and what the plan says of it. */
const LEFT_OUT: readonly (readonly [object, readonly string[] | undefined, string | undefined])[] = [
  [{ excludes: ['obj.secret', 'nest.v'] }, undefined, 'obj.secret, nest.v'],
  [{ excludes: ['gone', 'obj.deep'] }, undefined, 'gone, obj.deep.a, obj.deep.b'],
  [{ excludes: ['*.secret', 'nest.*'] }, undefined, 'obj.secret, nest'],
  // A vector that is a field of its own comes in another way.
  [{ excludes: ['obj.emb', 'vec'] }, undefined, undefined],
  [{ includes: ['vec', 'gone', 'obj.*', 'nest'] }, ['vec', 'gone', 'obj', 'nest'], undefined],
  [{ includes: ['vec', 'obj.*'] }, undefined, 'gone, nest, what the mapping does not name'],
  [{ includes: ['vec', 'obj.deep.*'] }, ['vec', 'obj'], 'obj.secret, obj.open, obj.emb'],
  // Not in the mapping, and yet what documents may have.
  [{ excludes: ['obj.more', 'other'] }, undefined, 'obj.more, other'],
  [{ excludes: ['obj.more', 'other'] }, ['vec', 'obj'], 'obj.more'],
  [{ excludes: ['obj.secret', 'gone'] }, ['vec', 'nest'], undefined],
];

test('what _source leaves out is named, below objects too', async () => {
  for (const [_source, names, wanted] of LEFT_OUT) {
    await using _ = await indexOf('partial', { mappings: { dynamic: false, _source, properties: PARTS } });
    const fields = names?.map(field);
    const notes = await lossyNotes(source('partial', fields === undefined ? {} : { fields, dynamicField: false }));
    const said = notes.flatMap((text) => /^partial: _source leaves out (.*)$/.exec(text)?.[1] ?? []);
    // The mapping has its own order.
    const sorted = (text: string | undefined) => text?.split(', ').sort();
    assert.ok(said.length <= 1);
    assert.deepEqual(sorted(said[0]), sorted(wanted), JSON.stringify([_source, names]));
  }
});

test('indices of different constants in one collection: no value for all, and the plan says so', () => {
  const stored = { enabled: true, synthetic: false, excludes: [], includes: [], withoutVectors: false };
  const facts = (name: string, value: string) => ({
    ...{ name, dataStream: undefined, uuid: name, shards: 1, runtime: [], stored, closed: false },
    properties: { kind: { type: 'constant_keyword', value }, vec: VECTOR },
  });
  const constantsOf = (...indices: ReturnType<typeof facts>[]) => {
    const [dataset] = datasetsOf(sourceOf('a,b', { indices: 'merged' }), indices);
    const said = dataset!.notes.filter(({ kind, text }) => kind === 'lossy' && text.startsWith('kind: constant'));
    return [dataset!.fields.find(({ path }) => path === 'kind')!.constant, said.length];
  };
  assert.deepEqual(constantsOf(facts('a', 'x'), facts('b', 'x')), ['"x"', 0]);
  assert.deepEqual(constantsOf(facts('a', 'x'), facts('b', 'y')), [undefined, 1]);
});

test('cosine vectors that come from the index are not quite what was sent, and the plan says so', async () => {
  const vectorOf = (similarity: string, more: object = {}) => ({
    ...{ type: 'dense_vector', dims: 3, index: true, similarity, index_options: { type: 'flat' } },
    ...more,
  });
  const properties = {
    cos: vectorOf('cosine'),
    bytes: vectorOf('cosine', { element_type: 'byte' }),
    near: vectorOf('l2_norm'),
    plain: { type: 'dense_vector', dims: 3, index: false },
  };
  const sent = [0.1, 0.7, -3.3];
  const document = { cos: sent, bytes: [1, 2, 3], near: sent, plain: sent };
  const excluded = { _source: { excludes: Object.keys(properties) } };
  for (const [wanted, settings, mappings] of [
    [[], {}, {}],
    [['cos'], {}, excluded],
    [['cos'], { 'index.mapping.source.mode': 'synthetic' }, {}],
  ] as const) {
    await using _ = await indexOf('lengths', { settings, mappings: { properties, ...mappings } }, document);
    const notes = await lossyNotes(source('lengths'));
    const said = notes.flatMap((text) => /^lengths: (.*): not in _source as sent/.exec(text)?.[1]?.split(', ') ?? []);
    assert.deepEqual(said, wanted, notes.join('\n'));
    const { rows } = await readIndex(source('lengths'));
    const { cos, bytes, near, plain } = rows[0]!;
    assert.deepEqual([bytes, near, plain], [vectorHex([1, 2, 3]), vectorHex(sent), vectorHex(sent)]);
    const floats = new Float32Array(new Uint8Array(Buffer.from(String(cos), 'hex')).buffer);
    for (const [at, value] of sent.entries()) assert.ok(Math.abs(floats[at]! / value - 1) < 3e-7, `${floats[at]}`);
  }
});

test('with fields and the dynamic field, what no field takes goes there', async () => {
  const properties = { vec: VECTOR, a: { type: 'long' }, obj: { properties: { x: { type: 'long' } } } };
  const mappings = { dynamic: false, properties };
  await using _ = await indexOf('beside', { mappings }, { vec: [1, 2], a: 1, b: { c: 2 }, obj: { x: 3, y: 4 } });
  const config = (names: readonly string[]) => source('beside', { fields: names.map(field), dynamicField: true });
  const of = async (names: readonly string[]) => [
    (await readIndex(config(names))).rows[0]!.$meta,
    (await lossyNotes(config(names))).length,
  ];
  assert.deepEqual(await of(['vec', 'a']), ['{"b":{"c":2},"obj":{"x":3,"y":4}}', 0]);
  assert.deepEqual(await of(['vec', 'obj', 'obj.x']), ['{"a":1,"b":{"c":2}}', 0]);
  assert.deepEqual(await of(['vec', 'obj.x']), ['{"a":1,"b":{"c":2},"obj.y":4}', 0]);
});
