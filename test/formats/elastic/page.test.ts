/** Search answers in JSON and in CBOR: the same hits and facts as JSON.parse finds, vectors bit for bit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CborError, skipValue as skipCbor } from '../../../src/formats/cbor/scan.ts';
import type { Hit, PageFacts, VectorFault } from '../../../src/formats/elastic/page.ts';
import { eachCborMember, readCborVector, scanCborPage } from '../../../src/formats/elastic/pageCbor.ts';
import { keyOf, readJsonVector, scanJsonPage, textAt } from '../../../src/formats/elastic/pageJson.ts';
import { eachMember, JsonTextError, skipValue } from '../../../src/formats/json/scan.ts';
import { encode, type Item, itemOf } from '../cbor/encode.ts';

/** What a scan found: `_source` by where it begins, vectors read from it. */
interface Found {
  readonly facts: PageFacts;
  readonly hits: readonly (Omit<Hit, 'sourceAt' | 'sortAt' | 'fieldsAt'> & {
    readonly vector: Float32Array | VectorFault | null;
  })[];
}

const DIM = 3;

function scanJson(bytes: Uint8Array): Found {
  const hits: Found['hits'][number][] = [];
  const facts = scanJsonPage(bytes, ({ index, id, seqNo, sourceAt }) => {
    let vector: Float32Array | VectorFault | null = null;
    if (sourceAt >= 0)
      eachMember(bytes, sourceAt, (member) => {
        if (keyOf(bytes, member) === 'vec') {
          const target = new Float32Array(DIM);
          vector = readJsonVector(bytes, { at: member.valueStart, failed: false }, target) ?? target;
        }
        return skipValue(bytes, member.valueStart);
      });
    hits.push({ index, id, seqNo, vector });
  });
  return { facts, hits };
}

function scanCbor(bytes: Uint8Array): Found {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hits: Found['hits'][number][] = [];
  const facts = scanCborPage(view, ({ index, id, seqNo, sourceAt }) => {
    let vector: Float32Array | VectorFault | null = null;
    if (sourceAt >= 0)
      eachCborMember(view, sourceAt, (key, at) => {
        if (key === 'vec') {
          const target = new Float32Array(DIM);
          vector = readCborVector(view, { at, failed: false }, target) ?? target;
        }
        return skipCbor(view, at);
      });
    hits.push({ index, id, seqNo, vector });
  });
  return { facts, hits };
}

