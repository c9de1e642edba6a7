/** Symmetric positive definite systems, by Cholesky's factorisation in float64. */

/** Below this part of its diagonal entry, what is left of it is rounding: the matrix is singular. */
const SINGULAR_BELOW = 1e-12;

/**
 * Solves S·X = B for X in place of B, f64 [n][columns]. S, f64 [n][n], is overwritten by its factor.
 * @returns false where S is singular, or not positive definite; B is then as it was
 */
export function solveSymmetric(s: Float64Array, n: number, b: Float64Array): boolean {
  if (!factorise(s, n)) return false;
  const columns = b.length / n;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtract(b, { from: k * columns, to: i * columns, columns, times: s[i * n + k]! });
    divide(b, i * columns, columns, s[i * n + i]!);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtract(b, { from: k * columns, to: i * columns, columns, times: s[k * n + i]! });
    divide(b, i * columns, columns, s[i * n + i]!);
  }
  return true;
}

/** S = L·Lᵀ; L in the lower triangle of S. */
function factorise(s: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = s[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= s[i * n + k]! * s[j * n + k]!;
      if (i !== j) s[i * n + j] = sum / s[j * n + j]!;
      else if (sum > SINGULAR_BELOW * s[i * n + i]!) s[i * n + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

interface Rows {
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  readonly times: number;
}

function subtract(b: Float64Array, { from, to, columns, times }: Rows): void {
  for (let column = 0; column < columns; column++) b[to + column]! -= times * b[from + column]!;
}

function divide(b: Float64Array, at: number, columns: number, by: number): void {
  for (let column = 0; column < columns; column++) b[at + column]! /= by;
}
