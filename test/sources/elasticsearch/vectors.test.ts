/** Vectors as a real Elasticsearch gives them: left out of `_source`, in hex, null, missing; several indices in one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { planned, readIndex, vectorHex } from './reading.ts';

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

for (const encoding of ['json', 'cbor'] as const)
  test(`vectors that _source leaves out come from the doc values, ${encoding}`, async () => {
    const index = `without-${encoding}`;
    await administrator.call('PUT', `/${index}`, {
      settings: { number_of_shards: 2, number_of_replicas: 0 },
      mappings: {
        _source: { excludes: ['vec', 'inner.bytes', 'bits'] },
        properties: {
          vec: { type: 'dense_vector', dims: 3, index: true, similarity: 'cosine' },
          kept: { type: 'dense_vector', dims: 2, index: false },
          inner: { properties: { bytes: { type: 'dense_vector', dims: 2, element_type: 'byte', index: false } } },
          bits: { type: 'dense_vector', dims: 16, element_type: 'bit', index: false },
        },
      },
    });
    const documents = Array.from({ length: 50 }, (_, n) => ({
      id: `d${n}`,
      source: { vec: [n + 1, 0.5, -2], kept: [n, 1], inner: { bytes: [n, 5 - n] }, bits: [n, -1] },
    }));
    await administrator.store(index, [...documents, { id: 'none', source: { kept: [0, 1] } }]);
    const { rows, refused } = await readIndex(source(index, { encoding }));
    assert.deepEqual(
      refused.map(({ key, reason }) => [key, reason.replace(/^\S+: /, '')]),
      [['none', 'found no vector, wanted a vector of 16: Milvus has none without']],
    );
    assert.equal(rows.length, 50);
    for (const row of rows) {
      const n = Number(String(row._id).slice(1));
      const { vec: _, ...rest } = row;
      const shown = {
        _id: `d${n}`,
        kept: vectorHex([n, 1]),
        inner_bytes: vectorHex([n, 5 - n]),
        bits: Buffer.from(Int8Array.of(n, -1).buffer).toString('hex'),
        inner: null,
        $meta: '{}',
      };
      assert.deepEqual(rest, shown);
      // Of cosine the index keeps the direction and the length: what comes back is rounded.
      const floats = new Float32Array(new Uint8Array(Buffer.from(String(row.vec), 'hex')).buffer);
      for (const [at, value] of [n + 1, 0.5, -2].entries()) assert.ok(Math.abs(floats[at]! - value) < 1e-5 * (n + 1));
    }
    await administrator.call('DELETE', `/${index}`);
  });

for (const encoding of ['json', 'cbor'] as const)
  for (const read of ['seq-no', 'scroll'] as const)
    test(`cosine vectors of synthetic _source keep their length behind documents without one, ${encoding}, ${read}`, async () => {
      const index = `rebuilt-${encoding}-${read}`;
      await administrator.call('PUT', `/${index}`, {
        settings: { number_of_shards: 1, number_of_replicas: 0, 'index.mapping.source.mode': 'synthetic' },
        mappings: {
          properties: {
            vec: { type: 'dense_vector', dims: 2, index: true, similarity: 'cosine', index_options: { type: 'flat' } },
            n: { type: 'long' },
          },
        },
      });
      const documents = Array.from({ length: 60 }, (_, n) => ({
        id: `d${n}`,
        source: n % 3 === 0 ? { n } : { n, vec: [3 * n, 4 * n] },
      }));
      await administrator.store(index, documents);
      const { rows, refused } = await readIndex(source(index, { encoding, read }));
      assert.equal(refused.length, 20);
      for (const { _id, vec } of rows) {
        const n = Number(String(_id).slice(1));
        const floats = new Float32Array(new Uint8Array(Buffer.from(String(vec), 'hex')).buffer);
        const length = Math.hypot(floats[0]!, floats[1]!);
        assert.ok(Math.abs(length - 5 * n) < 1e-5 * n, `${String(_id)}: length ${length}, not ${5 * n}`);
      }
      assert.equal(rows.length, 40);
      await administrator.call('DELETE', `/${index}`);
    });

test('vectors in hex, null and missing ones', async () => {
  await administrator.call('PUT', '/odd', {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: { properties: { vec: { type: 'dense_vector', dims: 2, element_type: 'byte', index: false } } },
  });
  await administrator.store('odd', [
    { id: 'hex', source: { vec: '7f80' } },
    { id: 'null', source: { vec: null } },
    { id: 'missing', source: { other: 1 } },
    { id: 'numbers', source: { vec: [1, -1] } },
  ]);
  const { rows, refused } = await readIndex(source('odd'));
  assert.deepEqual(
    rows.map(({ _id, vec }) => [_id, vec]),
    [
      ['hex', vectorHex([127, -128])],
      ['numbers', vectorHex([1, -1])],
    ],
  );
  assert.deepEqual(
    refused.map(({ key, reason, row }) => [key, reason, row]),
    [
      [
        'null',
        'vec: found null, wanted a vector of 2: Milvus has none without',
        '{"_index":"odd","_id":"null","_source":{"vec":null}}',
      ],
      [
        'missing',
        'vec: found no vector, wanted a vector of 2: Milvus has none without',
        '{"_index":"odd","_id":"missing","_source":{"other":1}}',
      ],
    ],
  );
  await administrator.call('DELETE', '/odd');
});

test('several indices in one collection, an _id that is a number, and one that is none', async () => {
  const properties = { vec: { type: 'dense_vector', dims: 2, index: false } };
  for (const name of ['part-a', 'part-b']) {
    await administrator.call('PUT', `/${name}`, { settings: { number_of_replicas: 0 }, mappings: { properties } });
    await administrator.store(name, [
      { id: '9223372036854775807', source: { vec: [1, 2] } },
      { id: '007', source: { vec: [1, 2] } },
    ]);
  }
  const id = { name: '_id', type: 'long', pk: true, maxLen: undefined, dims: undefined };
  const fields = [id, { ...id, name: 'vec', type: undefined, pk: false }];
  const config = source('part-a,part-b', { indices: 'merged', fields, dynamicField: false });
  const { dataset } = await planned(config);
  assert.deepEqual([dataset.name, dataset.rows, dataset.storedIds], ['part-a_part-b', 4, true]);
  const { rows, refused } = await readIndex(config);
  assert.deepEqual(
    rows.map(({ _id }) => _id),
    [2n ** 63n - 1n, 2n ** 63n - 1n],
  );
  assert.deepEqual(
    refused.map(({ key, reason }) => [key, reason.slice(0, 40)]),
    Array(2).fill(['007', '_id: found "007", wanted a whole number ']),
  );
  await administrator.call('DELETE', '/part-a,part-b');
});

for (const declared of [false, true])
  test(`without subobjects a name with dots is one of its own: no part of a field that it begins with, declared: ${declared}`, async () => {
    const properties = {
      vec: { type: 'dense_vector', dims: 2, index: false },
      labels: { type: 'flattened' },
      'labels.host': { type: 'keyword' },
      place: { type: 'geo_point' },
      'place.name': { type: 'keyword' },
    };
    await administrator.call('PUT', '/flat', { mappings: { subobjects: false, properties } });
    const vec = [1, 2];
    await administrator.store('flat', [
      {
        id: 'a',
        source: { vec, labels: { x: '1' }, 'labels.host': 'h', place: { lat: 1, lon: 2 }, 'place.name': 'n' },
      },
      { id: 'b', source: { vec, labels: { host: '2' }, place: '1,2', 'place.name': 'n' } },
    ]);
    const names = ['vec', 'labels', 'place', 'place.name', ...(declared ? [] : ['labels.host'])];
    const fields = names.map((name) => ({ name, type: undefined, pk: false, maxLen: undefined, dims: undefined }));
    const { rows, refused } = await readIndex(source('flat', { ...(declared ? { fields } : {}), dynamicField: true }));
    assert.deepEqual(refused, []);
    const found = rows.map(({ labels, place, place_name, labels_host, $meta }) =>
      [labels, place, place_name, labels_host, $meta].filter((value) => value !== undefined),
    );
    const host = declared ? [] : ['h'];
    assert.deepEqual(found, [
      ['{"x":"1"}', '{"lat":1,"lon":2}', 'n', ...host, declared ? '{"labels.host":"h"}' : '{}'],
      ['{"host":"2"}', '"1,2"', 'n', ...(declared ? [] : [null]), '{}'],
    ]);
    await administrator.call('DELETE', '/flat');
  });

for (const read of ['seq-no', 'scroll'] as const)
  test(`ids are looked through where documents have a routing of their own, ${read}`, async () => {
    const properties = { vec: { type: 'dense_vector', dims: 2, index: false } };
    const storedIds = async (index: string, shards: number, routing: string): Promise<boolean | undefined> => {
      const settings = { number_of_shards: shards, number_of_replicas: 0 };
      await administrator.call('PUT', `/${index}`, { settings, mappings: { properties } });
      await administrator.store(index, [{ id: 'other', source: { vec: [1, 2] } }]);
      await administrator.call('PUT', `/${index}/_doc/same?refresh=true${routing}`, { vec: [1, 2] });
      const { dataset } = await planned(source(index, { read }));
      await administrator.call('DELETE', `/${index}`);
      return dataset.storedIds;
    };
    assert.equal(await storedIds(`routed-${read}`, 3, '&routing=a'), true);
    // It may have been several.
    assert.equal(await storedIds(`one-shard-${read}`, 1, '&routing=a'), true);
    assert.equal(await storedIds(`unrouted-${read}`, 3, ''), false);
  });

test('what CBOR can not tell is said: digits in JSON in a note, a fraction for a text by refusing it', async () => {
  await administrator.call('PUT', '/digits', {
    settings: { number_of_replicas: 0 },
    mappings: {
      dynamic: false,
      properties: { vec: { type: 'dense_vector', dims: 2, index: false }, version: { type: 'keyword' } },
    },
  });
  await administrator.store('digits', [{ id: 'a', source: '{"vec":[1.10,2],"version":1.10,"other":1.10}' }]);
  const json = await readIndex(source('digits'));
  assert.deepEqual([json.rows[0]!.version, json.rows[0]!.$meta], ['1.10', '{"other":1.10}']);
  const cbor = source('digits', { encoding: 'cbor' });
  const { refused } = await readIndex(cbor);
  assert.match(refused[0]!.reason, /^version: found 1\.1, wanted .*read the index as JSON/);
  const { dataset } = await planned(cbor);
  assert.ok(dataset.notes.some(({ kind, text }) => kind === 'lossy' && text.startsWith('$meta: fractions come')));
  assert.ok(!(await planned(source('digits'))).dataset.notes.some(({ text }) => text.includes('CBOR')));
  await administrator.call('DELETE', '/digits');
});

test('documents that were stored as CBOR: as JSON they are read, as CBOR one with a value of its own is refused', async () => {
  const properties = { vec: { type: 'dense_vector', dims: 2, index: false }, d: { type: 'double' } };
  await administrator.call('PUT', '/stored-as', { mappings: { properties } });
  // {"vec": [1, 2], "d": 273.15}: the number as a decimal fraction, which is a tag of CBOR's.
  const body = Buffer.concat([Buffer.from('a263766563820102', 'hex'), Buffer.from('6164c48221196ab3', 'hex')]);
  const put = await fetch(`${server.url}/stored-as/_doc/a?refresh=true`, {
    method: 'PUT',
    headers: { 'content-type': 'application/cbor' },
    body,
  });
  assert.equal(put.status, 201);
  assert.deepEqual(
    (await readIndex(source('stored-as'))).rows.map(({ d }) => d),
    [273.15],
  );
  const { rows, refused } = await readIndex(source('stored-as', { encoding: 'cbor' }));
  assert.deepEqual(rows, []);
  assert.match(refused[0]!.reason, /^d: found a value that only CBOR has/);
  await administrator.call('DELETE', '/stored-as');
});
