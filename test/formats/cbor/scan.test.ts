/** Stepping over CBOR, and numbers out of it: against a plain encoder (encode.ts). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CborError, createHead, halfToFloat, readFloat32, skipValue, textAt } from '../../../src/formats/cbor/scan.ts';
import { encode, type Item } from './encode.ts';

const int = fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }).map((value): Item => ({ kind: 'int', value }));
const number: fc.Arbitrary<Item> = fc.oneof(
  int,
  fc.integer({ min: -30, max: 300 }).map((value): Item => ({ kind: 'int', value: BigInt(value) })),
  fc.integer({ min: 0, max: 0xffff }).map((value): Item => ({ kind: 'f16', value })),
  fc.float().map((value): Item => ({ kind: 'f32', value })),
  fc.double().map((value): Item => ({ kind: 'f64', value })),
);
const { item } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small' },
    number,
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary' }), chunks: fc.boolean() }),
    fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array() }),
    fc.record({ kind: fc.constant('simple' as const), value: fc.constantFrom(20, 21, 22, 23) }) as fc.Arbitrary<Item>,
    fc.record({ kind: fc.constant('array' as const), items: fc.array(tie('item')), open: fc.boolean() }),
    fc.record({
      kind: fc.constant('map' as const),
      items: fc.array(fc.tuple(tie('item'), tie('item'))),
      open: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('tag' as const), tag: fc.nat(), item: tie('item') }),
  ),
}));

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

test('any value is stepped over whole, whatever follows; cut anywhere, it is an error', () => {
  fc.assert(
    fc.property(item, fc.uint8Array({ maxLength: 3 }), fc.nat(), (value, behind, cut) => {
      const bytes = encode(value);
      assert.equal(skipValue(viewOf(Buffer.concat([bytes, behind])), 0), bytes.length);
      assert.throws(() => skipValue(viewOf(bytes.subarray(0, cut % bytes.length)), 0), CborError);
    }),
    { numRuns: 5_000 },
  );
});

test('any bytes: an end within them, or an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        assert.ok(skipValue(viewOf(bytes), 0) <= bytes.length);
      } catch (thrown) {
        assert.ok(thrown instanceof CborError, String(thrown));
      }
    }),
    { numRuns: 20_000 },
  );
});

test('a number is what JSON would give, as float32', () => {
  fc.assert(
    fc.property(number, (value) => {
      const bytes = encode(value);
      const cursor = { at: 0, failed: false };
      const found = readFloat32(viewOf(bytes), cursor, createHead());
      const wanted =
        value.kind === 'int'
          ? Math.fround(Number(value.value))
          : value.kind === 'f16'
            ? halfToFloat(value.value)
            : value.kind === 'f32' || value.kind === 'f64'
              ? Math.fround(value.value)
              : assert.fail();
      assert.ok(Object.is(found, wanted), `${found} for ${wanted}`);
      assert.deepEqual(cursor, { at: bytes.length, failed: false });
    }),
    { numRuns: 5_000 },
  );
});

test('halves: all that numpy would give', () => {
  const known: readonly (readonly [number, number])[] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
    [0x3555, 0.333251953125],
  ];
  for (const [half, value] of known) assert.ok(Object.is(halfToFloat(half), value), half.toString(16));
});

test('what is no number is told, and left where it is', () => {
  for (const value of [
    { kind: 'text', value: '1', chunks: false },
    { kind: 'simple', value: 22 },
    { kind: 'array', items: [], open: true },
  ] satisfies Item[]) {
    const cursor = { at: 0, failed: false };
    readFloat32(viewOf(encode(value)), cursor, createHead());
    assert.deepEqual(cursor, { at: 0, failed: true });
  }
});

test('texts, and where they end', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const bytes = encode({ kind: 'text', value: text, chunks: false });
      const found = createHead();
      assert.equal(textAt(viewOf(Buffer.concat([bytes, bytes])), 0, found), text);
      assert.equal(found.next, bytes.length);
    }),
  );
});

test('nested a hundred thousand deep: no stack is needed', () => {
  const bytes = new Uint8Array(100_001).fill(0x81);
  bytes[100_000] = 0;
  assert.equal(skipValue(viewOf(bytes), 0), bytes.length);
});
