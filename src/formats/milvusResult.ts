/** QueryResults, the answer to a query (milvus-proto's milvus.proto and schema.proto, protobuf 3): columns as views into it. */
import { canonicalArray, canonicalJson } from '../core/canonical.ts';
import { valueText } from '../core/rowText.ts';
import { type Field, fieldBytes } from '../core/schema.ts';
import { decodeStatus, type WireStatus } from './milvusWire.ts';
import { entries } from './protobufEntries.ts';
import { readInt64s } from './varint64.ts';

/** A column of a query's answer. */
export interface ResultColumn {
  readonly field: string;
  readonly int64s: BigInt64Array | undefined;
  /** VarChar: UTF-8, one a row. */
  readonly texts: readonly Uint8Array[] | undefined;
  /** Vectors: dimensions, and all rows' bytes as a view into the message. */
  readonly dim: number;
  readonly vectors: Uint8Array | undefined;
  /** The ScalarField message, undecoded. */
  readonly scalars: Uint8Array | undefined;
  /** Nullable fields: one byte a row, 0 where it is null. Absent: all have a value. */
  readonly valid: Uint8Array | undefined;
}

export interface QueryResult {
  readonly status: WireStatus | undefined;
  readonly columns: readonly ResultColumn[];
}

/** Throws RangeError where the bytes are no such message. */
export function decodeQueryResult(message: Uint8Array): QueryResult {
  let status: WireStatus | undefined;
  const columns: ResultColumn[] = [];
  for (const entry of entries(message)) {
    if (entry.id === 1 && entry.bytes !== undefined) status = decodeStatus(entry.bytes);
    else if (entry.id === 2 && entry.bytes !== undefined) columns.push(decodeColumn(entry.bytes));
  }
  return { status, columns };
}

function decodeColumn(message: Uint8Array): ResultColumn {
  let name = '';
  let scalars: Uint8Array | undefined;
  let valid: Uint8Array | undefined;
  let vector: { dim: number; vectors: Uint8Array | undefined } = { dim: 0, vectors: undefined };
  for (const entry of entries(message)) {
    if (entry.bytes === undefined) continue;
    if (entry.id === 2) name = new TextDecoder().decode(entry.bytes);
    else if (entry.id === 3) scalars = entry.bytes;
    else if (entry.id === 4) vector = decodeVectors(entry.bytes);
    else if (entry.id === 7) valid = entry.bytes;
  }
  const longs = scalars === undefined ? undefined : scalarData(scalars, SCALAR.long);
  const texts = scalars === undefined ? undefined : scalarData(scalars, SCALAR.string);
  return {
    field: name,
    int64s: longs === undefined ? undefined : packedInt64s(longs),
    texts: texts === undefined ? undefined : repeatedBytes(texts),
    ...vector,
    scalars,
    valid,
  };
}

/** Fields of ScalarField. */
const SCALAR = { bool: 1, int: 2, long: 3, float: 4, double: 5, string: 6, array: 8, json: 9 } as const;

/** The message of one kind of data; undefined: the field holds another kind. */
function scalarData(message: Uint8Array, kind: number): Uint8Array | undefined {
  for (const { id, bytes } of entries(message)) if (id === kind && bytes !== undefined) return bytes;
  return undefined;
}

/** The packed field 1 of an array message. */
function packed(message: Uint8Array): Uint8Array {
  for (const { id, bytes } of entries(message)) if (id === 1 && bytes !== undefined) return bytes;
  return new Uint8Array(0);
}

function packedInt64s(message: Uint8Array): BigInt64Array {
  return readInt64s(packed(message));
}

function repeatedBytes(message: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (const { id, bytes } of entries(message)) if (id === 1 && bytes !== undefined) all.push(bytes);
  return all;
}

/** VectorField with float_vector or binary_vector. */
function decodeVectors(message: Uint8Array): { dim: number; vectors: Uint8Array | undefined } {
  let dim = 0;
  let vectors: Uint8Array | undefined;
  for (const entry of entries(message)) {
    if (entry.id === 1) dim = Number(entry.varint);
    else if (entry.id === 3) vectors = entry.bytes;
    else if (entry.id === 2 && entry.bytes !== undefined) {
      vectors = new Uint8Array(0);
      for (const packed of entries(entry.bytes)) if (packed.id === 1) vectors = packed.bytes;
    }
  }
  return { dim, vectors };
}

