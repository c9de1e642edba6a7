/** Which matrices are turned back by their transpose: those that are orthonormal as Faiss judges it, found fast. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invertLinear } from '../../../src/formats/faiss/decode/linear.ts';
import type { Transform } from '../../../src/formats/faiss/model.ts';

/** I − 2·v·vᵀ / vᵀ·v: orthonormal, and full. Its first `rows` rows. */
function reflection(rows: number, d: number): Float32Array {
  const v = Float64Array.from({ length: d }, (_, i) => 1 + ((i * 7919) % 13));
  const norm = v.reduce((sum, value) => sum + value * value, 0);
  return Float32Array.from({ length: rows * d }, (_, at) => {
    const [i, j] = [Math.floor(at / d), at % d];
    return (i === j ? 1 : 0) - (2 * v[i]! * v[j]!) / norm;
  });
}

function inverted(matrix: Float32Array, { dIn, dOut }: { dIn: number; dOut: number }) {
  const transform: Transform & { kind: 'linear' } = {
    kind: 'linear',
    cc: 'LTra',
    dIn,
    dOut,
    matrix: { type: 'f32', at: 0, count: matrix.length },
    bias: undefined,
  };
  return invertLinear(transform, {
    table: () => matrix,
    centroids: () => {
      throw new Error('there are none');
    },
  });
}

test('orthonormal rows are taken as they are, whatever their number', () => {
  for (const [dOut, dIn] of [
    [1, 1],
    [5, 5],
    [40, 64],
    [200, 200],
  ] as const) {
    const a = reflection(dOut, dIn);
    const { matrix, approximate } = inverted(a, { dIn, dOut });
    assert.equal(approximate, false);
    assert.deepEqual(Float32Array.from(matrix), a);
  }
});

test('one entry that is off is found, wherever it is', () => {
  for (const at of [0, 1, 63, 64 * 31 + 7, 64 * 64 - 1]) {
    const a = reflection(64, 64);
    a[at]! += 1e-3;
    assert.equal(inverted(a, { dIn: 64, dOut: 64 }).approximate, true);
  }
});

test('3,072 dimensions take seconds, not half a minute', { timeout: 20_000 }, () => {
  const d = 3072;
  const started = process.cpuUsage();
  assert.equal(inverted(reflection(d, d), { dIn: d, dOut: d }).approximate, false);
  const { user } = process.cpuUsage(started);
  assert.ok(user < 10e6, `${user / 1e6} s`);
});
