/** Columns of a batch in Parquet's plain encoding, and which Parquet column a field of ours becomes for Milvus. */
import { type ArrayItem, arrayItems } from '../../core/arrayItems.ts';
import { type Column, isNull, valueAt } from '../../core/batch.ts';
import { type Field, type FieldType, fixedBytes } from '../../core/schema.ts';
import type { Logical, ParquetColumn, Physical } from './column.ts';
import type { PageRows } from './page.ts';

/** What holds the values of a type. A binary vector is a list of its bytes, each a uint8 stored as int32. */
const STORED: Readonly<Record<Exclude<FieldType, 'Array'>, readonly [Physical, Logical]>> = {
  Bool: ['boolean', 'none'],
  Int8: ['int32', 'int8'],
  Int16: ['int32', 'int16'],
  Int32: ['int32', 'none'],
  Int64: ['int64', 'none'],
  Float: ['float', 'none'],
  Double: ['double', 'none'],
  VarChar: ['byteArray', 'string'],
  JSON: ['byteArray', 'string'],
  FloatVector: ['float', 'none'],
  BinaryVector: ['int32', 'uint8'],
};

export function parquetColumn(field: Field): ParquetColumn {
  const type = field.type === 'Array' ? elementOf(field) : field.type;
  const [physical, logical] = STORED[type];
  const list = field.type === 'Array' || field.dim > 0;
  return { name: field.name, physical, logical, optional: field.nullable === true, list };
}

function elementOf({ name, element }: Field): NonNullable<Field['element']> {
  if (element === undefined) throw new TypeError(`${name} does not say what its elements are`);
  return element;
}

/** The rows of a column for a page. The values may be a view into the column. */
export function pageRows(field: Field, column: Column, rows: number): PageRows {
  const { nulls } = column;
  const there = nulls === undefined ? undefined : nulls.subarray(0, rows);
  const some = there?.some((flag) => flag !== 0) === true ? there : undefined;
  if (field.type === 'Array') return arrayRows(field, column, { rows, nulls: some });
  const lengths = field.dim === 0 ? undefined : field.type === 'BinaryVector' ? field.dim / 8 : field.dim;
  const present = some === undefined ? column.bytes : presentBytes(column, rows);
  return { rows, nulls: some, lengths, values: plain(field, column, { rows, present }) };
}

/** Values of rows that have one, of columns of fixed width. */
function presentBytes(column: Column, rows: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let row = 0; row < rows; row++) if (!isNull(column, row)) parts.push(valueAt(column, row));
  return Buffer.concat(parts);
}

/** In memory of their own, at its start. A Buffer's own `slice` copies nothing, and its memory may be a pool's. */
function copied(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function plain(
  field: Field,
  column: Column,
  { rows, present }: { readonly rows: number; readonly present: Uint8Array },
): Uint8Array {
  if (fixedBytes(field) === undefined) return withLengths(column, rows);
  switch (field.type) {
    case 'Bool':
      return packed(present);
    case 'Int8':
      return widened(new Int8Array(copied(present)));
    case 'Int16':
      return widened(new Int16Array(copied(present)));
    case 'BinaryVector':
      return widened(present);
    default:
      return present;
  }
}

function withLengths(column: Column, rows: number): Uint8Array {
  const out = new Uint8Array(column.bytes.length + 4 * rows);
  const view = new DataView(out.buffer);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    if (isNull(column, row)) continue;
    const value = valueAt(column, row);
    view.setUint32(at, value.length, true);
    out.set(value, at + 4);
    at += 4 + value.length;
  }
  return out.subarray(0, at);
}

/** Truth values of one byte each to one bit each, the lowest first. */
function packed(flags: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(flags.length / 8));
  for (let index = 0; index < flags.length; index++) if (flags[index] !== 0) out[index >> 3]! |= 1 << (index & 7);
  return out;
}

function widened(narrow: Int8Array | Int16Array | Uint8Array): Uint8Array {
  return new Uint8Array(Int32Array.from(narrow).buffer);
}

interface ArrayRows {
  readonly rows: number;
  readonly nulls: Uint8Array | undefined;
}

/** Arrays are texts in a batch: they are rare, and their elements may have any length. */
function arrayRows(field: Field, column: Column, { rows, nulls }: ArrayRows): PageRows {
  const lengths = new Uint32Array(rows);
  const items: ArrayItem[] = [];
  for (let row = 0; row < rows; row++) {
    if (isNull(column, row)) continue;
    const values = arrayItems(field, valueAt(column, row));
    lengths[row] = values.length;
    for (const value of values) items.push(value);
  }
  return { rows, nulls, lengths, values: plainItems(elementOf(field), items) };
}

function plainItems(element: NonNullable<Field['element']>, items: readonly ArrayItem[]): Uint8Array {
  switch (element) {
    case 'Bool':
      return packed(Uint8Array.from(items, (item) => (item === true ? 1 : 0)));
    case 'Int8':
    case 'Int16':
    case 'Int32':
      return new Uint8Array(Int32Array.from(items, Number).buffer);
    case 'Int64':
      return new Uint8Array(BigInt64Array.from(items, BigInt).buffer);
    case 'Float':
      return new Uint8Array(Float32Array.from(items, Number).buffer);
    case 'Double':
      return new Uint8Array(Float64Array.from(items, Number).buffer);
    case 'VarChar':
      return Buffer.concat(
        items.flatMap((item) => {
          const value = Buffer.from(String(item));
          const length = Buffer.alloc(4);
          length.writeUInt32LE(value.length);
          return [length, value];
        }),
      );
  }
}
