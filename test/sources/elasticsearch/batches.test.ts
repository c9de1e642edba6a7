/** From pages' bytes to batches, without a server: any documents, any slab, both encodings, the same rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../../../src/core/batch.ts';
import type { MigrateError } from '../../../src/core/errors.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { idField } from '../../../src/formats/elastic/declared.ts';
import { arrayOf, type MappedField, mapProperties } from '../../../src/formats/elastic/mapping.ts';
import { batchesOf } from '../../../src/sources/elasticsearch/batches.ts';
import type { Encoding } from '../../../src/sources/elasticsearch/connect.ts';
import { type Page, readPage } from '../../../src/sources/elasticsearch/page.ts';
import { createRowMaker } from '../../../src/sources/elasticsearch/rowMaker.ts';
import { DYNAMIC } from '../../../src/sources/elasticsearch/schema.ts';
import { bodyOf, type Document } from './pageBodies.ts';
import { collect, type Read, type ReadRow, ring, rowsOf, vectorHex } from './reading.ts';

const { fields: mapped } = mapProperties(
  {
    vec: { type: 'dense_vector', dims: 3 },
    title: { type: 'keyword' },
    n: { type: 'long' },
    real: { type: 'float' },
    meta: { type: 'object' },
  },
  { dates: 'millis' },
  'test',
);
const FIELDS: readonly MappedField[] = [idField('VarChar', true), ...mapped];
const SENT = { fromDocValues: [], rebuilt: [], rewritten: false };
const REJECT = { longText: 'reject', missing: 'reject' } as const;
const SCHEMA: Schema = { metric: 'L2', fields: [...FIELDS.map(({ field }) => field), DYNAMIC] };

interface Reading {
  readonly slabBytes: number;
  readonly encoding: Encoding;
  readonly perPage?: number;
  readonly choices?: { longText: 'reject' | 'truncate'; missing: 'reject' | 'default' };
  readonly schema?: Schema;
}

async function read(
  documents: readonly (Document | string)[],
  { slabBytes, encoding, perPage = 7, schema = SCHEMA, choices = REJECT }: Reading,
): Promise<{ rows: ReadRow[]; batches: Batch[]; refused: { key: string; reason: string; row: string }[] }> {
  async function* pages(): AsyncGenerator<Page> {
    const memory = new Uint8Array(1e6);
    for (let from = 0; from < documents.length; from += perPage) {
      const body = bodyOf(documents.slice(from, from + perPage), encoding, from);
      // One buffer for all pages, as a worker has it.
      memory.fill(0xff);
      memory.set(body);
      yield { ...readPage(memory.subarray(0, body.length), encoding, 'test'), withoutSnapshot: false };
    }
  }
  const slabs = ring(slabBytes, 1);
  const maker = createRowMaker(schema, { fields: FIELDS, ...SENT }, choices);
  const rows: ReadRow[] = [];
  const batches: Batch[] = [];
  for await (const batch of batchesOf(pages(), { schema, maker, slabs, origin: 'test', dropped: undefined })) {
    rows.push(...rowsOf(batch, schema));
    batches.push(batch);
  }
  assert.equal(slabs.used, 0);
  return { rows, batches, refused: batches.flatMap(({ refused }) => refused ?? []) };
}

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const documents = fc.array(
  fc.record(
    {
      vec: fc.oneof(
        { weight: 8, arbitrary: fc.array(finite, { minLength: 3, maxLength: 3 }) },
        { weight: 1, arbitrary: fc.constantFrom(null, 'text', [1, 2], [1, 2, 3, 4], [1, null, 3], [1, '2', 3], {}) },
      ),
      title: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constant(null)),
      n: fc.maxSafeInteger(),
      real: finite,
      meta: fc.dictionary(
        fc.string({ unit: 'grapheme-ascii' }).filter((key) => /^\w+$/.test(key)),
        fc.maxSafeInteger(),
        { maxKeys: 4 },
      ),
      other: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
    },
    { requiredKeys: ['vec'], noNullPrototype: true },
  ),
  { maxLength: 40 },
);

/** As rows show it; undefined: it is refused. */
function expected(document: Document, at: number): ReadRow | undefined {
  const { vec, title = null, n, real, meta, other } = document;
  if (!Array.isArray(vec) || vec.length !== 3 || !vec.every((value) => typeof value === 'number')) return undefined;
  return {
    _id: `d${at}`,
    vec: vectorHex(vec),
    title,
    n: n === undefined ? null : BigInt(n),
    real: real === undefined ? null : Math.fround(real),
    meta: meta === undefined ? null : JSON.stringify(meta),
    $meta: 'other' in document ? `{"other":${JSON.stringify(other)}}` : '{}',
  };
}

