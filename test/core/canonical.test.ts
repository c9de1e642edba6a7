/** What is compared in a verification: one form for a value, however a server or an import wrote it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalArray, canonicalJson, exactDecimal } from '../../src/core/canonical.ts';
import type { Field } from '../../src/core/schema.ts';

const json = (text: string): string => Buffer.from(canonicalJson(Buffer.from(text))).toString('utf8');

test('the same JSON value in other words has the same form, another value another', () => {
  assert.equal(json('{"b": [1.0, 1e2], "a": {"x": null}}'), json('{"a":{"x":null},"b":[1,100]}'));
  assert.equal(json('"\\u003c\\u00e9"'), json('"<é"'));
  assert.notEqual(json('9007199254740993'), json('9007199254740992'));
  assert.notEqual(json('"1"'), json('1'));
  assert.notEqual(json('0.1'), json('0.10000000000000001'));
  assert.notEqual(json('[1,2]'), json('[2,1]'));
  assert.notEqual(json('{}'), json('null'));
  assert.equal(json('{"a":1,"a":2}'), json('{"a":2}'));
  assert.equal(json('{"__proto__":1}'), '{"__proto__":1e0}');
  // What is no JSON, or nests deeper than a stack, is compared as it stands.
  for (const odd of ['{', '[1,]', '['.repeat(100_000)]) assert.equal(json(odd), odd);
});

test('any JSON value, written plainly or widely, with its keys turned round', () => {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, turned(inner)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      // Number-like keys keep their order in an object, whatever is done.
      assert.equal(json(JSON.stringify(value)), json(JSON.stringify(turned(value), undefined, 2)));
    }),
  );
});

test('an exact decimal is the same for all ways to write a number, and only for those', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.integer({ min: 0, max: 40 }),
      (digits, power) => {
        const shifted = `${digits}e-${power}`;
        assert.equal(exactDecimal(`${digits}${'0'.repeat(power)}`), exactDecimal(`${digits}e${power}`));
        assert.equal(exactDecimal(`${shifted}`), exactDecimal(`${digits}000e-${power + 3}`));
        assert.equal(exactDecimal(String(digits)) === exactDecimal(String(digits + 1n)), false);
      },
    ),
  );
  for (const [text, wanted] of [
    ['0.00', '0'],
    ['-0', '-0'],
    ['120', '12e1'],
    ['0.012', '12e-3'],
  ] as const)
    assert.equal(exactDecimal(text), wanted);
});

test('elements of an array are compared as their type has them', () => {
  const form = (element: Field['element'], text: string): string =>
    Buffer.from(
      canonicalArray({ name: 'a', type: 'Array', element, primaryKey: false, dim: 0 } as Field, Buffer.from(text)),
    ).toString('utf8');
  assert.equal(form('Float', '[0.1, 1e0]'), form('Float', `[${Math.fround(0.1)}, 1.0]`));
  assert.notEqual(form('Double', '[0.1]'), form('Double', `[${Math.fround(0.1)}]`));
  assert.equal(form('Int64', '[9007199254740993]'), '[9007199254740993]');
  assert.equal(form('VarChar', '["\\u0061"]'), '["a"]');
  assert.equal(form('Bool', '[true,false]'), '[true,false]');
});