/**
 * The column's values in canonical form (`core/canonical.ts`), one a row; null where there is none.
 * @param rows of the answer
 * @throws RangeError where the column does not hold values of the field's type, or another number of them
 */
export function canonicalCells(column: ResultColumn, field: Field, rows: number): (Uint8Array | null)[] {
  const values = field.dim > 0 ? fixedCells(column.vectors, fieldBytes(field)) : scalarCells(column, field);
  const { valid } = column;
  if (valid === undefined || valid.length === 0) return expect(values, rows, field);
  if (valid.length !== rows) throw new RangeError(`${field.name}: ${valid.length} flags for ${rows} rows`);
  // Some servers send a value for each row, others only those that are there.
  const there = valid.reduce((sum, flag) => sum + (flag === 0 ? 0 : 1), 0);
  const compact = values.length === there && there !== rows;
  expect(values, compact ? there : rows, field);
  let next = 0;
  return Array.from(valid, (flag, row) => {
    if (flag === 0) return null;
    return values[compact ? next++ : row]!;
  });
}

function expect<T>(values: T[], wanted: number, { name }: Field): T[] {
  if (values.length === wanted) return values;
  throw new RangeError(`${name}: ${values.length} values for ${wanted} rows`);
}

function scalarCells({ scalars = new Uint8Array(0) }: ResultColumn, field: Field): Uint8Array[] {
  const data = (kind: number): Uint8Array => scalarData(scalars, kind) ?? new Uint8Array(0);
  switch (field.type) {
    case 'Bool':
      return fixedCells(packed(data(SCALAR.bool)), 1);
    case 'Int8':
    case 'Int16':
    case 'Int32':
      return fixedCells(narrowed(field.type, packedInt64s(data(SCALAR.int))), fieldBytes(field));
    case 'Int64':
      return fixedCells(new Uint8Array(packedInt64s(data(SCALAR.long)).buffer), 8);
    case 'Float':
      return fixedCells(packed(data(SCALAR.float)), 4);
    case 'Double':
      return fixedCells(packed(data(SCALAR.double)), 8);
    case 'VarChar':
      return repeatedBytes(data(SCALAR.string));
    case 'JSON':
      return repeatedBytes(data(SCALAR.json)).map(canonicalJson);
    case 'Array':
      return repeatedBytes(data(SCALAR.array)).map((row) => canonicalArray(field, elementsText(field, row)));
    default:
      throw new RangeError(`${field.name} (${field.type}) is no scalar`);
  }
}

function narrowed(type: 'Int8' | 'Int16' | 'Int32', values: BigInt64Array): Uint8Array {
  const numbers = Array.from(values, Number);
  const narrow =
    type === 'Int8' ? Int8Array.from(numbers) : type === 'Int16' ? Int16Array.from(numbers) : Int32Array.from(numbers);
  return new Uint8Array(narrow.buffer);
}

function fixedCells(bytes: Uint8Array | undefined, width: number): Uint8Array[] {
  const length = bytes?.length ?? 0;
  if (length % width !== 0) throw new RangeError(`${length} bytes of values of ${width} bytes`);
  return Array.from({ length: length / width }, (_, row) => bytes!.subarray(row * width, (row + 1) * width));
}

/** One row's elements, a ScalarField message, as the text of a JSON array. */
function elementsText(field: Field, message: Uint8Array): Uint8Array {
  const { element } = field;
  if (element === undefined) throw new RangeError(`${field.name} does not say what its elements are`);
  const column: ResultColumn = {
    field: field.name,
    int64s: undefined,
    texts: undefined,
    dim: 0,
    vectors: undefined,
    scalars: message,
    valid: undefined,
  };
  const one: Field = { name: field.name, type: element, primaryKey: false, dim: 0 };
  return Buffer.from(
    `[${scalarCells(column, one)
      .map((cell) => valueText(one, { field: '', rowBytes: cell.length, bytes: cell }, 0))
      .join(',')}]`,
  );
}
