/** A schema with every type, and batches of random rows of it in shared memory, as sources make them. */
import fc from 'fast-check';
import type { Batch, Column } from '../../src/core/batch.ts';
import type { Field, Schema } from '../../src/core/schema.ts';
import { plainJson } from '../../src/sources/plugin/plainJson.ts';

/** A row by field name; null: it has none. Int64 as bigint, vectors as arrays, JSON and Array parsed. */
export type Row = Readonly<Record<string, unknown>>;

const field = (name: string, type: Field['type'], more: Partial<Field> = {}): Field => ({
  name,
  type,
  primaryKey: false,
  dim: 0,
  ...more,
});

export const EVERY_TYPE: Schema = {
  metric: 'L2',
  fields: [
    field('id', 'Int64', { primaryKey: true }),
    field('vector', 'FloatVector', { dim: 3 }),
    field('bits', 'BinaryVector', { dim: 16 }),
    field('flag', 'Bool'),
    field('tiny', 'Int8'),
    field('small', 'Int16'),
    field('whole', 'Int32', { nullable: true }),
    field('real', 'Float'),
    field('precise', 'Double', { nullable: true }),
    field('text', 'VarChar', { maxLength: 200, nullable: true }),
    field('tags', 'Array', { element: 'VarChar', maxCapacity: 9, maxLength: 200, nullable: true }),
    field('longs', 'Array', { element: 'Int64', maxCapacity: 9 }),
    field('meta', 'JSON'),
  ],
};

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

export const rowOfEveryType: fc.Arbitrary<Row> = fc.record(
  {
    id: int64,
    vector: fc.array(float32, { minLength: 3, maxLength: 3 }),
    bits: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 2 }),
    flag: fc.boolean(),
    tiny: fc.integer({ min: -128, max: 127 }),
    small: fc.integer({ min: -32768, max: 32767 }),
    whole: orNull(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    real: float32,
    precise: orNull(fc.double({ noNaN: true, noDefaultInfinity: true })),
    text: orNull(fc.string({ unit: 'grapheme', maxLength: 20 })),
    tags: orNull(fc.array(fc.string({ unit: 'grapheme', maxLength: 5 }), { maxLength: 4 })),
    longs: fc.array(int64, { maxLength: 4 }),
    meta: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3, noNullPrototype: true }),
  },
  { noNullPrototype: true },
);

export function batchOf(schema: Schema, rows: readonly Row[]): Batch {
  const columns = schema.fields.map((one) => columnOf(one, rows));
  return { rows: rows.length, columns, read: rows.length, deleted: 0, dropped: 0, origin: 'test' };
}

function columnOf(one: Field, rows: readonly Row[]): Column {
  const parts = rows.map((row) => valueBytes(one, row[one.name]));
  const shared = new Uint8Array(new SharedArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)));
  const offsets = new Uint32Array(rows.length + 1);
  for (const [row, part] of parts.entries()) {
    shared.set(part, offsets[row]!);
    offsets[row + 1] = offsets[row]! + part.length;
  }
  const variable = one.type === 'VarChar' || one.type === 'JSON' || one.type === 'Array';
  const width = valueBytes(one, null).length;
  return {
    field: one.name,
    rowBytes: width,
    bytes: shared,
    ...(variable ? { offsets } : {}),
    ...(one.nullable === true ? { nulls: Uint8Array.from(rows, (row) => (row[one.name] === null ? 1 : 0)) } : {}),
  };
}

/** Of null: as many zeros as a value has. */
function valueBytes(one: Field, value: unknown): Uint8Array {
  const view = (array: { readonly buffer: ArrayBuffer }): Uint8Array => new Uint8Array(array.buffer);
  switch (one.type) {
    case 'Bool':
      return Uint8Array.of(value === true ? 1 : 0);
    case 'Int8':
      return view(Int8Array.of(Number(value)));
    case 'Int16':
      return view(Int16Array.of(Number(value)));
    case 'Int32':
      return view(Int32Array.of(Number(value)));
    case 'Int64':
      return view(BigInt64Array.of((value as bigint | null) ?? 0n));
    case 'Float':
      return view(Float32Array.of(Number(value)));
    case 'Double':
      return view(Float64Array.of(Number(value)));
    case 'FloatVector':
      return view(Float32Array.from((value as number[] | null) ?? Array(one.dim).fill(0)));
    case 'BinaryVector':
      return Uint8Array.from((value as number[] | null) ?? Array(one.dim / 8).fill(0));
    case 'VarChar':
      return Buffer.from((value as string | null) ?? '');
    case 'JSON':
    case 'Array':
      return value === null ? Buffer.alloc(0) : Buffer.from(plainJson(value));
  }
}
