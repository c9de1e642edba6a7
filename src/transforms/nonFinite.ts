/** Finds rows with NaN or infinity: legal in Milvus 1.x, refused by Milvus 2.x. */
import type { Column } from '../core/batch.ts';

const WITHOUT_SIGN = 0x7fffffff;
/** Added to a float without sign, this carries into the sign bit exactly where all exponent bits are set. */
const ONE_EXPONENT = 0x00800000;

/**
 * Rows whose vector holds a NaN or an infinity, ascending.
 *
 * One pass over the bits as int32, eight values to a branch, so that it stays far above the speed of any disk.
 * @param column float32 vectors, 4-byte aligned
 */
export function nonFiniteRows(column: Column): number[] {
  const bits = new Int32Array(column.bytes.buffer, column.bytes.byteOffset, column.bytes.byteLength / 4);
  const rows: number[] = [];
  const dim = column.rowBytes / 4;
  for (let at = firstNonFinite(bits, 0); at < bits.length; ) {
    const row = Math.floor(at / dim);
    rows.push(row);
    at = firstNonFinite(bits, (row + 1) * dim);
  }
  return rows;
}

/** Index of the first non-finite value at or after `start`; `bits.length` if there is none. */
function firstNonFinite(bits: Int32Array, start: number): number {
  let at = start;
  const blocksEnd = bits.length - 7;
  for (; at < blocksEnd; at += 8) {
    const carry =
      ((bits[at]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 1]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 2]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 3]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 4]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 5]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 6]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 7]! & WITHOUT_SIGN) + ONE_EXPONENT);
    if (carry < 0) break;
  }
  for (; at < bits.length; at++) if ((((bits[at]! & WITHOUT_SIGN) + ONE_EXPONENT) | 0) < 0) return at;
  return bits.length;
}
