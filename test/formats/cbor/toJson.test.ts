/** CBOR as JSON text: what JSON.parse and JSON.stringify say of the same values, and exact integers beyond them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CborError } from '../../../src/formats/cbor/scan.ts';
import { cborToJson } from '../../../src/formats/cbor/toJson.ts';
import { encode, itemOf } from './encode.ts';

function toJson(bytes: Buffer): { text: string; end: number } {
  return cborToJson(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

test('any JSON value comes back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const bytes = encode(itemOf(value));
      const { text, end } = toJson(bytes);
      assert.equal(end, bytes.length);
      assert.deepEqual(JSON.parse(text), value);
    }),
    { numRuns: 1_000 },
  );
});

test('integers keep all digits, up to 64 bits and beyond', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }), (value) => {
      assert.equal(toJson(encode({ kind: 'int', value })).text, String(value));
    }),
  );
  const large = Buffer.from('ff'.repeat(9), 'hex');
  const bignum = (tag: number) => encode({ kind: 'tag', tag, item: { kind: 'bytes', value: large } });
  assert.equal(toJson(bignum(2)).text, String(2n ** 72n - 1n));
  assert.equal(toJson(bignum(3)).text, String(-(2n ** 72n)));
});

test('strings in pieces, bytes in base64, zero with its sign', () => {
  assert.equal(toJson(encode({ kind: 'text', value: 'aü', chunks: true })).text, '"aüaü"');
  assert.equal(toJson(encode({ kind: 'bytes', value: Buffer.from([0xff, 0]) })).text, '"/wA="');
  assert.equal(toJson(encode({ kind: 'f64', value: -0 })).text, '-0.0');
  assert.equal(toJson(encode({ kind: 'f32', value: 0.5 })).text, '0.5');
  assert.equal(toJson(encode({ kind: 'f16', value: 0x3c00 })).text, '1');
});

test('what JSON can not say, and a message that is cut, are errors', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => toJson(encode({ kind: 'f64', value })), CborError);
  }
  assert.throws(() => toJson(encode({ kind: 'tag', tag: 0, item: itemOf('2020-01-01') })), CborError);
  assert.throws(() => toJson(Buffer.concat([Buffer.alloc(100_000, 0x81), Buffer.from([0])])), CborError);
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), (value, cut) => {
      const bytes = encode(itemOf(value));
      assert.throws(() => toJson(bytes.subarray(0, cut % bytes.length)), CborError);
    }),
  );
});
