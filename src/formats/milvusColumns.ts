/**
 * A column of a batch as Milvus's FieldData (milvus-proto's schema.proto). What lies in memory as it does on the wire
 * (floats, doubles, bits, bools) is copied; integers become varints; texts get their lengths.
 */
import { type ArrayItem, arrayItems } from '../core/arrayItems.ts';
import { type Column, isNull, valueAt } from '../core/batch.ts';
import type { Field, FieldType } from '../core/schema.ts';
import { bytes, field, join, number, type Piece, varint } from './protobufPieces.ts';
import { int64sLength, writeInt64s } from './varint64.ts';

/** DataType (schema.proto). */
const DATA_TYPE: Readonly<Record<FieldType, number>> = {
  Bool: 1,
  Int8: 2,
  Int16: 3,
  Int32: 4,
  Int64: 5,
  Float: 10,
  Double: 11,
  VarChar: 21,
  Array: 22,
  JSON: 23,
  BinaryVector: 100,
  FloatVector: 101,
};

/** Fields of ScalarField. */
const SCALAR = { bool: 1, int: 2, long: 3, float: 4, double: 5, string: 6, array: 8, json: 9 } as const;

/** @param rows of the batch */
export function fieldData(column: Field, values: Column, rows: number): Piece {
  const head = [number(1, DATA_TYPE[column.type]), field(2, bytes(text.encode(column.name)))];
  // Where the field may be null, a flag for each row, and values only where they are there.
  const valid = column.nullable === true ? [field(7, bytes(validity(values, rows)))] : [];
  const present = column.nullable === true ? withoutNulls(values, rows) : { values, rows };
  const dynamic = column.dynamic === true ? [number(6, 1)] : [];
  return join([...head, data(column, present.values, present.rows), ...dynamic, ...valid]);
}

const text = new TextEncoder();

function data(column: Field, values: Column, rows: number): Piece {
  switch (column.type) {
    case 'FloatVector':
      return field(4, join([number(1, column.dim), field(2, field(1, bytes(values.bytes)))]));
    case 'BinaryVector':
      return field(4, join([number(1, column.dim), field(3, bytes(values.bytes))]));
    default:
      return field(3, scalars(column, values, rows));
  }
}

function scalars(column: Field, values: Column, rows: number): Piece {
  const packed = (id: number, value: Piece): Piece => field(id, field(1, value));
  switch (column.type) {
    case 'Bool':
      return packed(SCALAR.bool, bytes(values.bytes));
    case 'Int8':
    case 'Int16':
    case 'Int32':
      return packed(SCALAR.int, longs(widened(column.type, values.bytes)));
    case 'Int64':
      return packed(SCALAR.long, longs(values.bytes));
    case 'Float':
      return packed(SCALAR.float, bytes(values.bytes));
    case 'Double':
      return packed(SCALAR.double, bytes(values.bytes));
    case 'VarChar':
      return field(SCALAR.string, repeated(values, rows));
    case 'JSON':
      return field(SCALAR.json, repeated(values, rows));
    case 'Array':
      return field(SCALAR.array, arrays(column, values, rows));
    default:
      throw new TypeError(`${column.name} (${column.type}) is no scalar`);
  }
}

/** @param value int64s, little endian */
function longs(value: Uint8Array): Piece {
  return { length: int64sLength(value), write: (into, at) => void writeInt64s(value, into, at) };
}

/** Smaller integers go over the wire as int64s would: negative ones sign-extended. */
function widened(type: 'Int8' | 'Int16' | 'Int32', value: Uint8Array): Uint8Array {
  // A copy: a Buffer's own `slice` is none, and its memory may be a pool's.
  const aligned = new Uint8Array(value);
  const narrow =
    type === 'Int8'
      ? new Int8Array(aligned.buffer)
      : type === 'Int16'
        ? new Int16Array(aligned.buffer)
        : new Int32Array(aligned.buffer);
  return new Uint8Array(BigInt64Array.from(narrow, BigInt).buffer);
}

/** A repeated field 1 of bytes or strings. */
function repeated(values: Column, rows: number): Piece {
  const pieces: Piece[] = [];
  for (let row = 0; row < rows; row++) pieces.push(field(1, bytes(valueAt(values, row))));
  return join(pieces);
}

/** ArrayArray: one ScalarField a row, then the type of the elements. */
function arrays({ name, element }: Field, values: Column, rows: number): Piece {
  if (element === undefined) throw new TypeError(`${name} does not say what its elements are`);
  const pieces: Piece[] = [];
  for (let row = 0; row < rows; row++) {
    const items = arrayItems({ element }, valueAt(values, row));
    pieces.push(
      field(1, scalars({ name, type: element, primaryKey: false, dim: 0 }, toColumn(element, items), items.length)),
    );
  }
  return join([...pieces, bytes(varint(2 << 3)), bytes(varint(DATA_TYPE[element]))]);
}

/** The elements of one row as a column. */
function toColumn(element: NonNullable<Field['element']>, items: readonly ArrayItem[]): Column {
  const fixed = (array: { readonly buffer: ArrayBuffer; readonly BYTES_PER_ELEMENT: number }): Column => ({
    field: '',
    rowBytes: array.BYTES_PER_ELEMENT,
    bytes: new Uint8Array(array.buffer),
  });
  switch (element) {
    case 'Bool':
      return fixed(Uint8Array.from(items, (item) => (item === true ? 1 : 0)));
    case 'Int8':
      return fixed(Int8Array.from(items, Number));
    case 'Int16':
      return fixed(Int16Array.from(items, Number));
    case 'Int32':
      return fixed(Int32Array.from(items, Number));
    case 'Int64':
      return fixed(BigInt64Array.from(items, BigInt));
    case 'Float':
      return fixed(Float32Array.from(items, Number));
    case 'Double':
      return fixed(Float64Array.from(items, Number));
    case 'VarChar': {
      const all = items.map((item) => text.encode(String(item)));
      const offsets = new Uint32Array(all.length + 1);
      for (const [index, { length }] of all.entries()) offsets[index + 1] = offsets[index]! + length;
      return { field: '', rowBytes: 0, bytes: Buffer.concat(all), offsets };
    }
  }
}

function validity(values: Column, rows: number): Uint8Array {
  return Uint8Array.from({ length: rows }, (_, row) => (isNull(values, row) ? 0 : 1));
}

/** Only the rows that have a value, as a column of its own. */
function withoutNulls(values: Column, rows: number): { values: Column; rows: number } {
  if (values.nulls === undefined || !values.nulls.subarray(0, rows).some((flag) => flag !== 0)) return { values, rows };
  const there: number[] = [];
  for (let row = 0; row < rows; row++) if (!isNull(values, row)) there.push(row);
  const parts = there.map((row) => valueAt(values, row));
  const column = { field: values.field, rowBytes: values.rowBytes, bytes: Buffer.concat(parts) };
  if (values.offsets === undefined) return { values: column, rows: there.length };
  const offsets = new Uint32Array(there.length + 1);
  for (const [index, { length }] of parts.entries()) offsets[index + 1] = offsets[index]! + length;
  return { values: { ...column, offsets }, rows: there.length };
}