for (const encoding of ['json', 'cbor'] as const)
  test(`any documents in slabs of any size: the rows that JSON.parse gives, or refused, ${encoding}`, async () => {
    await fc.assert(
      fc.asyncProperty(documents, fc.integer({ min: 1_400, max: 20_000 }), async (some, slabBytes) => {
        // −0 is written as 0 by JSON.stringify.
        const list = JSON.parse(JSON.stringify(some)) as Document[];
        const found = await read(list, { slabBytes, encoding });
        const rows = list.map(expected);
        assert.deepEqual(
          found.rows,
          rows.filter((row) => row !== undefined),
        );
        assert.deepEqual(
          found.refused.map(({ key, row }) => [key, JSON.parse(row)]),
          list.flatMap((source, at) =>
            rows[at] === undefined ? [[`d${at}`, { _index: 'test', _id: `d${at}`, _source: source }]] : [],
          ),
        );
        assert.equal(
          found.batches.reduce((sum, batch) => sum + batch.read, 0),
          list.length,
        );
      }),
      { numRuns: 150 },
    );
  });

test('vectors that are none are refused with what was found, and the document whole', async () => {
  const cases: readonly [string, RegExp][] = [
    ['{"vec":null}', /^vec: found null, wanted a vector of 3/],
    ['{"n":1}', /^vec: found no vector, wanted a vector of 3/],
    ['{"vec":"abc"}', /^vec: found "abc", wanted a vector of 3 numbers/],
    ['{"vec":[1,2]}', /^vec: found 2 numbers, wanted a vector of 3 numbers/],
    ['{"vec":[1,2,3,4]}', /^vec: found 4 numbers/],
    ['{"vec":[1,"NaN",3]}', /^vec: found "NaN" at position 1/],
    ['{"vec":[1,null,3]}', /^vec: found null at position 1/],
    ['{"vec":[1,2,1e39]}', /^vec: found 1e39 at position 2, wanted numbers within float32/],
    ['{"vec":[1,2,3],"n":"x"}', /^n: found "x", wanted a whole number/],
    ['{"vec":[1,2,3],"title":{"a":1}}', /^title: found object, wanted a text/],
    ['{"vec":[1,2,3],"$meta":1}', /^\$meta: found a key \$meta/],
  ];
  const found = await read(
    cases.map(([text]) => text),
    { slabBytes: 65_536, encoding: 'json' },
  );
  assert.deepEqual(found.rows, []);
  for (const [at, [text, reason]] of cases.entries()) {
    assert.match(found.refused[at]!.reason, reason);
    assert.equal(found.refused[at]!.row, `{"_index":"test","_id":"d${at}","_source":${text}}`);
  }
  // The last batch has no rows, and says what was read.
  assert.deepEqual([found.batches.length, found.batches[0]!.rows, found.batches[0]!.read], [1, 0, cases.length]);
});

/** Rows and refused documents of one page, whose documents are given byte for byte, as latin1. */
async function readBytes(
  sources: readonly string[],
  { schema, fields }: { schema: Schema; fields: readonly MappedField[] } = { schema: SCHEMA, fields: FIELDS },
): Promise<Pick<Read, 'rows' | 'refused' | 'changes'>> {
  const hits = sources.map((text, at) => `{"_index":"test","_id":"d${at}","_source":${text},"sort":[${at}]}`);
  const body = `{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"hits":[${hits.join(',')}]}}`;
  const page = { ...readPage(Buffer.from(body, 'latin1'), 'json', 'test'), withoutSnapshot: false };
  const one = (async function* () {
    yield page;
  })();
  const maker = createRowMaker(schema, { fields, ...SENT }, REJECT);
  const slabs = ring(65_536);
  const batches = await collect(batchesOf(one, { schema, maker, slabs, origin: 'test', dropped: undefined }));
  return {
    rows: batches.flatMap((batch) => rowsOf(batch, schema)),
    refused: batches.flatMap(({ refused }) => refused ?? []),
    changes: Object.assign({}, ...batches.map(({ changes }) => changes)),
  };
}

