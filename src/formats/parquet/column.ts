/** Columns of a Parquet file as Milvus's import reads them, and the schema elements that describe them. */
import { bool, i8, i32, type Struct, string, struct } from './thrift.ts';

/** Parquet's physical types, by their number in the format (github.com/apache/parquet-format, parquet.thrift). */
export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, byteArray: 6 } as const;

export type Physical = keyof typeof PHYSICAL;

/** What the values mean. Integers of 8 and 16 bits are stored as int32. */
export type Logical = 'none' | 'int8' | 'int16' | 'uint8' | 'string';

export interface ParquetColumn {
  readonly name: string;
  readonly physical: Physical;
  readonly logical: Logical;
  /** Whether rows may be null. */
  readonly optional: boolean;
  /** Whether a row holds a list of values. The values themselves are never null. */
  readonly list: boolean;
}

const REPETITION = { required: 0, optional: 1, repeated: 2 } as const;
const CONVERTED = { none: undefined, int8: 15, int16: 16, uint8: 11, string: 0 } as const;
const CONVERTED_LIST = 3;

/** Highest definition level: one for a row that may be null, one for a list that may be empty. */
export function maxDefinition({ optional, list }: ParquetColumn): number {
  return (optional ? 1 : 0) + (list ? 1 : 0);
}

/** Path of the values below the root, as column metadata wants it. */
export function pathOf({ name, list }: ParquetColumn): string[] {
  return list ? [name, 'list', 'element'] : [name];
}

/** The root and all columns, flattened depth first. */
export function schemaElements(columns: readonly ParquetColumn[]): Struct[] {
  const root: Struct = [
    [4, string('schema')],
    [5, i32(columns.length)],
  ];
  return [root, ...columns.flatMap(elementsOf)];
}

function elementsOf(column: ParquetColumn): Struct[] {
  const { name, optional, list } = column;
  const repetition = optional ? REPETITION.optional : REPETITION.required;
  if (!list) return [valueElement(column, name, repetition)];
  const outer: Struct = [
    [3, i32(repetition)],
    [4, string(name)],
    [5, i32(1)],
    [6, i32(CONVERTED_LIST)],
    [10, struct([3, struct()])],
  ];
  const repeated: Struct = [
    [3, i32(REPETITION.repeated)],
    [4, string('list')],
    [5, i32(1)],
  ];
  return [outer, repeated, valueElement(column, 'element', REPETITION.required)];
}

function valueElement({ physical, logical }: ParquetColumn, name: string, repetition: number): Struct {
  const converted = CONVERTED[logical];
  return [
    [1, i32(PHYSICAL[physical])],
    [3, i32(repetition)],
    [4, string(name)],
    [6, converted === undefined ? undefined : i32(converted)],
    [10, logicalType(logical)],
  ];
}

function logicalType(logical: Logical) {
  switch (logical) {
    case 'none':
      return undefined;
    case 'string':
      return struct([1, struct()]);
    case 'int8':
      return struct([10, struct([1, i8(8)], [2, bool(true)])]);
    case 'int16':
      return struct([10, struct([1, i8(16)], [2, bool(true)])]);
    case 'uint8':
      return struct([10, struct([1, i8(8)], [2, bool(false)])]);
  }
}
