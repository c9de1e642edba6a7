/** Codes that are the vectors themselves: float32 in a row, and float32 by levels in batches («panorama»). */
import type { CodeRange, DecodeFloats } from './decoder.ts';

/** Copies bytes, so that every bit comes through: NaNs, too. Floats in the file are not aligned. */
export function copyRows({ codes, first, rows }: CodeRange, out: Uint8Array, record: number): void {
  out.set(codes.subarray(first * record, (first + rows) * record));
}

export function openFloat32(d: number): DecodeFloats {
  return (range, out) => copyRows(range, new Uint8Array(out.buffer, out.byteOffset, range.rows * d * 4), d * 4);
}

/**
 * A batch of rows, each of w = ceil(d / levels) components a level; level by level, and in it row by row:
 *
 * ```
 *   | row 0: 0…w-1 | row 1: 0…w-1 | … | row 0: w…2w-1 | row 1: w…2w-1 | …
 * ```
 */
export function openPanorama(d: number, { levels, batch }: { levels: number; batch: number }): DecodeFloats {
  const width = Math.ceil(d / levels);
  return ({ codes, first, rows }, out) => {
    const bytes = new Uint8Array(out.buffer, out.byteOffset, rows * d * 4);
    for (let row = first; row < first + rows; row++) {
      const block = Math.floor(row / batch);
      const inBlock = row - block * batch;
      for (let from = 0; from < d; from += width) {
        const wide = Math.min(width, d - from);
        const at = (block * batch * d + batch * from + inBlock * wide) * 4;
        bytes.set(codes.subarray(at, at + wide * 4), ((row - first) * d + from) * 4);
      }
    }
  };
}
