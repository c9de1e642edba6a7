/** Fields of a mapping, whole or as declared: types, names, keys, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../../src/core/errors.ts';
import { type Declaration, lookUp, mapDeclared } from '../../../src/formats/elastic/declared.ts';
import { mapProperties, metricOf, type Properties } from '../../../src/formats/elastic/mapping.ts';
import { fieldName, fieldNames } from '../../../src/formats/elastic/names.ts';
import { vectorIndexOf } from '../../../src/formats/elastic/vectorIndex.ts';

const CHOICES = { dates: 'millis' } as const;

const PROPERTIES: Properties = {
  title: { type: 'text', fields: { raw: { type: 'keyword' } } },
  count: { type: 'long', null_value: 7 },
  small: { type: 'short' },
  price: { type: 'scaled_float', scaling_factor: 100 },
  when: { type: 'date' },
  odd: { type: 'date', format: 'EEE d MMM uuuu' },
  flag: { type: 'boolean' },
  big: { type: 'unsigned_long' },
  where: { type: 'geo_point' },
  vec: { type: 'dense_vector', dims: 4, index: true, similarity: 'l2_norm' },
  bits: { type: 'dense_vector', dims: 16, element_type: 'bit' },
  emb: {
    properties: { model: { type: 'keyword' }, vec: { type: 'dense_vector', dims: 2, similarity: 'dot_product' } },
  },
  parts: { type: 'nested', properties: { vec: { type: 'dense_vector', dims: 2 } } },
  'first-name': { type: 'alias', path: 'emb.model' },
  strange: { type: 'of_a_plugin' },
};

function declare(declared: readonly (Partial<Declaration> & { name: string })[]) {
  const whole = declared.map((one) => ({ pk: false, ...one }));
  return mapDeclared(PROPERTIES, whole, { choices: CHOICES, index: 'things' });
}

test('a whole mapping: the types of the old tool, vectors out of objects, what is left behind', () => {
  const { fields, left, notes } = mapProperties(PROPERTIES, CHOICES, 'things');
  const types = Object.fromEntries(fields.map(({ field, path }) => [path, field.type]));
  assert.deepEqual(types, {
    title: 'VarChar',
    count: 'Int64',
    small: 'Int16',
    price: 'Float',
    when: 'Int64',
    odd: 'VarChar',
    flag: 'Bool',
    big: 'VarChar',
    where: 'JSON',
    vec: 'FloatVector',
    bits: 'BinaryVector',
    emb: 'JSON',
    'emb.vec': 'FloatVector',
    parts: 'JSON',
  });
  const of = (path: string) => fields.find((field) => field.path === path)!;
  assert.deepEqual(of('emb').without, ['emb.vec']);
  assert.equal(of('emb.vec').field.name, 'emb_vec');
  assert.equal(of('emb.vec').metric, 'IP');
  assert.equal(of('count').nullValue, '7');
  assert.equal(of('bits').metric, 'HAMMING');
  assert.equal(of('title').field.maxLength, 65_535);
  assert.equal(of('title').field.nullable, true);
  assert.deepEqual(
    left.map(({ path }) => path),
    ['first-name', 'strange'],
  );
  const said = notes.map(({ kind, text }) => `${kind} ${text}`).join('\n');
  for (const part of ['info title.raw', 'lossy price', 'lossy parts (nested)', 'info when', 'info odd'])
    assert.ok(said.includes(part), `${part} in ${said}`);
});

test('what is left behind is told below objects, too, and of declared fields', () => {
  const vec = { type: 'dense_vector', dims: 2 };
  const properties: Properties = {
    vec,
    all: { type: 'text' },
    most: { type: 'text' },
    obj: {
      properties: {
        name: { type: 'keyword', copy_to: ['all', 'most'], fields: { raw: { type: 'text' } } },
        chunks: { type: 'nested', properties: { inner: { properties: { vec } } } },
      },
    },
    meaning: { type: 'semantic_text' },
  };
  const told = mapProperties(properties, CHOICES, 'things').notes.map(({ kind, text }) => `${kind} ${text}`);
  for (const part of [
    'info obj.name.raw: the same values',
    'lossy all, most: what copy_to brings there',
    'lossy obj (object): vectors of nested objects (obj.chunks.inner.vec) are kept as JSON',
    'lossy meaning (semantic_text): the vectors that Elasticsearch made',
  ])
    assert.ok(
      told.some((text) => text.startsWith(part)),
      `${part} in ${told.join('\n')}`,
    );
  assert.ok(!told.some((text) => text.includes('nested objects (vec)')));
  const declared = ['all', 'vec'].map((name) => ({ name, pk: false }));
  const { notes } = mapDeclared(properties, declared, { choices: CHOICES, index: 'things' });
  assert.deepEqual(
    notes.map(({ text }) => text),
    ['all: what copy_to brings there is not in the documents and stays behind'],
  );
});

test('declared fields: own sizes, multi-fields, aliases, keys', () => {
  const { fields } = declare([
    { name: '_id', type: 'long' },
    { name: 'title.raw', type: 'keyword', maxLen: 99 },
    { name: 'first-name' },
    { name: 'emb.vec', dims: 2 },
    { name: 'price', type: 'double' },
    { name: 'big', type: 'long' },
    { name: 'count', type: 'keyword' },
    { name: 'small', many: 'Array', maxCapacity: 5 },
  ]);
  assert.deepEqual(
    fields.map(({ path, field }) => [path, field.name, field.type, field.primaryKey]),
    [
      ['_id', '_id', 'Int64', true],
      ['title', 'title', 'VarChar', false],
      ['emb.model', 'emb_model', 'VarChar', false],
      ['emb.vec', 'emb_vec', 'FloatVector', false],
      ['price', 'price', 'Double', false],
      ['big', 'big', 'Int64', false],
      ['count', 'count', 'VarChar', false],
      ['small', 'small', 'Array', false],
    ],
  );
  assert.equal(fields[1]!.field.maxLength, 99);
  assert.deepEqual([fields[7]!.field.element, fields[7]!.field.maxCapacity], ['Int16', 5]);
  const keyed = declare([{ name: 'small', pk: true }, { name: '_id' }, { name: 'vec' }]).fields;
  assert.deepEqual(
    keyed.map(({ field }) => [field.type, field.primaryKey]),
    [
      ['Int64', true],
      ['VarChar', false],
      ['FloatVector', false],
    ],
  );
  assert.equal('nullable' in keyed[0]!.field, false);
});

test('what the mapping alone has: constants for documents without one, scripts and constants in objects in notes', () => {
  const properties: Properties = {
    kind: { type: 'constant_keyword', value: 'logs' },
    later: { type: 'constant_keyword' },
    sum: { type: 'long', script: { source: 'emit(1)' } },
    stream: {
      properties: {
        type: { type: 'constant_keyword', value: 'a' },
        n: { type: 'long', script: { source: 'emit(2)' } },
      },
    },
  };
  const wanted = ['sum (long): a script', 'stream.type (constant_keyword): "a"', 'stream.n (long): a script'];
  const whole = mapProperties(properties, CHOICES, 'things');
  const names = Object.keys(properties).map((name) => ({ name, pk: false }));
  const declared = mapDeclared(properties, names, { choices: CHOICES, index: 'things' });
  for (const { fields, notes } of [whole, declared]) {
    assert.deepEqual(
      fields.map(({ path, constant }) => [path, constant]),
      [
        ['kind', '"logs"'],
        ['later', undefined],
        ['sum', undefined],
        ['stream', undefined],
      ],
    );
    const lossy = notes.filter(({ kind }) => kind === 'lossy').map(({ text }) => text);
    assert.equal(lossy.length, wanted.length);
    for (const [at, start] of wanted.entries()) assert.ok(lossy[at]!.startsWith(start), lossy[at]);
  }
});

const REFUSED: readonly [string, readonly (Partial<Declaration> & { name: string })[], string][] = [
  ['no such field', [{ name: 'Title' }], 'E_SOURCE_SCHEMA'],
  ['a text as a vector', [{ name: 'title', type: 'dense_vector' }], 'E_SOURCE_SCHEMA'],
  ['a larger type as a smaller one', [{ name: 'count', type: 'short' }], 'E_SOURCE_SCHEMA'],
  ['a type that is not known', [{ name: 'title', type: 'varchar2' }], 'E_SOURCE_SCHEMA'],
  [
    'two keys',
    [
      { name: 'title', pk: true },
      { name: '_id', pk: true },
    ],
    'E_SOURCE_SCHEMA',
  ],
  ['a date as key', [{ name: 'when', pk: true }], 'E_SOURCE_SCHEMA'],
  ['a float as key', [{ name: 'price', pk: true }], 'E_SOURCE_SCHEMA'],
  ['_id as float', [{ name: '_id', type: 'float' }], 'E_SOURCE_SCHEMA'],
  ['other dims', [{ name: 'vec', dims: 5 }], 'E_DIMENSION'],
  ['a length that is none', [{ name: 'title', maxLen: 70_000 }], 'E_SOURCE_SCHEMA'],
  ['arrays of objects', [{ name: 'emb', many: 'Array' }], 'E_SOURCE_SCHEMA'],
  ['the same twice', [{ name: 'title' }, { name: 'title.raw' }], 'E_NAME_COLLISION'],
];

for (const [what, declared, code] of REFUSED)
  test(`refused: ${what}`, () => {
    assert.throws(
      () => declare(declared),
      (error) => error instanceof MigrateError && error.code === code && error.at.collection === 'things',
    );
  });

test('a field and its multi-field are told as the same values', () => {
  for (const [second, found] of [
    ['title.raw', 'title and title.raw'],
    ['title', 'title, twice'],
  ] as const)
    assert.throws(() => declare([{ name: '_id' }, { name: 'title' }, { name: second }]), {
      code: 'E_NAME_COLLISION',
      found,
      hint: /declare one of them/,
    });
});

test('names are what Milvus takes, whatever the path', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (path) => {
      assert.match(fieldName(path), /^[A-Za-z_][A-Za-z0-9_]{0,255}$/);
    }),
  );
  assert.equal(fieldName('author.first-name'), 'author_first_name');
  assert.equal(fieldName('2nd'), '_2nd');
  assert.equal(fieldName('exists'), 'exists_');
  // Of each collection's own.
  for (const [path, name] of [
    ['RowID', 'RowID_'],
    ['Timestamp', 'Timestamp_'],
    ['timestamp', 'timestamp'],
  ] as const)
    assert.equal(fieldName(path), name);
  assert.throws(() => fieldNames(['a.b', 'a-b'], 'x'), { code: 'E_NAME_COLLISION' });
});

test('a field with another name in Milvus is told', () => {
  const properties: Properties = { 'a-b': { type: 'keyword' }, same: { type: 'long' } };
  const declared = ['_id', 'same', 'a-b'].map((name) => ({ name, pk: false }));
  for (const { notes } of [
    mapProperties(properties, CHOICES, 'things'),
    mapDeclared(properties, declared, { choices: CHOICES, index: 'things' }),
  ])
    assert.deepEqual(
      notes.map(({ text }) => text),
      ['a-b (keyword): its name there is a_b'],
    );
});

test('names of JavaScript’s own objects are no fields', () => {
  for (const name of ['constructor', '__proto__', 'title.constructor', 'emb.toString'])
    assert.equal(lookUp(PROPERTIES, name), undefined);
});

test('similarities and metrics', () => {
  const metric = (similarity?: string, more = {}) => metricOf({ ...(similarity ? { similarity } : {}), ...more });
  assert.equal(metric('cosine'), 'COSINE');
  assert.equal(metric('l2_norm'), 'L2');
  assert.equal(metric('max_inner_product'), 'IP');
  assert.equal(metric(undefined, { index: false }), null);
  assert.equal(metric(undefined, { index: true }), 'COSINE');
  assert.equal(metric('l2_norm', { element_type: 'bit' }), 'HAMMING');
});

test('the index of a vector: its graph within the limits of Milvus, whatever is quantised in it, and what is told', () => {
  const of = (options?: object, more: object = { index: true }) => {
    const told: string[] = [];
    const property = { type: 'dense_vector', ...more, ...(options === undefined ? {} : { index_options: options }) };
    return [vectorIndexOf(property, (text) => void told.push(text)), told.join('; ')];
  };
  const hnsw = (M: number, efConstruction: number) => ({ type: 'HNSW', params: { M, efConstruction } });
  assert.deepEqual(of({ type: 'hnsw', m: 32, ef_construction: 200 }), [hnsw(32, 200), '']);
  for (const type of ['int8_hnsw', 'int4_hnsw', 'bbq_hnsw'])
    assert.deepEqual(of({ type }), [hnsw(16, 100), `index ${type} → HNSW, of whole vectors`]);
  const [bounded, told] = of({ type: 'hnsw', m: 2, ef_construction: 5000 });
  assert.deepEqual(bounded, hnsw(4, 512));
  assert.match(String(told), /M 2 → 4 .*efConstruction 5000 → 512/);
  assert.deepEqual(of({ type: 'hnsw', m: 'many', ef_construction: 1.5 }), [hnsw(16, 100), '']);
  assert.deepEqual(of(), [hnsw(16, 100), '']);
  assert.deepEqual(of({ type: 'flat' }), [{ type: 'FLAT', params: {} }, '']);
  for (const type of ['int8_flat', 'bbq_flat'])
    assert.deepEqual(of({ type }), [{ type: 'FLAT', params: {} }, `index ${type} → FLAT, of whole vectors`]);
  assert.deepEqual(of({ type: 'bbq_disk' }), [undefined, 'index bbq_disk: Milvus has nothing like it']);
  assert.deepEqual(of(undefined, { index: false }), [undefined, '']);
  assert.deepEqual(of(undefined, {}), [undefined, '']);
  assert.deepEqual(of({ type: 'hnsw' }, { index: true, element_type: 'bit' }), [undefined, '']);
});
