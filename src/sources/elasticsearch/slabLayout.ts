/**
 * How a batch of documents lies in a slab, with room for `capacity` rows:
 *
 * ```
 *   | column 0 ... | nulls 0 | column 1 (values of fixed width) ... | offsets 2 | nulls 2 | … | values of any length … |
 *                                                                                           dataAt
 * ```
 * Each begins at a multiple of 8. Values of any length are gathered column by column while rows are added, and laid one
 * column behind the other when the batch is complete: only then is it known how long each is.
 */
import { type Field, fixedBytes } from '../../core/schema.ts';

const ALIGNMENT = 8;
const OFFSET_BYTES = 4;

export interface ColumnPlace {
  /** Bytes of a value; 0: of any length. */
  readonly width: number;
  /** Of the values, where they are of fixed width; else of the offsets. */
  readonly at: number;
  /** −1: the column has none. */
  readonly nullsAt: number;
}

export interface SlabLayout {
  readonly capacity: number;
  readonly columns: readonly ColumnPlace[];
  readonly dataAt: number;
  /** Bytes for values of any length, all columns together. */
  readonly dataBytes: number;
}

/** undefined: a slab of that size does not hold so many rows. */
export function layOut(fields: readonly Field[], capacity: number, slabBytes: number): SlabLayout | undefined {
  let at = 0;
  const take = (bytes: number): number => {
    const start = at;
    at = aligned(at + bytes);
    return start;
  };
  const columns = fields.map((field) => {
    const width = fixedBytes(field) ?? 0;
    return {
      width,
      at: take(width > 0 ? width * capacity : OFFSET_BYTES * (capacity + 1)),
      nullsAt: field.nullable === true ? take(capacity) : -1,
    };
  });
  // Each column of any length may waste some bytes of alignment behind it.
  const waste = columns.filter(({ width }) => width === 0).length * (ALIGNMENT - 1);
  const dataBytes = slabBytes - at - waste;
  return dataBytes < 0 ? undefined : { capacity, columns, dataAt: at, dataBytes };
}

/** @param dataBytes that a row's values of any length take, as rows were so far. @returns at least 1 */
export function rowsThatFit(fields: readonly Field[], dataBytes: number, slabBytes: number): number {
  const perRow = fields.reduce(
    (sum, field) => sum + (fixedBytes(field) ?? OFFSET_BYTES) + (field.nullable === true ? 1 : 0),
    dataBytes,
  );
  // Gaps of alignment: two regions a column, and the end of the offsets.
  const gaps = fields.length * 3 * ALIGNMENT;
  return Math.max(1, Math.floor((slabBytes - gaps) / Math.max(1, perRow)));
}

export function aligned(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}
