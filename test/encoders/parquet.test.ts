/** Parquet files of ours, read by PyArrow and DuckDB: every value of every type, nulls, empty lists, several row groups. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32 } from '../../src/core/crc32.ts';
import type { Field, Schema } from '../../src/core/schema.ts';
import { openParquetEncoder, PARQUET_FILE } from '../../src/encoders/parquet.ts';
import { temporaryFolder } from '../temporary.ts';
import { memoryGroup } from './memoryGroup.ts';
import { batchOf, EVERY_TYPE, type Row, rowOfEveryType } from './rows.ts';

const PYTHON = process.env.TEST_PYTHON ?? '';

/** What both readers say of each file: rows as JSON texts in which longs are strings and floats exact. */
const READ = `
import sys, json, struct, pyarrow.parquet as pq, duckdb
def plain(v):
    if isinstance(v, bool) or v is None or isinstance(v, str): return v
    if isinstance(v, int): return str(v)
    if isinstance(v, float): return struct.pack('<d', v).hex()
    return [plain(x) for x in v]
out = []
for name in sys.argv[1:]:
    table = pq.read_table(name)
    rows = [{k: plain(v) for k, v in row.items()} for row in table.to_pylist()]
    duck = duckdb.sql(f"select * from read_parquet('{name}')")
    ducks = [{k: plain(v) for k, v in zip(duck.columns, row)} for row in duck.fetchall()]
    out.append([rows, ducks, {f.name: [str(f.type), f.nullable] for f in table.schema}])
print(json.dumps(out))`;

const hex = (value: number): string => Buffer.from(new Uint8Array(Float64Array.of(value).buffer)).toString('hex');

/** A row as READ would say it. */
function wanted(row: Row): Row {
  const list = (values: unknown, show: (value: never) => unknown) =>
    values === null ? null : (values as never[]).map(show);
  return withNulls(row, {
    id: String(row.id),
    vector: list(row.vector, hex),
    bits: list(row.bits, String),
    flag: row.flag,
    tiny: String(row.tiny),
    small: String(row.small),
    whole: row.whole === null ? null : String(row.whole),
    real: hex(row.real as number),
    precise: row.precise === null ? null : hex(row.precise as number),
    text: row.text,
    tags: row.tags,
    longs: list(row.longs, String),
    meta: JSON.stringify(row.meta),
  });
}

/** Of a field without a value: none. */
function withNulls(row: Row, shown: Row): Row {
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, row[name] === null ? null : value]));
}

/** Every field that may be null, is. */
const NULLABLE: Schema = {
  ...EVERY_TYPE,
  fields: EVERY_TYPE.fields.map((field) => (field.primaryKey || field.dim > 0 ? field : { ...field, nullable: true })),
};

const rowWithNulls: fc.Arbitrary<Row> = fc
  .tuple(rowOfEveryType, fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }))
  .map(([row, nulls]) =>
    Object.fromEntries(
      NULLABLE.fields.map(({ name, nullable }, at) => [
        name,
        nullable === true && nulls[at] === true ? null : row[name],
      ]),
    ),
  );

async function write(batches: readonly (readonly Row[])[], schema: Schema = EVERY_TYPE): Promise<Uint8Array> {
  const { group, files } = memoryGroup();
  const encoder = await openParquetEncoder(group, schema);
  for (const rows of batches) await encoder.write(batchOf(schema, rows));
  const { files: made } = await encoder.close();
  const bytes = files.get(PARQUET_FILE)!;
  assert.deepEqual(made, [{ name: PARQUET_FILE, bytes: bytes.length, crc32: crc32(bytes) }]);
  return bytes;
}

for (const [name, schema, row] of [
  ['every type', EVERY_TYPE, rowOfEveryType],
  ['every type with nulls', NULLABLE, rowWithNulls],
] as const)
  test(`${name}, in any number of batches`, async () => {
    assert.notEqual(PYTHON, '', 'TEST_PYTHON names a Python with pyarrow and duckdb: run the tests with `npm test`');
    using folder = temporaryFolder();
    const cases = fc.sample(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 4 }), 60);
    const names = await Promise.all(
      cases.map(async (batches, index) => {
        const name = join(folder.path, `${index}.parquet`);
        writeFileSync(name, await write(batches, schema));
        return name;
      }),
    );
    const found = JSON.parse(
      execFileSync(PYTHON, ['-c', READ, ...names], { encoding: 'utf8', maxBuffer: 2 ** 28 }),
    ) as readonly (readonly [readonly Row[], readonly Row[], Readonly<Record<string, readonly [string, boolean]>>])[];
    assert.equal(found.length, cases.length);
    for (const [index, [arrow, duck, types]] of found.entries()) {
      const want = cases[index]!.flat().map(wanted);
      assert.deepEqual(arrow, want, `case ${index}, PyArrow`);
      assert.deepEqual(duck, want, `case ${index}, DuckDB`);
      assert.deepEqual(types.vector, ['list<element: float not null>', false]);
      assert.deepEqual(types.bits, ['list<element: uint8 not null>', false]);
      assert.deepEqual(types.whole, ['int32', true]);
      assert.deepEqual(types.tiny, ['int8', schema === NULLABLE]);
    }
  });

