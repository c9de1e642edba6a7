/** Numbers of JSON texts as float32: always what `Math.fround(JSON.parse(text))` gives, bit for bit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type NumberCursor, readFloat32 } from '../../../src/formats/json/float32.ts';
import { jsonNumber } from './numberTexts.ts';

function read(text: string): { value: number; at: number; failed: boolean } {
  const cursor: NumberCursor = { at: 1, failed: false };
  // Something before and behind it: the number is in the middle of a text.
  const value = readFloat32(Buffer.from(`[${text},`), cursor);
  return { value, at: cursor.at - 1, failed: cursor.failed };
}

function same(text: string): void {
  const { value, at, failed } = read(text);
  assert.equal(failed, false, text);
  assert.equal(at, text.length, text);
  assert.ok(Object.is(value, Math.fround(JSON.parse(text))), `${text}: ${value}`);
}

test('any JSON number', () => {
  fc.assert(fc.property(jsonNumber, same), { numRuns: 20_000 });
});

test('doubles as JSON.stringify and as Python write them', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      same(JSON.stringify(value));
      same(value.toExponential());
      same(value.toPrecision(17));
    }),
    { numRuns: 20_000 },
  );
});

test('float32 values, and the middle between two of them, where rounding is a tie', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const next = new Float32Array(
        new Int32Array([new Int32Array(new Float32Array([value]).buffer)[0]! + 1]).buffer,
      )[0]!;
      same(JSON.stringify(value));
      if (!Number.isFinite(next)) return;
      const middle = (value + next) / 2;
      for (const text of [middle.toPrecision(17), `${middle.toPrecision(21)}1`, JSON.stringify(middle)]) same(text);
    }),
    { numRuns: 20_000 },
  );
});

test('the corners', () => {
  for (const text of [
    ...[
      '0',
      '-0',
      '0.0',
      '-0.0e5',
      '0e999999999999',
      '1',
      '-1',
      '123456789012345',
      '1234567890123456',
      '9007199254740993',
    ],
    ...['3.4028234663852886e38', '3.4028235677973366e38', '1e39', '-1e400', '1e-400', '1.401298464324817e-45', '7e-46'],
    ...[
      '0.000000000000000000000000000000000000000000001',
      '100000000000000000000000',
      '1e22',
      '1e23',
      '1.5E+3',
      '1e-22',
    ],
    ...['0.1000000014901161193847656250', '0.10000000894069671630859375', '16777217', '16777217.0000000000000000001'],
  ])
    same(text);
});

test('what is no number is told, with where it goes wrong', () => {
  for (const [text, at] of [
    ['', 0],
    ['-', 1],
    ['+1', 0],
    ['.5', 0],
    ['1.', 2],
    ['1.e5', 2],
    ['1e', 2],
    ['1e+', 3],
    ['NaN', 0],
    ['Infinity', 0],
    ['null', 0],
    ['"1"', 0],
  ] as const) {
    const found = read(text);
    assert.equal(found.failed, true, text);
    assert.equal(found.at, at, text);
  }
  // A number ends where it ends: what follows is the caller's to refuse.
  assert.deepEqual(read('01'), { value: 0, at: 1, failed: false });
});
