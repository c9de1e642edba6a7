/** Numbers that no double holds, in JSON text of any shape: found, and nothing else taken for one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hugeNumber } from '../../src/core/hugeNumber.ts';

const huge = fc.oneof(
  fc.constantFrom('1e309', '-1E+400', '1.8e308', '17976931348623159e292', '0.1e310', '1e00400', '9'.repeat(309)),
  fc.integer({ min: 0, max: 99 }).map((exponent) => `${'9'.repeat(309 - exponent)}e${exponent}`),
  fc.integer({ min: 309, max: 99_999 }).map((exponent) => `1e${exponent}`),
);
const fine = fc.constantFrom('1e308', '1e-400', '0e999', '0.0001e311', '1e0000000005', '-1.7976931348623157e308', '5');
const texts = fc
  .oneof(fc.string(), fc.constantFrom('1e400', '"1e400', '\\', '\\"', '{"a":1e400}', '9'.repeat(400)))
  .map((text) => JSON.stringify(text));

const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, fine, texts, fc.constant('null'), tie('array'), tie('object')),
  array: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
  object: fc.array(fc.tuple(texts, tie('value')), { maxLength: 3 }).map((members) => {
    return `{${members.map(([key, inner]) => `${key}:${inner}`).join(',')}}`;
  }),
}));

test('none in a text without one, whatever its texts say', () => {
  fc.assert(fc.property(value, (text) => assert.equal(hugeNumber(text), undefined)));
});

test('the first one, wherever it stands', () => {
  fc.assert(
    fc.property(value, value, huge, (before, after, number) => {
      assert.equal(hugeNumber(`{"a":[${before},${number}, ${after}],"b":${after}}`), number);
      assert.equal(hugeNumber(number), number);
    }),
  );
});
