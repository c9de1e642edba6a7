/** Filters: against a naive evaluation, what null means, and what is found wrong when a job is planned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../src/core/errors.ts';
import type { Field, Schema } from '../../src/core/schema.ts';
import { planSteps } from '../../src/transforms/index.ts';
import { EVERY_TYPE, type Row, rowOfEveryType } from '../encoders/rows.ts';
import { through } from './readBack.ts';

const scalar = (name: string, type: Field['type'], more: Partial<Field> = {}): Field => ({
  name,
  type,
  primaryKey: false,
  dim: 0,
  ...more,
});

const SCHEMA: Schema = {
  metric: 'L2',
  fields: [
    { ...scalar('id', 'Int64'), primaryKey: true },
    { ...scalar('v', 'FloatVector'), dim: 1 },
    scalar('price', 'Double', { nullable: true }),
    scalar('count', 'Int32'),
    scalar('title', 'VarChar', { nullable: true, maxLength: 99 }),
    scalar('open', 'Bool', { nullable: true }),
    scalar('type', 'VarChar', { maxLength: 9 }),
    scalar('tags', 'Array', { element: 'Int64', maxCapacity: 9 }),
    scalar('doc', 'JSON'),
    scalar('$meta', 'JSON', { dynamic: true }),
  ],
};

const ROW: Row = {
  id: 1n,
  v: [1],
  price: 2.5,
  count: 3,
  title: 'ten',
  open: true,
  type: 'a',
  tags: [1, 2],
  doc: { n: 5, deep: { x: [1.5] }, none: null, word: 'w' },
  $meta: { color: 'red' },
};

/** What becomes of one row. */
async function fate(expression: string, row: Partial<Row> = {}): Promise<string> {
  const { batch } = await through([{ kind: 'filter', expression }], [{ ...ROW, ...row }], SCHEMA);
  assert.equal(batch.rows + (batch.filtered ?? 0) + (batch.refused?.length ?? 0), 1);
  return batch.rows === 1 ? 'kept' : (batch.refused?.[0]?.reason ?? 'left out');
}

