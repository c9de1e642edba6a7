/** Values of a plugin's rows: written exactly, or the row is refused with the reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RefusedRow } from '../../src/core/batch.ts';
import type { Schema } from '../../src/core/schema.ts';
import { allocateRing, openRing } from '../../src/run/threads/slabs.ts';
import { batchesOf } from '../../src/sources/plugin/batches.ts';
import { rowsOf } from '../transforms/readBack.ts';

const KEYED: Schema = {
  metric: 'L2',
  fields: [
    { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
    { name: 'v', type: 'FloatVector', primaryKey: false, dim: 1 },
    { name: 'doc', type: 'JSON', primaryKey: false, dim: 0 },
    { name: 'text', type: 'VarChar', primaryKey: false, dim: 0, maxLength: 10 },
    { name: 'list', type: 'Array', primaryKey: false, dim: 0, element: 'VarChar', maxCapacity: 3, maxLength: 10 },
    { name: '$meta', type: 'JSON', primaryKey: false, dim: 0, dynamic: true },
  ],
};
const KEYED_ROW = { id: 1, v: [1], doc: {}, text: '', list: [] };

async function put(given: readonly unknown[]) {
  const slabs = openRing(allocateRing({ slabBytes: 1 << 20, slabs: 2 }));
  const options = { schema: KEYED, slabs, dropped: undefined, origin: 'test' };
  const rows: Record<string, unknown>[] = [];
  const refused: RefusedRow[] = [];
  for await (const batch of batchesOf(given as readonly Record<string, unknown>[], options)) {
    rows.push(...rowsOf(KEYED, batch));
    refused.push(...(batch.refused ?? []));
  }
  return { rows, refused };
}

test('JSON is written exactly as the value says', async () => {
  class Point {
    toJSON(): unknown {
      return { x: -0, y: 2n ** 70n };
    }
  }
  const cases: readonly (readonly [unknown, string])[] = [
    [{ a: -0, b: [null, true, 1e21, 5e-324] }, '{"a":-0.0,"b":[null,true,1e+21,5e-324]}'],
    [{ big: 9_007_199_254_740_993n, when: new Date(0) }, '{"big":9007199254740993,"when":"1970-01-01T00:00:00.000Z"}'],
    [[new Point()], '[{"x":-0.0,"y":1180591620717411303424}]'],
    [Object.assign(Object.create(null), { 'a b': '😀\u0000"' }), '{"a b":"😀\\u0000\\""}'],
    [JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    ['text', '"text"'],
    [0, '0'],
  ];
  const { rows, refused } = await put(cases.map(([doc], id) => ({ ...KEYED_ROW, id, doc })));
  assert.deepEqual(refused, []);
  assert.deepEqual(
    rows.map(({ doc, $meta }) => [doc, $meta]),
    cases.map(([, text]) => [text, '{}']),
  );
});

/** A row's members that make it one that can't be, and what is said of it. */
const REFUSED: readonly (readonly [unknown, RegExp])[] = [
  [{ doc: { a: [{ b: Number.NaN }] } }, /^doc: found NaN at a\[0\]\.b, wanted null, booleans, finite/],
  [{ doc: { a: -Infinity } }, /^doc: found -Infinity at a,/],
  [{ doc: { a: undefined } }, /^doc: found undefined at a,/],
  [{ doc: [1, undefined] }, /^doc: found undefined at \[1\],/],
  // biome-ignore lint/suspicious/noSparseArray: that is what is tried
  [{ doc: [1, , 2] }, /^doc: found undefined at \[1\],/],
  [{ doc: new Map([['a', 1]]) }, /^doc: found a Map, wanted/],
  [{ doc: { 'the set': new Set([1]) } }, /^doc: found a Set at \["the set"\],/],
  [{ doc: { f: Float32Array.of(1) } }, /^doc: found a Float32Array at f,/],
  [{ doc: { f: String } }, /^doc: found a function at f,/],
  [{ doc: { [Symbol('s')]: 1 } }, /^doc: found a member whose name is a symbol,/],
  [{ doc: { a: new Date(Number.NaN) } }, /^doc: found a Date without a value at a,/],
  [{ doc: { a: 'x\ud800' } }, /^doc: found "x\\ud800", half a character at a,/],
  [{ doc: { '\udc00': 1 } }, /^doc: found a name with half a character, "\\udc00",/],
  [{ doc: 'x'.repeat(65_535) }, /^doc: found "65537 bytes", wanted JSON of at most 65536 bytes/],
  [{ text: 'a\ud800b' }, /^text: found "a\\ud800b", wanted a text of whole characters/],
  [{ list: ['\udfff'] }, /^list: found "\\udfff", wanted a text of whole characters/],
  // biome-ignore lint/suspicious/noSparseArray: that is what is tried
  [{ list: ['a', , 'b'] }, /^list: found nothing, wanted texts/],
  [{ $meta: { text: 'x' } }, /^\$meta: found "a key text", wanted no key that is the name of a field/],
  [{ $meta: { $meta: 1 } }, /^\$meta: found "a key \$meta", wanted no key/],
  [{ $meta: [1] }, /^\$meta: found \[1\], wanted an object/],
  [{ Text: 'x' }, /^found a value for Text, wanted the fields of the schema: id, v, doc, text, list, \$meta/],
];

test('what would be changed on the way, or left out, refuses its row', async () => {
  const ring: Record<string, unknown> = { a: 1 };
  ring.self = ring;
  const cases = [...REFUSED, [{ doc: ring }, /^doc: found an object in itself, or one nested too deep/] as const];
  const { rows, refused } = await put(cases.map(([more], id) => ({ ...KEYED_ROW, id, ...(more as object) })));
  assert.deepEqual(rows, []);
  for (const [at, [, said]] of cases.entries()) assert.match(refused[at]!.reason, said);
  // The whole row, also what JSON has no word for.
  assert.deepEqual(JSON.parse(refused[5]!.row).doc, [['a', 1]]);
  assert.equal(JSON.parse(refused.at(-1)!.row).doc.self, '[the object that this is in]');
  assert.deepEqual(
    (await put([null, 5])).refused.map(({ reason }) => reason),
    ['found null, wanted a row: an object by field name', 'found 5, wanted a row: an object by field name'],
  );
});
