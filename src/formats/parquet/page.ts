/** One data page (version 1, plain, uncompressed) of a column: its header, its levels and its values. */
import { maxDefinition, type ParquetColumn } from './column.ts';
import { openLevels } from './levels.ts';
import { encodeStruct, i32, struct } from './thrift.ts';

/** The rows of one column that go into a page. */
export interface PageRows {
  readonly rows: number;
  /** One byte a row, not 0: the row is null and has no value. undefined: none is null. Only for optional columns. */
  readonly nulls: Uint8Array | undefined;
  /** Lists: values per row, a number where all rows have the same; a null row has none. Others: undefined. */
  readonly lengths: number | Uint32Array | undefined;
  /** The values that are there, one behind the other, as Parquet's plain encoding has them. */
  readonly values: Uint8Array;
}

export interface Page {
  /** Header and levels. The values follow. */
  readonly head: Uint8Array;
  readonly values: Uint8Array;
  /** As Parquet counts: a null or an empty list counts as one. */
  readonly count: number;
}

const DATA_PAGE = 0;
const PLAIN = 0;
const RLE = 3;
const MAX_BYTES = 2 ** 31 - 1;

/** @throws RangeError where the page is 2 GiB or larger */
export function dataPage(column: ParquetColumn, rows: PageRows): Page {
  const { repetition, definition, count } = levelsOf(column, rows);
  const size = repetition.length + definition.length + rows.values.length;
  if (size > MAX_BYTES) throw new RangeError(`a page of ${size} bytes`);
  const header = encodeStruct([
    [1, i32(DATA_PAGE)],
    [2, i32(size)],
    [3, i32(size)],
    [5, struct([1, i32(count)], [2, i32(PLAIN)], [3, i32(RLE)], [4, i32(RLE)])],
  ]);
  return { head: concat([header, repetition, definition]), values: rows.values, count };
}

const NONE = new Uint8Array(0);

function levelsOf(
  column: ParquetColumn,
  { rows, nulls, lengths }: PageRows,
): { repetition: Uint8Array; definition: Uint8Array; count: number } {
  const max = maxDefinition(column);
  const definition = openLevels();
  if (!column.list) {
    if (max === 0) return { repetition: NONE, definition: NONE, count: rows };
    if (nulls === undefined) definition.add(1, rows);
    else for (let row = 0; row < rows; row++) definition.add(nulls[row] === 0 ? 1 : 0, 1);
    return { repetition: NONE, definition: definition.finish(), count: rows };
  }
  const repetition = openLevels();
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const isNull = nulls !== undefined && nulls[row] !== 0;
    const length = isNull ? 0 : typeof lengths === 'number' ? lengths : (lengths?.[row] ?? 0);
    repetition.add(0, 1);
    if (length > 1) repetition.add(1, length - 1);
    // Below the highest level: an empty list, and one lower a null.
    definition.add(length > 0 ? max : isNull ? max - 2 : max - 1, Math.max(1, length));
    count += Math.max(1, length);
  }
  return { repetition: repetition.finish(), definition: definition.finish(), count };
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