const SCALARS = {
  Bool: fc.boolean(),
  Int8: fc.integer({ min: -128, max: 127 }),
  Int16: fc.integer({ min: -32768, max: 32767 }),
  Int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  Float: fc.float({ noNaN: true, noDefaultInfinity: true }),
  Double: fc.double({ noNaN: true, noDefaultInfinity: true }),
  VarChar: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 5 }),
    fc.constantFrom('', '\u0000', '\u{10ffff}', 'x'.repeat(9000)),
  ),
} as const;
type Element = keyof typeof SCALARS;
const ELEMENTS = Object.keys(SCALARS) as Element[];

/** A field of each type, and of Arrays of it; all of them may be null. */
const ARRAYS: Schema = {
  metric: 'L2',
  fields: [
    ...EVERY_TYPE.fields.filter(({ name }) => name === 'id' || name === 'vector'),
    ...ELEMENTS.flatMap((element): Field[] => {
      const field = { primaryKey: false, dim: 0, nullable: true } as const;
      const text = element === 'VarChar' ? { maxLength: 65_535 } : {};
      return [
        { ...field, ...text, name: `one_${element}`, type: element },
        { ...field, ...text, name: `many_${element}`, type: 'Array', element, maxCapacity: 100 },
      ];
    }),
  ],
};

const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 3 });
const rowOfArrays: fc.Arbitrary<Row> = fc.record({
  id: SCALARS.Int64,
  vector: fc.array(SCALARS.Float, { minLength: 3, maxLength: 3 }),
  ...Object.fromEntries(
    ELEMENTS.flatMap((element) => [
      [`one_${element}`, orNull(SCALARS[element] as fc.Arbitrary<unknown>)],
      [`many_${element}`, orNull(fc.array(SCALARS[element] as fc.Arbitrary<unknown>, { maxLength: 20 }))],
    ]),
  ),
});

/** A value, of type or element `type`, as READ would say it. */
function said(value: unknown, type: string): unknown {
  if (Array.isArray(value)) return value.map((item) => said(item, type));
  if (value === null || type === 'Bool' || type === 'VarChar') return value;
  return type === 'Float' || type === 'Double' ? hex(value as number) : String(value);
}

test('Arrays of every element: null, empty, full, over page and row group boundaries', async () => {
  using folder = temporaryFolder();
  const name = join(folder.path, 'arrays.parquet');
  const some = fc.sample(rowOfArrays, 300);
  const sparse = some.map((row) => ({ ...row, many_VarChar: null, one_Bool: null }));
  const long = some.slice(0, 200).map((row) => ({ ...row, one_VarChar: 'é'.repeat(32_767) }));
  const batches: readonly (readonly Row[])[] = [
    [],
    some.slice(0, 1),
    some.slice(1, 8),
    some.slice(8, 17),
    some,
    sparse,
    long,
    some.slice(0, 7),
    [],
  ];
  writeFileSync(name, await write(batches, ARRAYS));
  const answer = execFileSync(PYTHON, ['-c', READ, name], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const [[arrow, duck]] = JSON.parse(answer) as [readonly [readonly Row[], readonly Row[]]];
  const types = new Map(
    ARRAYS.fields.map(({ name: field, type, element, dim }) => [field, element ?? (dim > 0 ? 'Float' : type)]),
  );
  const want = batches
    .flat()
    .map((row) =>
      Object.fromEntries(ARRAYS.fields.map(({ name: field }) => [field, said(row[field], types.get(field)!)])),
    );
  for (const found of [arrow, duck]) {
    assert.equal(found.length, want.length);
    for (const [at, row] of found.entries()) assert.deepEqual(row, want[at], `row ${at}`);
  }
});

test('a part larger than a row group: groups follow each other, the rest is the same', async () => {
  using folder = temporaryFolder();
  const name = join(folder.path, 'large.parquet');
  const text = 'x'.repeat(150);
  // 60,000 rows with 200 bytes beside the vector: more than is held back for one group.
  const rows = (first: number) =>
    Array.from({ length: 2000 }, (_, index) => ({
      ...{
        id: BigInt(first + index),
        vector: [first, index, 0.5],
        bits: [1, 2],
        flag: index % 2 === 0,
        tiny: 1,
        small: 2,
      },
      ...{ whole: null, real: 1, precise: null, text, tags: null, longs: [], meta: {} },
    }));
  writeFileSync(name, await write(Array.from({ length: 30 }, (_, index) => rows(index * 2000))));
  const script = `
import sys, json, pyarrow.parquet as pq
f = pq.ParquetFile(sys.argv[1]); t = f.read()
print(json.dumps([f.num_row_groups, t.num_rows, sum(t['id'].to_pylist()), len(set(t['id'].to_pylist())), t['text'].null_count]))`;
  const [groups, count, sum, distinct, nulls] = JSON.parse(
    execFileSync(PYTHON, ['-c', script, name], { encoding: 'utf8' }),
  ) as number[];
  assert.ok(groups! > 1);
  assert.deepEqual([count, sum, distinct, nulls], [60_000, (60_000 * 59_999) / 2, 60_000, 0]);
});
