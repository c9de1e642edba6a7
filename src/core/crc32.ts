/** CRC-32 as zlib computes it, and its combination: the CRC of A‖B from those of A and B. */
import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 of `bytes`, going on from `seed` (0 at the start). 5 GB/s where measured: no reason not to check. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  // zlib takes memory that is not there (an empty SharedArrayBuffer) for the wish to start anew.
  return bytes.length === 0 ? seed : zlibCrc32(bytes, seed);
}

/** A 32×32 bit matrix over GF(2), one column a number: what appending zero bits does to a CRC. */
type Matrix = Uint32Array;

function times(matrix: Matrix, vector: number): number {
  let sum = 0;
  for (let bit = 0; vector !== 0; bit++, vector >>>= 1) if (vector & 1) sum ^= matrix[bit]!;
  return sum >>> 0;
}

function square(matrix: Matrix): Matrix {
  return matrix.map((column) => times(matrix, column));
}

function oneZeroBit(polynomial: number): Matrix {
  const matrix = new Uint32Array(32);
  matrix[0] = polynomial;
  for (let bit = 1; bit < 32; bit++) matrix[bit] = 2 ** (bit - 1);
  return matrix;
}

/**
 * For a CRC of that polynomial, written backwards: the CRC of A followed by B, from both and the length of B in bytes, a
 * safe integer.
 */
export function crcCombiner(polynomial: number): (crcA: number, crcB: number, bytesB: number) => number {
  return (crcA, crcB, bytesB) => {
    // Appending B's length in zero bytes to A is a linear map; its power is found by squaring.
    let zeros = square(square(square(oneZeroBit(polynomial)))); // eight zero bits
    let crc = crcA;
    for (let rest = bytesB; rest > 0; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) crc = times(zeros, crc);
      zeros = square(zeros);
    }
    return (crc ^ crcB) >>> 0;
  };
}

/** CRC-32 of A followed by B. Needed because a file's header, which comes first, is known last. */
export const crc32Combine = crcCombiner(0xedb88320);
