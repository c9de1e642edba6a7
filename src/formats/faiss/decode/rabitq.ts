/**
 * RaBitQ: what faiss gives back is a sketch, a sign for each component and one length for all. A code:
 *
 * ```
 *   | d signs, ceil(d / 8) bytes | f32 | f32 length | what extra bits need |
 * ```
 */
import type { DecodeFloats } from './decoder.ts';

const LENGTH_AFTER_SIGNS = 4;

/** @param center is added to every row; shorter than d: none. Centroids are the caller's. */
export function openRabitq(d: number, { record, center }: { record: number; center: Float32Array }): DecodeFloats {
  const signBytes = Math.ceil(d / 8);
  const scale = 2 / Math.sqrt(d);
  const middle = center.length >= d ? center : new Float32Array(d);
  return ({ codes, first, rows }, out) => {
    const view = new DataView(codes.buffer, codes.byteOffset, codes.byteLength);
    let to = 0;
    for (let row = first; row < first + rows; row++) {
      const at = row * record;
      const half = Math.fround(view.getFloat32(at + signBytes + LENGTH_AFTER_SIGNS, true) * scale) / 2;
      for (let i = 0; i < d; i++) {
        const bit = (codes[at + (i >> 3)]! >> (i & 7)) & 1;
        out[to++] = middle[i]! + (bit === 1 ? half : -half);
      }
    }
  };
}
