/**
 * Linear transforms, turned back. Forward: y = A·x + b, A f32 [dOut][dIn]. Back: x = R·(y − b), with R
 *   Aᵀ                where the rows of A are orthonormal: rotations, PCA, OPQ. So does faiss, and refuses the rest;
 *   Aᵀ·(A·Aᵀ)⁻¹       dOut ≤ dIn: least squares, as for whitened PCA;
 *   (Aᵀ·A)⁻¹·Aᵀ       dOut > dIn: the same for rotations to more dimensions.
 */
import { MigrateError } from '../../../core/errors.ts';
import type { Transform } from '../model.ts';
import { solveSymmetric } from './cholesky.ts';
import type { Lookup } from './decoder.ts';
import { openArena, runOf } from './kernels.ts';

type Linear = Transform & { kind: 'linear' };

/** As faiss judges orthonormality. */
const ORTHONORMAL_WITHIN = 4e-5;

export interface Inverse {
  /** Rᵀ, f64 [dOut][dIn]: as A lies in the file. */
  readonly matrix: Float64Array;
  /** True: least squares; exact up to rounding only where nothing was dropped. */
  readonly approximate: boolean;
}

/**
 * R. Takes up to dOut²·dIn operations: call it once and share the matrix with the workers.
 * Errors: E_FAISS_UNSUPPORTED where A loses dimensions that it could keep.
 */
export function invertLinear(transform: Linear, lookup: Lookup): Inverse {
  const { dIn, dOut } = transform;
  const a = Float64Array.from(lookup.table(transform.matrix) as Float32Array);
  const wide = dOut <= dIn;
  if (wide && surelyOrthonormal(a, dOut, dIn)) return { matrix: a, approximate: false };
  // The smaller of A·Aᵀ and Aᵀ·A, n × n, by the rows of A or of Aᵀ. It is symmetric: Rᵀ = (A·Aᵀ)⁻¹·A or A·(Aᵀ·A)⁻¹.
  const n = Math.min(dIn, dOut);
  const lines = wide ? a : transposed(a, dOut, dIn);
  const gram = products(lines, n, lines.length / n);
  if (wide && isIdentity(gram, n)) return { matrix: a, approximate: false };
  if (!solveSymmetric(gram, n, lines)) throw singular(transform);
  return { matrix: wide ? lines : transposed(lines, dIn, dOut), approximate: true };
}

/** Vectors of signs that a matrix is tried with: what is not orthonormal passes one of them in half of all cases at most. */
const TRIALS = 32;

/**
 * Whether A·Aᵀ is the identity, without making it, which takes half a minute at 3072 dimensions: A·Aᵀ·s = s is looked at
 * for vectors s of random signs (Freivalds). An entry that is off by more than the limit moves a sum by more than twice
 * the limit when its sign is turned, so one of the two is over it. False where only the whole product can tell.
 */
function surelyOrthonormal(a: Float64Array, rows: number, columns: number): boolean {
  const signs = Int8Array.from(randomSigns(TRIALS * rows));
  const sums = new Float64Array(TRIALS * columns);
  for (let i = 0; i < rows; i++)
    for (let t = 0; t < TRIALS; t++) {
      const sign = signs[t * rows + i]!;
      for (let k = 0; k < columns; k++) sums[t * columns + k]! += sign * a[i * columns + k]!;
    }
  for (let i = 0; i < rows; i++)
    for (let t = 0; t < TRIALS; t++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += a[i * columns + k]! * sums[t * columns + k]!;
      if (!(Math.abs(sum - signs[t * rows + i]!) <= ORTHONORMAL_WITHIN)) return false;
    }
  return true;
}

/** 1 and −1, the same ones every time (xorshift, Marsaglia). */
function* randomSigns(count: number): Generator<number> {
  let state = 0x9e3779b9;
  for (let at = 0; at < count; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state < 0 ? -1 : 1;
  }
}

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = a[row * columns + column]!;
  return out;
}

/** Inner products of all pairs of rows, f64 [rows][rows]. */
function products(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += a[i * columns + k]! * a[j * columns + k]!;
      out[i * rows + j] = sum;
      out[j * rows + i] = sum;
    }
  return out;
}

function isIdentity(gram: Float64Array, n: number): boolean {
  return gram.every((value, at) => Math.abs(value - (at % (n + 1) === 0 ? 1 : 0)) <= ORTHONORMAL_WITHIN);
}

function singular({ cc, dIn, dOut, matrix }: Linear): MigrateError {
  return new MigrateError('E_FAISS_UNSUPPORTED', `transform ${cc} cannot be turned back: its matrix has no inverse`, {
    at: { offset: matrix.at, field: 'A' },
    found: `a matrix of ${dOut} × ${dIn} without full rank`,
    wanted: 'full rank',
    hint: 'take the vectors as the index has them, transformed: --keep-transformed',
  });
}

/**
 * x = R·(y − b) for rows of y, f32 [rows][dOut] → f32 [rows][dIn]. Sums are float64.
 * @param matrix Rᵀ
 */
export function openLinearBack(
  { dIn, dOut }: { readonly dIn: number; readonly dOut: number },
  matrix: Float64Array,
  bias: Float32Array = new Float32Array(dOut),
): (y: Float32Array, rows: number, x: Float32Array) => void {
  const wide = Math.ceil(dIn / COLUMNS) * COLUMNS;
  const run = runOf(wide) + 1; // room for the second row of the last pair
  const arena = openArena();
  const matrixAt = arena.take(dOut * wide * 8);
  const [from, to] = [arena.take((run + 1) * dOut * 8), arena.take((run + 1) * wide * 4)];
  const { buffer } = arena.bytes();
  const lines = new Float64Array(buffer, matrixAt, dOut * wide);
  for (let j = 0; j < dOut; j++) lines.set(matrix.subarray(j * dIn, (j + 1) * dIn), j * wide);
  const z = new Float64Array(buffer, from, run * dOut);
  const sums = new Float32Array(buffer, to, run * wide);
  return (y, rows, x) => {
    for (let done = 0; done < rows; done += run) {
      const here = Math.min(run, rows - done);
      for (let row = 0, at = 0; row < here; row++)
        for (let j = 0; j < dOut; j++, at++) z[at] = y[done * dOut + at]! - bias[j]!;
      arena.run.rotate(from, here, dOut, wide, matrixAt, to);
      for (let row = 0; row < here; row++) x.set(sums.subarray(row * wide, row * wide + dIn), (done + row) * dIn);
    }
  };
}

/** The kernel makes so many components at a time; the matrix is padded with columns of 0. */
const COLUMNS = 8;
