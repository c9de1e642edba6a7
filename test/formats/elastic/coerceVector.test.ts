/** Vectors into columns: floats, signed bytes, bits, their texts in hex, and what is wrong with the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coerceBitVector, coerceFloatVector } from '../../../src/formats/elastic/coerceVector.ts';
import { mapField } from '../../../src/formats/elastic/mapping.ts';
import { cborReading, jsonReading } from './readings.ts';

const WHOLE = [{ at: 0, below: [] }];

/** From both encodings, which must agree: the vector, or what was found instead. */
function read(value: unknown, elementType: string, dims: number): number[] | string {
  const mapped = mapField('v', { type: 'dense_vector', dims, element_type: elementType }, { dates: 'millis' })!;
  const results = [jsonReading(JSON.stringify(value)), cborReading(value)].map((reading) => {
    if (elementType === 'bit') {
      const target = new Uint8Array(dims / 8);
      return coerceBitVector(reading, WHOLE, { mapped, target })?.found ?? [...target];
    }
    const target = new Float32Array(dims);
    return coerceFloatVector(reading, WHOLE, { mapped, target })?.found ?? [...target];
  });
  assert.deepEqual(results[1], results[0]);
  return results[0]!;
}

test('floats', () => {
  const numbers = fc.array(
    fc.double({ noNaN: true, min: -1e38, max: 1e38 }).filter((value) => !Object.is(value, -0)),
    {
      minLength: 3,
      maxLength: 3,
    },
  );
  fc.assert(fc.property(numbers, (vector) => assert.deepEqual(read(vector, 'float', 3), vector.map(Math.fround))));
});

test('signed bytes and bits, as numbers and in hex', () => {
  const bytes = fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 2, maxLength: 2 });
  fc.assert(
    fc.property(bytes, (vector) => {
      const hex = Buffer.from(Int8Array.from(vector).buffer).toString('hex');
      assert.deepEqual(read(vector, 'byte', 2), vector);
      assert.deepEqual(read(hex, 'byte', 2), vector);
      const bits = vector.map((byte) => byte & 0xff);
      assert.deepEqual(read(vector, 'bit', 16), bits);
      assert.deepEqual(read(hex, 'bit', 16), bits);
    }),
  );
});

test('what is no vector says what it is', () => {
  assert.equal(read([1, 2], 'float', 3), '2 numbers');
  assert.equal(read([1, 2, 3, 4], 'float', 3), '4 numbers');
  assert.equal(read([], 'float', 3), '0 numbers');
  assert.equal(read([1, null, 3], 'float', 3), 'null at position 1');
  assert.equal(read([1, 2, '3'], 'float', 3), '"3" at position 2');
  assert.equal(read([1, 1e39, 3], 'float', 3), '1e+39 at position 1');
  assert.equal(read('abc', 'float', 3), '"abc"');
  assert.equal(read({ a: 1 }, 'float', 3), 'object');
  assert.equal(read(null, 'float', 3), 'null');
  assert.equal(read([1.5, 2], 'bit', 16), '1.5');
  assert.equal(read([128, 2], 'bit', 16), '128');
  assert.equal(read('xyz', 'bit', 16), 'xyz');
  const mapped = mapField('v', { type: 'dense_vector', dims: 2 }, { dates: 'millis' })!;
  const target = new Float32Array(2);
  assert.equal(coerceFloatVector(jsonReading('1'), [], { mapped, target })?.found, 'no vector');
  assert.equal(coerceFloatVector(jsonReading('1'), [...WHOLE, ...WHOLE], { mapped, target })?.found, '2 vectors');
});
