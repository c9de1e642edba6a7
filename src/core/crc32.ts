/** CRC-32 as zlib computes it, and its combination: the CRC of A‖B from those of A and B. */
import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 of `bytes`, going on from `seed` (0 at the start). 5 GB/s where measured: no reason not to check. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return zlibCrc32(bytes, seed);
}

const POLYNOMIAL = 0xedb88320;

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

function oneZeroBit(): Matrix {
  const matrix = new Uint32Array(32);
  matrix[0] = POLYNOMIAL;
  for (let bit = 1; bit < 32; bit++) matrix[bit] = 2 ** (bit - 1);
  return matrix;
}

/**
 * CRC-32 of A followed by B. Needed because a file's header, which comes first, is known last.
 * @param bytesB length of B, a safe integer
 */
export function crc32Combine(crcA: number, crcB: number, bytesB: number): number {
  // Appending B's length in zero bytes to A is a linear map; its power is found by squaring.
  let zeros = square(square(square(oneZeroBit()))); // eight zero bits
  let crc = crcA;
  for (let rest = bytesB; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) crc = times(zeros, crc);
    zeros = square(zeros);
  }
  return (crc ^ crcB) >>> 0;
}
