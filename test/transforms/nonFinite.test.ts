import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nonFiniteRows } from '../../src/transforms/nonFinite.ts';

test('finds exactly the rows that a plain check finds', () => {
  const value = fc.oneof(
    { weight: 20, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
  );
  const vectors = fc
    .tuple(fc.integer({ min: 1, max: 21 }), fc.integer({ min: 0, max: 40 }))
    .chain(([dim, rows]) =>
      fc.tuple(fc.constant(dim), fc.array(value, { minLength: dim * rows, maxLength: dim * rows })),
    );
  fc.assert(
    fc.property(vectors, ([dim, values]) => {
      const floats = Float32Array.from(values);
      const plain: number[] = [];
      for (let row = 0; row * dim < floats.length; row++)
        if (!floats.subarray(row * dim, (row + 1) * dim).every(Number.isFinite)) plain.push(row);
      const bytes = new Uint8Array(floats.buffer);
      assert.deepEqual(nonFiniteRows({ field: 'data', rowBytes: dim * 4, bytes }), plain);
    }),
    { numRuns: 500 },
  );
});

test('the largest finite numbers, subnormals and all NaN payloads', () => {
  const bits = Uint32Array.of(
    0x7f7fffff,
    0xff7fffff,
    0x00000001,
    0x80000000,
    0x7f800000,
    0xff800000,
    0x7f800001,
    0xffffffff,
  );
  const column = { field: 'data', rowBytes: 4, bytes: new Uint8Array(bits.buffer) };
  assert.deepEqual(nonFiniteRows(column), [4, 5, 6, 7]);
});
