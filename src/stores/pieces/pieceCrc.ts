/**
 * The CRC-32 of each piece, from those that the writes come with: a write that lies in one piece costs nothing, of one
 * that is cut all but the last part is looked at.
 *
 * ```
 *   writes   |   a   |   b   |   c   |
 *   pieces   |    1    |    2    | 3        1 = a · b₁    2 = b₂ · c₁   with b = b₁ · b₂
 * ```
 */
import { crc32, crc32Combine } from '../../core/crc32.ts';

export interface PieceCrc {
  /** A write of so many bytes. @param crc of all of them; undefined: it is not known */
  begin(bytes: number, crc: number | undefined): void;
  /** The next bytes of that write go into the piece. */
  add(bytes: Uint8Array): void;
  /** What is in the piece so far was changed. */
  forget(): void;
  /** The CRC of the piece, where it is known; what comes goes into the next. */
  next(): number | undefined;
}

export function createPieceCrc(): PieceCrc {
  let piece: number | undefined = 0;
  /** Of what is left of the write. */
  let rest: number | undefined;
  let left = 0;
  return {
    begin(bytes, crc) {
      [left, rest] = [bytes, crc];
    },
    add(bytes) {
      left -= bytes.length;
      if (rest === undefined) {
        piece = undefined;
        return;
      }
      let own = rest;
      if (left > 0) {
        own = crc32(bytes);
        // The CRC of both is that of the first, moved on by the second's length, and of the second, one xor the other.
        rest = (rest ^ crc32Combine(own, 0, left)) >>> 0;
      }
      if (piece !== undefined) piece = crc32Combine(piece, own, bytes.length);
    },
    forget() {
      piece = undefined;
    },
    next() {
      const crc = piece;
      piece = 0;
      return crc;
    },
  };
}
