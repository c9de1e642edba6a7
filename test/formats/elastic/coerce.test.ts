/** From a document's values to a column's: numbers to the last digit, texts to the last byte, dates, arrays, JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Field } from '../../../src/core/schema.ts';
import { createCoercer } from '../../../src/formats/elastic/coerce.ts';
import type { Cell } from '../../../src/formats/elastic/coerced.ts';
import { coerceInteger, wholeOf } from '../../../src/formats/elastic/coerceNumber.ts';
import { mapDeclared } from '../../../src/formats/elastic/declared.ts';
import { createLocator } from '../../../src/formats/elastic/locate.ts';
import { type MappedField, mapField, type Property } from '../../../src/formats/elastic/mapping.ts';
import type { Reading } from '../../../src/formats/elastic/raw.ts';
import { readingCbor } from '../../../src/formats/elastic/readCbor.ts';
import { cborReading, jsonReading } from './readings.ts';

const WHOLE = [{ at: 0, below: [] }];

function mapped(property: Property, field: Partial<Field> = {}): MappedField {
  const found = mapField('f', property, { dates: 'millis' })!;
  return { ...found, field: { ...found.field, ...field } };
}

function coerce(reading: Reading, field: MappedField, longText: 'reject' | 'truncate' = 'reject'): Cell {
  return createCoercer(field, { longText })(reading, WHOLE);
}

/** A cell as something to compare: bytes as their text. */
function plain(cell: Cell): unknown {
  if (cell.kind === 'reject') return 'reject';
  if (cell.kind === 'none') return null;
  const { value } = cell;
  return typeof value === 'object' ? Buffer.from(value).toString('utf8') : value;
}

const ofJson = (text: string, property: Property, field: Partial<Field> = {}) =>
  plain(coerce(jsonReading(text), mapped(property, field)));
const ofCbor = (value: unknown, property: Property, field: Partial<Field> = {}) =>
  plain(coerce(cborReading(value), mapped(property, field)));

test('a long keeps all digits, as number or text, in both encodings', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      assert.equal(ofJson(`${value}`, { type: 'long' }), value);
      assert.equal(ofJson(`"${value}"`, { type: 'long' }), value);
      assert.equal(ofCbor(value, { type: 'long' }), value);
      assert.equal(ofCbor(`${value}`, { type: 'long' }), value);
    }),
  );
});

test('the whole part of any decimal, as exact arithmetic says', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
      fc.integer({ min: -30, max: 10 }),
      fc.integer({ min: 0, max: 25 }),
      (digits, power, places) => {
        const sign = digits < 0n ? '-' : '';
        const size = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
        const text = `${sign}${size.slice(0, size.length - places)}.${size.slice(size.length - places)}e${power}`;
        const shift = power - places;
        const value = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
        const cut = shift < 0 && digits % 10n ** BigInt(-shift) !== 0n;
        assert.deepEqual(wholeOf(text.replace(/\.e/, 'e')), { value, cut });
      },
    ),
    { numRuns: 2_000 },
  );
  for (const text of ['', '.', '-', 'e5', '1e', '0x1', ' 1', '1_0', 'NaN', 'Infinity'])
    assert.equal(wholeOf(text), undefined);
  assert.ok(wholeOf('1e999999999')!.value > 2n ** 64n);
  assert.deepEqual(wholeOf('1e-999999999'), { value: 0n, cut: true });
});

test('short whole numbers, which are read without exact arithmetic, are what it says', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 17 }).map((digits) => `-${digits}`),
    fc.string({ unit: fc.constantFrom(...'0123456789-+.e '), maxLength: 17 }),
    fc.integer({ min: -300, max: 300 }).map(String),
  );
  for (const [type, low, high] of [
    ['Int8', -128n, 127n],
    ['Int64', -(2n ** 63n), 2n ** 63n - 1n],
    ['UInt64', 0n, 2n ** 64n - 1n],
  ] as const)
    fc.assert(
      fc.property(text, (value) => {
        const whole = wholeOf(value);
        const fits = whole !== undefined && whole.value >= low && whole.value <= high;
        const wanted = type === 'Int8' ? Number(whole?.value) : whole?.value;
        const cell = coerceInteger({ kind: 'string', value }, type);
        if (value === '') assert.equal(cell.kind, 'none');
        else if (!fits) assert.equal(cell.kind, 'reject');
        else
          assert.deepEqual(cell, { kind: 'value', value: wanted, ...(whole.cut ? { changes: ['fraction cut'] } : {}) });
      }),
      { numRuns: 3_000 },
    );
});

