/**
 * How a batch lies in a slab:
 *
 * ```
 *   0                 rows × 8     a multiple of 64
 *   | ids (int64) ... | (unused) … | vectors ...          | (less than a row) |
 * ```
 */
import type { Batch } from '../../core/batch.ts';
import type { Slab } from '../../core/contracts.ts';
import { fieldBytes, primaryKeyOf, type Schema, vectorOf } from '../../core/schema.ts';

export const ID_BYTES = 8;
const ALIGNMENT = 64;

export interface SlabLayout {
  /** Rows that fit. */
  readonly rows: number;
  readonly vectorBytes: number;
  /** Offset of the vectors. */
  readonly vectorsAt: number;
}

export function layOutSlab(vectorBytes: number, slabBytes: number): SlabLayout {
  const vectorsAt = (rows: number): number => Math.ceil((rows * ID_BYTES) / ALIGNMENT) * ALIGNMENT;
  let rows = Math.floor(slabBytes / (ID_BYTES + vectorBytes));
  while (rows > 0 && vectorsAt(rows) + rows * vectorBytes > slabBytes) rows--;
  if (rows === 0) throw new RangeError(`a slab of ${slabBytes} bytes for rows of ${ID_BYTES + vectorBytes}`);
  return { rows, vectorBytes, vectorsAt: vectorsAt(rows) };
}

/** Columns of a slab for `rows` rows. */
export interface Columns {
  readonly ids: BigInt64Array;
  readonly vectors: Uint8Array;
}

export function columnsOf({ memory }: Slab, { vectorBytes, vectorsAt }: SlabLayout, rows: number): Columns {
  return {
    ids: new BigInt64Array(memory, 0, rows),
    vectors: new Uint8Array(memory, vectorsAt, rows * vectorBytes),
  };
}

/** @param columns of exactly the batch's rows */
export function batchOf(schema: Schema, { ids, vectors }: Columns, origin: string): Batch {
  const [key, vector] = [primaryKeyOf(schema), vectorOf(schema)];
  return {
    rows: ids.length,
    columns: [
      { field: key.name, rowBytes: ID_BYTES, bytes: bytesOf(ids) },
      { field: vector.name, rowBytes: fieldBytes(vector), bytes: vectors },
    ],
    read: ids.length,
    deleted: 0,
    dropped: 0,
    origin,
  };
}

export function bytesOf(ids: BigInt64Array): Uint8Array {
  return new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
}
