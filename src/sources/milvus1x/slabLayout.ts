/**
 * How a batch lies in a slab:
 *
 * ```
 *   0                 rows × 8     a multiple of 64
 *   | ids (int64) ... | (unused) … | vectors ...          | (less than a row) |
 * ```
 */
import { ID_BYTES } from '../../formats/milvus1x/segment.ts';

const ALIGNMENT = 64;

export interface SlabLayout {
  /** Rows that fit. */
  readonly rows: number;
  readonly vectorBytes: number;
  /** Offset of the vectors. */
  readonly vectorsAt: number;
}

export function layOut(vectorBytes: number, slabBytes: number): SlabLayout {
  const vectorsAt = (rows: number): number => Math.ceil((rows * ID_BYTES) / ALIGNMENT) * ALIGNMENT;
  let rows = Math.floor(slabBytes / (ID_BYTES + vectorBytes));
  while (rows > 0 && vectorsAt(rows) + rows * vectorBytes > slabBytes) rows--;
  if (rows === 0) throw new RangeError(`a slab of ${slabBytes} bytes for rows of ${ID_BYTES + vectorBytes}`);
  return { rows, vectorBytes, vectorsAt: vectorsAt(rows) };
}

/** Room for `layout.rows` ids and vectors. */
export function viewsOf(
  memory: SharedArrayBuffer,
  { rows, vectorBytes, vectorsAt }: SlabLayout,
): readonly [Uint8Array, Uint8Array] {
  return [new Uint8Array(memory, 0, rows * ID_BYTES), new Uint8Array(memory, vectorsAt, rows * vectorBytes)];
}