test('equals a naive evaluation over rows of every type', async () => {
  const numbers = fc.tuple(fc.integer({ min: -128, max: 127 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const word = fc.string({ maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(fc.array(rowOfEveryType, { maxLength: 8 }), numbers, word, async (rows, [whole, double], text) => {
      const literal = Number.isInteger(double) ? `${double.toFixed(1)}` : String(double);
      const cases: readonly (readonly [string, (row: Row) => boolean])[] = [
        [`tiny >= ${whole}`, (row) => Number(row.tiny) >= whole],
        [`real < ${literal} && flag`, (row) => Number(row.real) < double && row.flag === true],
        [`precise > ${whole}`, (row) => row.precise !== null && Number(row.precise) > whole],
        [`!(precise > ${whole})`, (row) => row.precise !== null && !(Number(row.precise) > whole)],
        [`text.contains(${JSON.stringify(text)})`, (row) => row.text !== null && String(row.text).includes(text)],
        [`longs.exists(l, l > ${whole})`, (row) => (row.longs as number[]).some((long) => long > whole)],
        [`tags != null && size(tags) > 1`, (row) => row.tags !== null && (row.tags as unknown[]).length > 1],
        [`id % 2 == 0`, (row) => (row.id as bigint) % 2n === 0n],
        [`whole == null || whole + 0 == small`, (row) => row.whole === null || row.whole === row.small],
      ];
      for (const [expression, naive] of cases) {
        const { batch, rows: got } = await through([{ kind: 'filter', expression }], rows);
        const want = rows.filter(naive).map(({ id }) => id);
        assert.deepEqual(
          got.map(({ id }) => id),
          want,
          expression,
        );
        assert.equal(batch.filtered ?? 0, rows.length - want.length, expression);
        assert.equal(batch.refused, undefined, expression);
      }
    }),
    { numRuns: 40 },
  );
});

test('whole numbers of 64 bits are exact', async () => {
  const id = 9007199254740993n;
  assert.equal(await fate('id == 9007199254740993', { id }), 'kept');
  assert.equal(await fate('id == 9007199254740992', { id }), 'left out');
  assert.equal(await fate('id == 9007199254740992.0', { id }), 'left out');
  assert.equal(await fate('id > 9007199254740992.0', { id }), 'kept');
  assert.equal(await fate('id in [1, 9007199254740993]', { id }), 'kept');
});

test('a row where the answer depends on a value that is not there is left out', async () => {
  const nothing = { price: null, title: null, open: null };
  for (const expression of [
    'price > 3',
    '!(price > 3)',
    'price + 1.0 > 0.0',
    'title.startsWith("t")',
    'size(title) == 3',
    'open',
    '!open',
    'open ? true : true',
    'double(price) > 0.0',
    'doc.missing == 1',
    'doc.deep.y.z == 1',
    'doc.none > 1',
    'row["$meta"].size > 1',
  ])
    assert.equal(await fate(expression, nothing), 'left out', expression);
});

test('null is a value that equals null alone; and, or need not look further than they must', async () => {
  const nothing = { price: null, title: null, open: null };
  for (const expression of [
    'price == null',
    'price != 3',
    'title != "ten"',
    'open == null',
    'price > 3 || count == 3',
    'price == null || price > 3',
    'doc.none == null',
    '!has(doc.missing)',
    'doc.missing == 1 || true',
  ])
    assert.equal(await fate(expression, nothing), 'kept', expression);
  for (const expression of ['price != null', 'price == 2.5', 'has(doc.missing) && doc.missing > 1'])
    assert.equal(await fate(expression, nothing), 'left out', expression);
  assert.equal(await fate('price != null && price > 2 && price == 2.5'), 'kept');
});

test('a row for which the expression fails is refused with the reason', async () => {
  assert.match(await fate('10 / (count - 3) > 1'), /^10 \/ \(count - 3\) > 1: .*division by zero/i);
  assert.match(await fate('count * 9223372036854775807 > 0'), /overflow/);
  assert.match(await fate('doc.word > 1'), /no such overload/);
  assert.match(await fate('doc.word'), /wanted true or false|string/);
});

test('fields whose names the language keeps, and the dynamic field, are members of row', async () => {
  assert.equal(await fate('row["type"] == "a"'), 'kept');
  assert.equal(await fate('row.type == "b"'), 'left out');
  assert.equal(await fate('row["$meta"].color == "red"'), 'kept');
});

test('JSON and arrays as they are written: whole numbers as int, others as double', async () => {
  assert.equal(await fate('doc.n == 5 && doc.deep.x[0] > 1.2 && 2 in tags && size(tags) == 2'), 'kept');
  assert.equal(await fate('doc["deep"]["x"].exists(x, x == 1.5)'), 'kept');
  // An inherited member is none.
  assert.equal(await fate('has(doc.constructor) || has(doc.__proto__)'), 'left out');
});

/** Expression, what the message says, found, wanted or hint. */
const WRONG: readonly (readonly [string, RegExp, RegExp])[] = [
  ['price >', /can not be read/, /Unexpected token/],
  ['', /can not be read/, /./],
  ['prize > 3', /names a field that is not there/, /did you mean price\?/],
  ['v == 1', /asks about a vector/, /price/],
  ['title > 3', /does not fit the fields/, /title \(VarChar\)/],
  ['price + title > 1', /does not fit the fields/, /no such overload: double \+ string/],
  ['count', /neither true nor false/, /count is a int/],
  ['type == "a"', /uses a word of the language as a field/, /written row\["type"\] here/],
  ['row.typ == "a"', /names a field that is not there/, /row\["type"\]/],
  ['row.price > 1', /names a field that is not there/, /write price/],
  ['row == null', /uses the row as a whole/, /row\["type"\]/],
  ['$meta.color == "red"', /can not be read/, /row\["\$meta"\]/],
  ['nosuch(price)', /does not fit the fields/, /nosuch/],
  ['price.constructor("return process")()', /can not be read|does not fit/, /./],
];

test('an expression that can not be is refused when the job is planned', async () => {
  for (const [expression, message, details] of WRONG)
    await assert.rejects(planSteps(SCHEMA, [{ kind: 'filter', expression }], 'things'), (error) => {
      assert.ok(error instanceof MigrateError, `${expression}: ${String(error)}`);
      assert.equal(error.code, 'E_CONFIG');
      assert.match(error.message, message, expression);
      assert.match(`${error.found} ${error.wanted} ${error.hint}`, details, expression);
      return true;
    });
});

test('a schema of every type has its fields in the language', async () => {
  for (const { name, dim } of EVERY_TYPE.fields)
    if (dim === 0) await planSteps(EVERY_TYPE, [{ kind: 'filter', expression: `${name} != null` }], 'things');
});