test('limits of whole numbers, and what is cut is said', () => {
  for (const [type, low, high] of [
    ['byte', -128, 127],
    ['short', -32_768, 32_767],
    ['integer', -2_147_483_648, 2_147_483_647],
  ] as const) {
    assert.equal(ofJson(`${low}`, { type }), low);
    assert.equal(ofJson(`${high}`, { type }), high);
    assert.equal(ofJson(`${low - 1}`, { type }), 'reject');
    assert.equal(ofJson(`${high + 1}`, { type }), 'reject');
  }
  assert.equal(ofJson('9223372036854775808', { type: 'long' }), 'reject');
  const cut = coerce(jsonReading('5.7'), mapped({ type: 'long' }));
  assert.deepEqual(cut, { kind: 'value', value: 5n, changes: ['fraction cut'] });
});

test('a date that was sent as a fraction is rejected in CBOR, which has rounded it', () => {
  assert.equal(ofJson('1577836800123.456789', { type: 'date_nanos' }), 1577836800123456789n);
  assert.equal(ofCbor(1577836800123.4568, { type: 'date_nanos' }), 'reject');
  assert.equal(ofJson('1577836800123.99999', { type: 'date' }), 1577836800123n);
  assert.equal(ofCbor(1577836800123.5, { type: 'date' }), 'reject');
  assert.equal(ofCbor(1577836800123, { type: 'date' }), 1577836800123n);
});

test('a null in an object stays, also where it is written with dots', () => {
  const field = mapped({ type: 'object' });
  const locate = createLocator(['f']);
  for (const text of ['{"f.a":null}', '{"f":{"a":null}}']) {
    const reading = jsonReading(text);
    const cell = createCoercer(field, { longText: 'reject' })(reading, locate(reading, 0).pieces[0]!);
    assert.equal(plain(cell), '{"a":null}', text);
  }
});

test('a large fraction that CBOR has rounded is rejected, not stored', () => {
  assert.equal(ofJson('123456789012345678.5', { type: 'long' }), 123456789012345678n);
  const double = Buffer.alloc(9, 0xfb);
  double.writeDoubleBE(2 ** 60, 1);
  const rounded = readingCbor(new DataView(double.buffer, double.byteOffset, double.length));
  assert.equal(plain(coerce(rounded, mapped({ type: 'long' }))), 'reject');
  assert.equal(ofCbor(5.5, { type: 'long' }), 5n);
  assert.equal(ofCbor(1.5, { type: 'keyword' }), 'reject');
  assert.equal(ofJson('1.50', { type: 'keyword' }), '1.50');
});

test('unsigned_long as its digits, or as a long where it fits', () => {
  assert.equal(ofJson('18446744073709551615', { type: 'unsigned_long' }), '18446744073709551615');
  assert.equal(ofJson('"5.0"', { type: 'unsigned_long' }), '5');
  assert.equal(ofJson('-1', { type: 'unsigned_long' }), 'reject');
  assert.equal(ofJson('18446744073709551616', { type: 'unsigned_long' }), 'reject');
});

test('floats round as Math.fround, doubles not at all, and beyond them is rejected', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(number, (value) => {
      const float = Math.fround(value);
      const want = Number.isFinite(float) ? float : 'reject';
      const text = Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
      assert.ok(Object.is(ofJson(text, { type: 'float' }), want), text);
      assert.ok(Object.is(ofCbor(value, { type: 'float' }), want), text);
      assert.ok(Object.is(ofJson(text, { type: 'double' }), value), text);
      assert.ok(Object.is(ofCbor(value, { type: 'double' }), value), text);
    }),
    { numRuns: 1_000 },
  );
});