test('a document that is not UTF-8 is refused, with its bytes; those around it are not', async () => {
  const half = '\xed\xa0\xbd';
  const sources = [
    '{"vec":[1,2,3],"title":"\xc3\xa9"}',
    `{"vec":[1,2,3],"title":"a${half}b"}`,
    `{"vec":[1,2,3],"title":"a${half}\xed\xb8\x80b"}`,
    '{"vec":[1,2,3],"title":"a\xc0\x80b"}',
    `{"vec":[1,2,3],"k${half}":1}`,
    `{"vec":[1,2,3],"other":["${half}"]}`,
    `{"vec":[1,2,3],"meta":{"${half}":1}}`,
    '{"vec":[1,2,3],"title":"\xef\xbf\xbd"}',
  ];
  const { rows, refused } = await readBytes(sources);
  assert.deepEqual(
    rows.map(({ _id, title }) => [_id, title]),
    [
      ['d0', 'é'],
      ['d7', '\ufffd'],
    ],
  );
  assert.deepEqual(
    refused.map(({ key }) => key),
    ['d1', 'd2', 'd3', 'd4', 'd5', 'd6'],
  );
  for (const { key, reason, row } of refused) {
    assert.match(reason, /^_source: found bytes that are not UTF-8, wanted UTF-8/);
    const { _id, _source, _source_base64 } = JSON.parse(row);
    assert.deepEqual([_id, _source], [key, null]);
    assert.equal(Buffer.from(_source_base64, 'base64').toString('latin1'), sources[Number(key.slice(1))]);
  }
});

test('a document in whose JSON half a character is escaped is refused; those around it are not', async () => {
  const { rows, refused } = await readBytes([
    '{"vec":[1,2,3],"meta":{"a":"\\ud83d\\ude00 \\\\ud83d"}}',
    '{"vec":[1,2,3],"meta":{"a":["x\\ud83d"]}}',
    '{"vec":[1,2,3],"other":{"\\uDE00":1}}',
  ]);
  assert.deepEqual(
    rows.map(({ meta }) => meta),
    ['{"a":"\\ud83d\\ude00 \\\\ud83d"}'],
  );
  assert.deepEqual(
    refused.map(({ key, reason }) => [key, reason]),
    [
      ['d1', 'meta: found \\ud83d, wanted texts of whole characters'],
      ['d2', '$meta: found \\uDE00, wanted texts of whole characters'],
    ],
  );
});

test('a document with a number that no double holds in what goes over as JSON is refused; those around it are not', async () => {
  const { rows, refused } = await readBytes([
    '{"vec":[1,2,3],"meta":{"a":1e308,"b":"1e400"}}',
    '{"vec":[1,2,3],"meta":{"a":[-1e400]}}',
    '{"vec":[1,2,3],"other":1e309}',
  ]);
  assert.equal(rows.length, 1);
  const wanted = 'wanted numbers within a double';
  const reasons = refused.map(({ key, reason }) => [key, reason]);
  assert.deepEqual(reasons, [
    ['d1', `meta: found -1e400, ${wanted}`],
    ['d2', `$meta: found 1e309, ${wanted}`],
  ]);
});

