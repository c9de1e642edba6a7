import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { int64sLength, readInt64s, writeInt64s } from '../../src/formats/varint64.ts';

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    127n,
    128n,
    -1n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 32n,
    2n ** 32n - 1n,
    2n ** 28n,
    2n ** 35n,
  ),
);

function packed(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(BigInt64Array.from(values).buffer);
  const out = new Uint8Array(int64sLength(bytes));
  assert.equal(writeInt64s(bytes, out, 0), out.length);
  return out;
}

test('int64s come back as they were', () => {
  fc.assert(
    fc.property(fc.array(int64, { maxLength: 50 }), (values) => {
      assert.deepEqual([...readInt64s(packed(values))], values);
    }),
  );
});

test('the encoding is protobuf’s: seven bits a byte, low ones first, ten bytes where it is negative', () => {
  fc.assert(
    fc.property(int64, (value) => {
      const want: number[] = [];
      let rest = BigInt.asUintN(64, value);
      while (rest > 127n) {
        want.push(Number(rest & 127n) | 128);
        rest >>= 7n;
      }
      want.push(Number(rest));
      assert.deepEqual([...packed([value])], want);
    }),
  );
});

test('values on an odd byte offset are read all the same', () => {
  const bytes = new Uint8Array(17);
  bytes.set(new Uint8Array(BigInt64Array.of(-5n, 2n ** 40n).buffer), 1);
  const view = bytes.subarray(1);
  const out = new Uint8Array(int64sLength(view));
  writeInt64s(view, out, 0);
  assert.deepEqual([...readInt64s(out)], [-5n, 2n ** 40n]);
});

test('a varint that does not end, or is too long, is an error', () => {
  assert.throws(() => readInt64s(Uint8Array.of(1, 0x80)), RangeError);
  assert.throws(() => readInt64s(new Uint8Array(11).fill(0x80).with(10, 1)), RangeError);
});