test('a text is what JSON.parse makes of it, or an error where that has one', () => {
  const raw = fc.string({
    unit: fc.constantFrom('a', 'ü', '\u{1f600}', '\\', '\\n', '"', '\u0000', '\u001f', ' ', '\u007f'),
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }).map((text) => JSON.stringify(text).slice(1, -1)),
        raw,
      ),
      (inner) => {
        const bytes = Buffer.from(`[ "${inner}" ]`);
        const [from, to] = [2, bytes.length - 2];
        let wanted: unknown;
        try {
          wanted = JSON.parse(bytes.subarray(from, to).toString());
        } catch {
          assert.throws(() => textAt(bytes, from, to), JsonTextError);
          return;
        }
        assert.equal(textAt(bytes, from, to), wanted);
        assert.equal(textAt(new Uint8Array(bytes), from, to), wanted);
      },
    ),
    { numRuns: 5_000 },
  );
  for (const [from, to] of [
    [2, 3],
    [2, 2],
    [0, 3],
  ] as const)
    assert.throws(() => textAt(Buffer.from('[ "a" ]'), from, to), JsonTextError);
});

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e38, max: 1e38 }),
  fc.integer(),
  fc.constant(-0),
);
const name = fc.oneof(
  fc.constantFrom('vec', '_source', 'hits', '_id', 'a"\\b', 'sort'),
  fc.string({ unit: 'grapheme' }),
);
/** Documents in which the same names occur again, deeper. */
const nested = fc.dictionary(name, fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(name, fc.jsonValue())), {
  noNullPrototype: true,
});
const hit = fc.record(
  {
    _index: fc.string(),
    _id: fc.string({ unit: 'grapheme' }),
    _score: fc.constant(null),
    _seq_no: fc.maxSafeNat(),
    _source: fc
      .tuple(nested, fc.array(number, { minLength: DIM, maxLength: DIM }))
      .map(([rest, vec]) => ({ ...rest, vec })),
    sort: fc.tuple(fc.maxSafeNat()),
  },
  { noNullPrototype: true },
);
const page = fc.record(
  {
    took: fc.nat(),
    timed_out: fc.boolean(),
    pit_id: fc.string(),
    _shards: fc.record(
      { total: fc.nat(), successful: fc.nat(), failed: fc.nat(), failures: fc.array(nested) },
      { noNullPrototype: true },
    ),
    hits: fc.record(
      {
        total: fc.record({ value: fc.nat(), relation: fc.constantFrom('eq', 'gte') }, { noNullPrototype: true }),
        max_score: fc.constant(null),
        hits: fc.array(hit, { maxLength: 5 }),
      },
      { noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
);

test('hits and facts, in both encodings, whatever the documents hold', () => {
  fc.assert(
    fc.property(page, fc.constantFrom(undefined, 1), (answer, indent) => {
      // -0 as JSON.stringify can not write it; the scanner must keep it.
      const text = JSON.stringify(answer, undefined, indent);
      const parsed = JSON.parse(text) as typeof answer;
      const want = (source: typeof answer): Found => ({
        facts: {
          hits: source.hits.hits.length,
          timedOut: source.timed_out,
          shards: { total: source._shards.total, failed: source._shards.failed },
          total: { value: source.hits.total.value, exact: source.hits.total.relation === 'eq' },
          pitId: source.pit_id,
        } as PageFacts,
        hits: source.hits.hits.map(({ _index, _id, _seq_no, _source }) => ({
          index: _index,
          id: _id,
          seqNo: _seq_no,
          vector: Float32Array.from(_source.vec),
        })),
      });
      assert.deepEqual(scanJson(Buffer.from(text)), want(parsed));
      assert.deepEqual(scanCbor(encode(itemOf(answer))), want(answer));
    }),
    { numRuns: 1_000 },
  );
});

test('a document with a byte order mark in front is the document behind it', () => {
  for (const space of ['', ' \n']) {
    const source = `\ufeff${space}{"vec":[${Array(DIM).fill(1)}]}`;
    const [hit] = scanJson(Buffer.from(`{"hits":{"hits":[{"_id":"a","_source": ${source},"sort":[1]}]}}`)).hits;
    assert.deepEqual(hit!.vector, new Float32Array(DIM).fill(1));
  }
});

test('an answer that is cut or goes on is an error', () => {
  fc.assert(
    fc.property(page, fc.nat(), (answer, cut) => {
      const text = Buffer.from(JSON.stringify(answer));
      assert.throws(() => scanJson(text.subarray(0, cut % text.length)), JsonTextError);
      assert.throws(() => scanJson(Buffer.concat([text, Buffer.from(' x')])), JsonTextError);
      const bytes = encode(itemOf(answer));
      assert.throws(() => scanCbor(bytes.subarray(0, cut % bytes.length)), CborError);
      assert.throws(() => scanCbor(Buffer.concat([bytes, Buffer.from([0])])), CborError);
    }),
    { numRuns: 500 },
  );
});

test('an error instead of hits', () => {
  const error = { error: { type: 'search_phase_execution_exception', root_cause: [] }, status: 429 };
  assert.equal(scanJson(Buffer.from(JSON.stringify(error))).facts.error, JSON.stringify(error.error));
  assert.notEqual(scanCbor(encode(itemOf(error))).facts.error, undefined);
});

test('vectors that are none: which element, of what kind', () => {
  const cases: readonly (readonly [unknown, object])[] = [
    [[1, 2], { kind: 'length', found: 2 }],
    [[], { kind: 'length', found: 0 }],
    [[1, 2, 3, 4, 5], { kind: 'length', found: 5 }],
    [[1, null, 3], { kind: 'element', index: 1 }],
    [[1, 2, '3'], { kind: 'element', index: 2 }],
    [[[1, 2, 3]], { kind: 'element', index: 0 }],
    [[1, 1e39, 3], { kind: 'range', index: 1 }],
    ['1,2,3', { kind: 'type' }],
    [null, { kind: 'type' }],
    [{ 0: 1 }, { kind: 'type' }],
  ];
  for (const [vec, want] of cases) {
    const answer = { hits: { hits: [{ _id: '1', _source: { vec } }] } };
    for (const { hits } of [scanJson(Buffer.from(JSON.stringify(answer))), scanCbor(encode(itemOf(answer)))]) {
      const { at: _, ...found } = hits[0]!.vector as VectorFault & { at?: number };
      assert.deepEqual(found, want, JSON.stringify(vec));
    }
  }
});

test('a vector in CBOR of doubles with another kind of number anywhere, of known and unknown length', () => {
  const double = fc.double({ noNaN: true, min: -3e38, max: 3e38 }).map((value): Item => ({ kind: 'f64', value }));
  const other: fc.Arbitrary<Item> = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((value): Item => ({ kind: 'f32', value })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Item => ({ kind: 'int', value })),
  );
  fc.assert(
    fc.property(
      fc.array(double, { maxLength: 40 }),
      fc.option(other),
      fc.nat(),
      fc.boolean(),
      (doubles, odd, at, open) => {
        const items = odd === null ? doubles : doubles.toSpliced(at % (doubles.length + 1), 0, odd);
        const bytes = encode({ kind: 'array', items, open });
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const cursor = { at: 0, failed: false };
        const target = new Float32Array(items.length);
        assert.equal(readCborVector(view, cursor, target), undefined);
        assert.equal(cursor.at, bytes.length);
        assert.deepEqual(
          target,
          Float32Array.from(items, (item) => Number((item as { value: number | bigint }).value)),
        );
        for (const length of [items.length + 1, items.length - 1].filter((wrong) => wrong >= 0)) {
          const fault = readCborVector(view, { at: 0, failed: false }, new Float32Array(length));
          assert.deepEqual(fault, { kind: 'length', found: items.length });
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