test('a document with a comment is refused, with its bytes; those around it are not', async () => {
  const bad = [
    '"vec":[1,2,3],"title":true/* x */',
    '"vec":[1,2,3],"n":5/* x */',
    '"vec":[1,2,3],"n":5/*x*/',
    '"vec":[1,2,3],"title":5/*x*/',
    '"vec":[1,2,3],"title":/*x*/"y"',
    '"n":5,/*c*/"vec":[1,2,3]',
    '/*c*/"vec":[1,2,3]',
    '"vec"/*c*/:[1,2,3]',
    '"vec":[1,2,3/*c*/]',
    '"vec":[1,/*2,*/2,3]',
    '"vec":[1,2,3]/*c*/',
    '"vec":[1,2,3],"meta":{"a":1/* hi */}',
    '"vec":[1,2,3],"meta":{"a":"//"/* "b" */}',
    '"vec":[1,2,3],"other":{"a":1// hi\n}',
    '"vec":[1,2,3],"other":5/*,"n":6,"z":*/',
  ].map((members) => `{${members}}`);
  const good = '{"vec":[1,2,3],"title":"/* none */","meta":{"a":"https://x"},"other":"//"}';
  const { rows, refused } = await readBytes(bad.flatMap((text) => [text, good]));
  assert.equal(rows.length, bad.length);
  for (const { title, meta, $meta } of rows)
    assert.deepEqual([title, meta, $meta], ['/* none */', '{"a":"https://x"}', '{"other":"//"}']);
  for (const [at, text] of bad.entries()) {
    const { key, reason, row } = refused[at]!;
    assert.match(reason, /found a comment, wanted JSON without comments; read with --es-encoding cbor$/, text);
    assert.equal(key, `d${at * 2}`);
    const { _source, _source_base64 } = JSON.parse(row);
    assert.deepEqual([_source, Buffer.from(_source_base64, 'base64').toString()], [null, text]);
  }
});

test('an answer in which a comment hides where its document ends says so, and where', async () => {
  for (const members of ['"vec":[1,2/*]*/,3]', '"x":{"x":1/* ,"y":2} */}', '"x":5/* " */', '"x":5} // tail {'])
    await assert.rejects(readBytes(['{"vec":[1,2,3]}', `{${members}}`]), (error: MigrateError) => {
      assert.equal(error.code, 'E_READ');
      assert.match(String(error.found), /, in or behind the document d[01]$/);
      assert.match(String(error.wanted), /where a document has comments, --es-encoding cbor reads it$/);
      return true;
    });
});

test('a path that is there twice in what no field takes is refused', async () => {
  const fields = mapProperties(
    { vec: { type: 'dense_vector', dims: 3 }, 'a.b': { type: 'keyword' } },
    { dates: 'millis' },
    'test',
  ).fields;
  const schema: Schema = { metric: 'L2', fields: [...fields.map(({ field }) => field), DYNAMIC] };
  const { rows, refused } = await readBytes(
    ['{"vec":[1,2,3],"a":{"b":"x","c":1},"other":5}', '{"vec":[1,2,3],"a":{"c":1},"a.c":2}', '{"vec":[1,2,3],"a":7}'],
    { schema, fields },
  );
  assert.deepEqual(
    rows.map(({ vec: _, ...row }) => row),
    [
      { a_b: 'x', $meta: '{"a.c":1,"other":5}' },
      { a_b: null, $meta: '{"a":7}' },
    ],
  );
  assert.deepEqual(
    refused.map(({ key, reason }) => [key, reason]),
    [['d1', '$meta: found two values for one key, one written with dots, wanted one value a key']],
  );
});

test('a row that fits no slab is refused; those around it are not', async () => {
  const long = (length: number) => ({ vec: [1, 2, 3], title: 'x'.repeat(length) });
  const list = [long(1), long(3_000), long(5_000), long(2), long(3_900)];
  const found = await read(list, { slabBytes: 4_096, encoding: 'json' });
  assert.deepEqual(
    found.rows.map(({ _id }) => _id),
    ['d0', 'd1', 'd3', 'd4'],
  );
  assert.match(found.refused[0]!.reason, /^found values of 50\d\d bytes, wanted a row of at most 4096 bytes/);
});

test('refused documents do not pile up in memory: their batch goes when they are as many bytes as a slab', async () => {
  const list = Array.from({ length: 100 }, () => ({ title: 'y'.repeat(1_000) }));
  const found = await read(list, { slabBytes: 8_192, encoding: 'cbor' });
  assert.equal(found.refused.length, 100);
  assert.ok(found.batches.length >= 12);
  for (const batch of found.batches) assert.ok((batch.refused ?? []).length <= 9);
});

