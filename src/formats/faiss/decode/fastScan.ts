/**
 * Codes of 4 bits, arranged in blocks for vector units («fast scan»). In a block, for each pair of fields:
 *
 * ```
 *   32 rows:  | 16 bytes: even field | 16 bytes: odd field |     then the next 32 rows, up to bbs
 *   16 bytes: low nibbles  rows 0 8 1 9 2 10 … 7 15;  high nibbles  the same + 16
 * ```
 */
import type { RowsOfCodes } from './codeFields.ts';

export interface FastScanShape {
  /** Rows of a block, a multiple of 32. */
  readonly bbs: number;
  readonly blockBytes: number;
  /** Fields wanted of each row: the first ones. Norms may follow them. */
  readonly fields: number;
}

/** Fields of rows from `first` on, a byte each: u8 [rows][fields]. */
export function unpackBlocks({ bbs, blockBytes, fields }: FastScanShape, range: RowsOfCodes, out: Uint8Array): void {
  const { codes, first, rows } = range;
  let to = 0;
  for (let row = first; row < first + rows; row++) {
    const block = Math.floor(row / bbs);
    const inBlock = row - block * bbs;
    const inGroup = inBlock % 32;
    const u = inGroup % 16;
    const place = u < 8 ? 2 * u : 2 * (u - 8) + 1;
    const shift = inGroup < 16 ? 0 : 4;
    const start = block * blockBytes + (inBlock - inGroup) + place;
    for (let field = 0; field < fields; field++)
      out[to++] = (codes[start + (field >> 1) * bbs + (field & 1) * 16]! >> shift) & 15;
  }
}