test('texts are measured in bytes, and cut only at a character', () => {
  const limits = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), limits, (text, maxLength) => {
      const field = mapped({ type: 'keyword' }, { maxLength });
      const bytes = Buffer.byteLength(text);
      const rejecting = coerce(jsonReading(JSON.stringify(text)), field);
      assert.equal(plain(rejecting), bytes <= maxLength ? text : 'reject');
      const cutting = coerce(cborReading(text), field, 'truncate');
      const kept = plain(cutting) as string;
      assert.ok(text.startsWith(kept) && Buffer.byteLength(kept) <= maxLength);
      assert.equal(cutting.kind === 'value' && cutting.changes?.[0], bytes <= maxLength ? undefined : 'text cut');
      // Not a character less than fits.
      const next = [...text.slice(kept.length)][0];
      assert.ok(next === undefined || Buffer.byteLength(kept + next) > maxLength);
    }),
    { numRuns: 1_000 },
  );
  assert.equal(ofJson('"\\ud83d"', { type: 'keyword' }), 'reject');
});

test('several values: rejected for one, kept for an Array, with its nulls counted', () => {
  assert.equal(ofJson('[1,2]', { type: 'long' }), 'reject');
  assert.equal(ofJson('[[1]]', { type: 'long' }), 1n);
  assert.equal(ofJson('[]', { type: 'long' }), null);
  assert.equal(ofJson('[null]', { type: 'long', null_value: 3 }), 3n);
  const many = mapped({ type: 'long' }, { type: 'Array', element: 'Int64', maxCapacity: 3 });
  const array = (text: string) => coerce(jsonReading(text), many);
  assert.equal(plain(array('[1,[2,"9007199254740993"]]')), '[1,2,9007199254740993]');
  assert.equal(plain(array('7')), '[7]');
  assert.equal(plain(array('[]')), '[]');
  assert.equal(plain(array('[null]')), null);
  assert.equal(plain(array('[1,2,3,4]')), 'reject');
  assert.equal(plain(array('[1,"x"]')), 'reject');
  assert.deepEqual(array('[1,null]'), { kind: 'value', value: Buffer.from('[1]'), changes: ['nulls dropped'] });
  assert.deepEqual(array('[null,1.5,null,3.7]'), {
    kind: 'value',
    value: Buffer.from('[1,3]'),
    changes: ['nulls dropped', 'fraction cut', 'nulls dropped', 'fraction cut'],
  });
  const texts = mapped({ type: 'keyword' }, { type: 'Array', element: 'VarChar', maxCapacity: 3, maxLength: 2 });
  assert.equal(plain(coerce(jsonReading('["ab","\\""]'), texts)), '["ab","\\""]');
  assert.equal(plain(coerce(jsonReading('["abc"]'), texts)), 'reject');
});

test('JSON is the very bytes that were sent', () => {
  const text = '{"a": 1.10, "b": [9007199254740993, {"é": null}]}';
  assert.equal(ofJson(text, { type: 'object' }), text);
  assert.equal(ofCbor({ a: 1.5, b: [9007199254740993n] }, { type: 'nested' }), '{"a":1.5,"b":[9007199254740993]}');
  assert.equal(ofJson('null', { type: 'object' }), null);
  assert.equal(ofJson('"1.5,2.5"', { type: 'geo_point' }), '"1.5,2.5"');
  assert.equal(ofJson(`"${'x'.repeat(65_535)}"`, { type: 'object' }), 'reject');
});

test('a null in a JSON column is what the mapping has for it, also among several values', () => {
  const place = { type: 'geo_point', null_value: { lat: 1, lon: 2 } };
  const many = mapped({ type: 'long', null_value: 7 }, { type: 'JSON' });
  for (const [text, one, several] of [
    ['null', '{"lat":1,"lon":2}', '7'],
    ['[null]', '[{"lat":1,"lon":2}]', '[7]'],
    ['[3,null,null,4]', '[3,{"lat":1,"lon":2},{"lat":1,"lon":2},4]', '[3,7,7,4]'],
    ['[3,4]', '[3,4]', '[3,4]'],
    ['[]', '[]', '[]'],
    ['"5,6"', '"5,6"', '"5,6"'],
  ] as const) {
    assert.equal(ofJson(text, place), one);
    assert.equal(ofCbor(JSON.parse(text), place), one);
    assert.equal(plain(coerce(jsonReading(text), many)), several);
  }
  assert.equal(ofJson('[1,null]', { type: 'geo_point' }), '[1,null]');
});