test('a key is what it is in its page, whatever stood in that place of the page before', async () => {
  // Of one length, with the same first, middle and last letter; the pages come one after the other in the same buffer.
  const documents = [1, 2, 3, 4].map((year) => `{"vec":[1,2,3],"year_${year}_sales":${year}}`);
  for (const encoding of ['json', 'cbor'] as const) {
    const { rows } = await read(documents, { slabBytes: 65_536, encoding, perPage: 1 });
    for (const [at, { $meta }] of rows.entries()) assert.equal($meta, `{"year_${at + 1}_sales":${at + 1}}`);
  }
});

test('a text that is cut is counted', async () => {
  const schema = SCHEMA;
  const fields = FIELDS.map((one) => (one.path === 'title' ? { ...one, field: { ...one.field, maxLength: 4 } } : one));
  const maker = createRowMaker(schema, { fields, ...SENT }, { longText: 'truncate', missing: 'reject' });
  const body = bodyOf(
    [{ vec: [1, 2, 3], title: 'longer' }, { vec: [1, 2, 3], title: 'four', n: 1 }, '{"vec":[1,2,3],"n":1.5}'],
    'json',
  );
  const page = { ...readPage(body, 'json', 'test'), withoutSnapshot: false };
  const one = (async function* () {
    yield page;
  })();
  const [batch] = await collect(
    batchesOf(one, { schema, maker, slabs: ring(65_536), origin: 'test', dropped: undefined }),
  );
  assert.deepEqual(batch!.changes, { 'title: text cut': 1, 'n: fraction cut': 1 });
  assert.equal(batch!.rows, 3);
});

test('each value of an array that is changed is counted', async () => {
  const [vec, n] = FIELDS.filter(({ path }) => path === 'vec' || path === 'n');
  const many = arrayOf(n!, 10, 'test');
  const schema: Schema = { metric: 'L2', fields: [vec!.field, many.field] };
  const { rows, changes } = await readBytes(
    ['{"vec":[1,2,3],"n":[1.5,null,3.7]}', '{"vec":[1,2,3],"n":[1.5,2.5,3]}', '{"vec":[1,2,3],"n":[9.5,"x"]}'],
    { schema, fields: [vec!, many] },
  );
  assert.deepEqual(
    rows.map((row) => row.n),
    ['[1,3]', '[1,2,3]'],
  );
  assert.deepEqual(changes, { 'n: fraction cut': 4, 'n: nulls dropped': 1 });
});

test('an answer that is cut or malformed is no page', () => {
  for (const encoding of ['json', 'cbor'] as const) {
    const body = bodyOf([{ vec: [1, 2, 3] }, { vec: [1, 2, 3], title: 'x' }], encoding);
    for (let length = 0; length < body.length; length++)
      assert.throws(() => readPage(body.subarray(0, length), encoding, 'test'), { code: 'E_READ', retry: true });
  }
});

for (const [how, first] of [
  ['pages that are empty', []],
  ['the last one, which is empty', [{ vec: [1, 2, 3], title: 't', n: 1, real: 1 }]],
] as const)
  test(`a snapshot that was lost is told though nothing is left: ${how}`, async () => {
    async function* pages(): AsyncGenerator<Page> {
      yield { ...readPage(bodyOf(first, 'json'), 'json', 'test'), withoutSnapshot: false };
      yield { ...readPage(bodyOf([], 'json'), 'json', 'test'), withoutSnapshot: true };
    }
    const slabs = ring(1e5, 1);
    const maker = createRowMaker(SCHEMA, { fields: FIELDS, ...SENT }, REJECT);
    const found = await collect(
      batchesOf(pages(), { schema: SCHEMA, maker, slabs, origin: 'test', dropped: undefined }),
    );
    assert.deepEqual(found.at(-1)?.withoutSnapshot, true);
    assert.deepEqual([found.length, slabs.used], [1, 0]);
  });
