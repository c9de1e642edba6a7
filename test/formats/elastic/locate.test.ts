/** Where a document has its values: nested objects, keys with dots, arrays of objects, and JSON put together from parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { membersText, pieceText } from '../../../src/formats/elastic/assemble.ts';
import { createLocator } from '../../../src/formats/elastic/locate.ts';
import { cborReading, jsonReading } from './readings.ts';

/** For each path, the JSON of its values in a document, from both encodings, which must agree. */
function find(
  paths: readonly string[],
  document: unknown,
  isWhole?: (index: number) => boolean,
): { values: string[][]; rest: string } {
  const [json, cbor] = [jsonReading(JSON.stringify(document)), cborReading(document)].map((reading) => {
    const { pieces, rest } = createLocator(paths, isWhole)(reading, 0);
    const values = pieces.map((list) =>
      list.map(({ at, below }) => `${below.join('/')}${Buffer.from(reading.jsonAt(at)).toString()}`),
    );
    return { values, rest: membersText(reading, rest).toString() };
  });
  assert.deepEqual(cbor, json);
  return json!;
}

/** What becomes of a JSON column `a`. */
function assembled(document: object, without: readonly string[] = []): unknown {
  const texts = [jsonReading(JSON.stringify(document)), cborReading(document)].map((reading) => {
    const { pieces } = createLocator(['a', ...without])(reading, 0);
    const text = pieceText(reading, pieces[0]!, { path: 'a', without });
    return text === undefined ? undefined : JSON.parse(Buffer.from(text).toString());
  });
  assert.deepEqual(texts[1], texts[0]);
  return texts[0];
}

test('whole fields, and what belongs to none', () => {
  const { values, rest } = find(['a', 'b', 'c'], { a: 1, x: { a: 2 }, b: [3, { a: 4 }], '': 'é' });
  assert.deepEqual(values, [['1'], ['[3,{"a":4}]'], []]);
  assert.equal(rest, '{"x":{"a":2},"":"é"}');
});

test('a path through objects, keys with dots and arrays of objects', () => {
  assert.deepEqual(find(['a.b'], { a: { b: 1, c: 2 } }).values, [['1']]);
  assert.deepEqual(find(['a.b'], { 'a.b': 1 }).values, [['1']]);
  assert.deepEqual(find(['a.b.c'], { 'a.b': { c: 1 }, a: { 'b.c': 2 } }).values, [['1', '2']]);
  assert.deepEqual(find(['a.b'], { a: [{ b: 1 }, [{ b: 2 }], { c: 3 }, 4] }).values, [['1', '2']]);
  assert.deepEqual(find(['a.b'], { a: 1, 'a.c': 2 }).values, [[]]);
});

test('what is left of an object of which fields are parts goes by its path', () => {
  const rest = (paths: readonly string[], document: unknown) => JSON.parse(find(paths, document).rest);
  assert.deepEqual(rest(['a.b'], { a: { b: 1, c: 2 }, x: 3 }), { 'a.c': 2, x: 3 });
  assert.deepEqual(rest(['a.b.c'], { a: { b: { c: 1, d: 2 }, e: { c: 3 }, 'b.f': 4 } }), {
    'a.b.d': 2,
    'a.e': { c: 3 },
    'a.b.f': 4,
  });
  assert.deepEqual(rest(['a.b.c'], { 'a.b': { d: 2 }, 'a.x': 1 }), { 'a.b.d': 2, 'a.x': 1 });
  // No object where one was expected, or one without anything in it.
  for (const value of [7, null, 'x', {}, []]) {
    assert.deepEqual(rest(['a.b'], { a: value }), { a: value });
    assert.deepEqual(rest(['a.b.c'], { a: { b: value } }), { 'a.b': value });
    assert.deepEqual(rest(['a.b.c'], { 'a.b': value }), { 'a.b': value });
  }
  assert.deepEqual(rest(['a.b'], { a: { b: {} } }), {});
  assert.deepEqual(rest(['a', 'a.b'], { a: { b: 1, c: 2 }, 'a.d': 3 }), {});
});

test('objects in an array stay together where something of one is left', () => {
  const both = [{ b: 1, c: 2 }, { b: 3 }];
  assert.deepEqual(find(['a.b'], { a: both }), { values: [['1', '3']], rest: JSON.stringify({ a: both }) });
  assert.deepEqual(find(['a.b'], { a: [{ b: 1 }, [{ b: 3 }]] }), { values: [['1', '3']], rest: '{}' });
  assert.equal(find(['a.b'], { a: [{ b: 1 }, 5] }).rest, '{"a":[{"b":1},5]}');
  assert.equal(find(['a.b.c'], { a: { b: [{ c: 1, d: 2 }], e: 1 } }).rest, '{"a.b":[{"c":1,"d":2}],"a.e":1}');
  assert.equal(find(['a.b.c'], { a: [{ b: [{ d: 2 }] }] }).rest, '{"a":[{"b":[{"d":2}]}]}');
});

test('a key with dots is no part of a field that objects do not go into', () => {
  assert.deepEqual(
    find(['a', 'a.b'], { 'a.b': 1, 'a.c': 2 }, () => false),
    { values: [[], ['1']], rest: '{"a.c":2}' },
  );
  assert.deepEqual(
    find(['a'], { a: 1, 'a.c': 2 }, () => false),
    { values: [['1']], rest: '{"a.c":2}' },
  );
});

test('a key with dots below an object’s field is a part of it', () => {
  assert.deepEqual(find(['a'], { 'a.b': 1, 'a.c.d': 2, 'ab.c': 3 }), { values: [['b1', 'c/d2']], rest: '{"ab.c":3}' });
  assert.deepEqual(assembled({ 'a.b': 1 }), { b: 1 });
  assert.deepEqual(assembled({ a: { x: { y: 1 } }, 'a.x.z': [2], 'a.b.c': null }), {
    x: { y: 1, z: [2] },
    b: { c: null },
  });
  assert.equal(assembled({ a: { b: 1 }, 'a.b': 2 }), undefined);
  assert.equal(assembled({ a: 5, 'a.b': 2 }), undefined);
  assert.equal(assembled({ 'a.b': 5, 'a.b.c': 2 }), undefined);
});

test('what goes over as a field of its own is left out of its object', () => {
  assert.deepEqual(assembled({ a: { m: 'x', vec: [1, 2], deep: { vec: 3, n: 4 } } }, ['a.vec', 'a.deep.vec']), {
    m: 'x',
    deep: { n: 4 },
  });
  assert.deepEqual(assembled({ 'a.vec': [1], 'a.m': 'x' }, ['a.vec']), { m: 'x' });
  const { values } = find(['a', 'a.vec'], { a: { m: 'x', vec: [1, 2] } });
  assert.deepEqual(values, [['{"m":"x","vec":[1,2]}'], ['[1,2]']]);
});

test('a document comes apart and together again', () => {
  const name = fc.string({ minLength: 1, maxLength: 3 }).filter((text) => !text.includes('.'));
  const document = fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true });
  fc.assert(
    fc.property(document, fc.nat(), (drawn, count) => {
      // JSON.stringify says 0 for −0, and CBOR has it.
      const whole = JSON.parse(JSON.stringify(drawn)) as typeof drawn;
      const paths = Object.keys(whole).slice(0, count % 4);
      const { values, rest } = find(paths, whole);
      const found = Object.fromEntries(paths.map((path, index) => [path, JSON.parse(values[index]![0]!)]));
      const expected = JSON.parse(JSON.stringify(whole));
      assert.deepEqual({ ...found, ...JSON.parse(rest) }, expected);
    }),
    { numRuns: 500 },
  );
});
