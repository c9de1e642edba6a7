import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { memoryOf } from '../../src/core/wasm.ts';
import { allocateRing } from '../../src/run/threads/slabs.ts';
import { nonFiniteRows } from '../../src/transforms/nonFinite.ts';
import { KERNEL_SOURCE } from '../../src/transforms/nonFiniteBytes.ts';
import { repoRoot } from '../root.ts';

test('the kernel was compiled from its source', () => {
  const source = readFileSync(join(repoRoot, 'wasm/nonFinite.ts'));
  assert.equal(KERNEL_SOURCE, createHash('sha256').update(source).digest('hex'), 'run scripts/kernels.mjs');
});

const slab = allocateRing({ slabBytes: 65536, slabs: 1 }).slabs[0]!;

/** The same bytes in a slab, from `offset` on, with what is not finite before and behind them. */
function inSlab(bytes: Uint8Array, offset: number): Uint8Array {
  new Uint8Array(slab).fill(0xff);
  const copy = new Uint8Array(slab, offset, bytes.length);
  copy.set(bytes);
  return copy;
}

test('slabs are searched by the kernel', () => {
  assert.ok(memoryOf(slab));
});

test('finds exactly the rows that a plain check finds', () => {
  const value = fc.oneof(
    { weight: 20, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
  );
  const vectors = fc
    .tuple(fc.integer({ min: 1, max: 21 }), fc.integer({ min: 0, max: 40 }))
    .chain(([dim, rows]) =>
      fc.tuple(fc.constant(dim), fc.array(value, { minLength: dim * rows, maxLength: dim * rows })),
    );
  fc.assert(
    fc.property(vectors, fc.nat(1000), ([dim, values], offset) => {
      const floats = Float32Array.from(values);
      const plain: number[] = [];
      for (let row = 0; row * dim < floats.length; row++)
        if (!floats.subarray(row * dim, (row + 1) * dim).every(Number.isFinite)) plain.push(row);
      const bytes = new Uint8Array(floats.buffer);
      assert.deepEqual(nonFiniteRows({ field: 'data', rowBytes: dim * 4, bytes }), plain);
      const copy = inSlab(bytes, offset * 4);
      assert.deepEqual(nonFiniteRows({ field: 'data', rowBytes: dim * 4, bytes: copy }), plain);
    }),
    { numRuns: 500 },
  );
});

test('the largest finite numbers, subnormals and all NaN payloads', () => {
  const bits = Uint32Array.of(
    0x7f7fffff,
    0xff7fffff,
    0x00000001,
    0x80000000,
    0x7f800000,
    0xff800000,
    0x7f800001,
    0xffffffff,
  );
  const column = { field: 'data', rowBytes: 4, bytes: new Uint8Array(bits.buffer) };
  assert.deepEqual(nonFiniteRows(column), [4, 5, 6, 7]);
  const many = new Uint8Array(20 * column.bytes.length);
  for (let at = 0; at < many.length; at += column.bytes.length) many.set(column.bytes, at);
  const expected = Array.from({ length: many.length / 4 }, (_, row) => row).filter((row) => row % 8 >= 4);
  assert.deepEqual(nonFiniteRows({ ...column, bytes: inSlab(many, 4) }), expected);
});
