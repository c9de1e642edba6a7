/** Half of a pair of UTF-16 units, in a text and in the escapes of JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { halfEscape, isWhole } from '../../src/core/wholeText.ts';

test('a text is whole exactly where UTF-8 gives it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', '\udfff', '\ud83d\ude00'), (a, b) => {
      const text = a + b;
      assert.equal(isWhole(text), Buffer.from(text).toString('utf8') === text);
    }),
  );
});

test('an escape that is half a pair is found, and no other', () => {
  // Backslashes and escapes next to each other, as JSON writes them.
  const piece = fc.constantFrom(
    '\\\\',
    '\\n',
    '\\"',
    'u',
    'ud800',
    'd',
    '\\ud83d',
    '\\uDE00',
    '\\uD83D\\ude00',
    '\\u0041',
    '😀',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const json = `"${pieces.join('')}"`;
      assert.equal(halfEscape(json) === undefined, isWhole(JSON.parse(json) as string), json);
    }),
    { numRuns: 2000 },
  );
  assert.equal(halfEscape('{"a\\uDC00":1}'), '\\uDC00');
});