test('a constant is the value of documents that do not say it', () => {
  const constant = mapped({ type: 'constant_keyword', value: 'logs' });
  const coercer = createCoercer(constant, { longText: 'reject' });
  assert.equal(plain(coercer(jsonReading('{}'), [])), 'logs');
  for (const text of ['null', '[]', '[null]', '"logs"'])
    assert.equal(plain(coerce(jsonReading(text), constant)), 'logs');
  const many = {
    ...constant,
    field: { ...constant.field, type: 'Array', element: 'VarChar', maxCapacity: 2 } as const,
  };
  assert.equal(plain(createCoercer(many, { longText: 'reject' })(jsonReading('{}'), [])), '["logs"]');
  assert.equal(ofJson('null', { type: 'constant_keyword' }), null);
  assert.equal(ofJson('null', { type: 'keyword', value: 'logs' }), null);
});

test('both encodings of a document come to the same', () => {
  const value = fc.oneof(
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('5', '', 'true', '2020-01-02', '1.5', 'abc'),
    fc.array(fc.oneof(fc.maxSafeInteger(), fc.constant(null)), { maxLength: 3 }),
  );
  const types = fc.constantFrom('long', 'integer', 'double', 'boolean', 'keyword', 'date', 'date_nanos', 'object');
  fc.assert(
    fc.property(value, types, fc.boolean(), (one, type, withNull) => {
      const property = withNull && type === 'long' ? { type, null_value: 1 } : { type };
      assert.deepEqual(ofCbor(one, property), ofJson(JSON.stringify(one), property));
    }),
    { numRuns: 1_000 },
  );
});

test('many as JSON: the values of objects in an array become an array, each as it was sent', () => {
  const kinds = { name: { type: 'keyword' }, at: { type: 'object' } };
  const properties = { a: { properties: kinds } };
  const made = (document: unknown, name: string, many?: 'JSON'): unknown[] => {
    const declared = { name, pk: false, many };
    const { fields } = mapDeclared(properties, [declared], { choices: { dates: 'millis' }, index: 'i' });
    return [jsonReading(JSON.stringify(document)), cborReading(document)].map((reading) =>
      plain(createCoercer(fields[0]!, { longText: 'reject' })(reading, createLocator([name])(reading, 0).pieces[0]!)),
    );
  };
  const both = (document: unknown, name: string, many?: 'JSON'): unknown => {
    const [json, cbor] = made(document, name, many);
    assert.deepEqual(cbor, json);
    return json;
  };
  assert.equal(both({ a: [{ name: 'a' }, { name: 'b' }] }, 'a.name', 'JSON'), '["a","b"]');
  assert.equal(both({ a: [{ name: ['a', null] }, {}, { name: 'b' }] }, 'a.name', 'JSON'), '[["a",null],"b"]');
  assert.equal(both({ a: { name: 'a' }, 'a.name': 'b' }, 'a.name', 'JSON'), '["a","b"]');
  assert.equal(both({ a: [{ name: 'a' }] }, 'a.name', 'JSON'), '"a"');
  const places = { a: [{ at: { x: 1 } }, { at: { y: 2 } }] };
  assert.equal(both(places, 'a.at', 'JSON'), '[{"x":1},{"y":2}]');
  // They are two, not parts of one.
  assert.equal(both(places, 'a.at'), 'reject');
  assert.equal(both({ a: { at: { x: 1 } }, 'a.at': { y: 2 } }, 'a.at'), '{"x":1,"y":2}');
  assert.equal(both({ a: [{ 'at.x': 1 }, { 'at.x': 2 }] }, 'a.at', 'JSON'), 'reject');
});
