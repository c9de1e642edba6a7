/** The decoders one by one, against the plainest code that follows the format's description. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../../src/core/errors.ts';
import { KERNEL_SOURCE } from '../../../src/formats/faiss/decode/kernelBytes.ts';
import { openDecoder } from '../../../src/formats/faiss/decode/open.ts';
import { centroidsOf, tablesOf } from '../../../src/formats/faiss/decode/tables.ts';
import type { Codec, Recipe, Storage, Transform } from '../../../src/formats/faiss/model.ts';
import { repoRoot } from '../../root.ts';
import { bitsAt, decodeAll, floatRecipe, random, tables } from './decodeSamples.ts';

test('the compiled kernels are those of the source', () => {
  const source = readFileSync(join(repoRoot, 'wasm/faiss.ts'));
  assert.equal(KERNEL_SOURCE, createHash('sha256').update(source).digest('hex'), 'run scripts/kernels.mjs');
});

const seeds = fc.integer({ min: 1, max: 1e9 });
const shapes = {
  M: fc.integer({ min: 1, max: 9 }),
  wide: fc.integer({ min: 1, max: 19 }),
  rows: fc.integer({ min: 1, max: 70 }),
};

describe('product quantisers', () => {
  test('any width of fields and entries, with and without centroid', () => {
    const nbits = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        seeds,
        nbits,
        shapes.M,
        shapes.wide,
        shapes.rows,
        fc.boolean(),
        (seed, bits, M, wide, rows, residual) => {
          const { table, lookup, bytes, floats } = tables(seed);
          const d = M * wide;
          const [entries, centroid] = [floats(d * 2 ** bits), floats(d)];
          const quantiser = { kind: 'product', d, M, nbits: bits, centroids: table(entries) } as const;
          const coarse = { count: 1, recipe: { kind: 'float' } as Recipe };
          lookup.centroids = () => centroid;
          const record = Math.ceil((M * bits) / 8);
          const codes = bytes(rows * record);
          const codec: Codec = { kind: 'product', quantiser, residual: residual ? coarse : undefined };
          const found = decodeAll(floatRecipe({ codec, d, rows, record }), lookup, codes);
          for (let row = 0; row < rows; row++)
            for (let i = 0; i < d; i++) {
              const m = Math.floor(i / wide);
              const code = bitsAt(codes.subarray(row * record), m * bits, bits);
              const value = entries[(m * 2 ** bits + code) * wide + (i % wide)]!;
              assert.ok(Object.is(found[row * d + i], residual ? Math.fround(value + centroid[i]!) : value));
            }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('every bit of an entry comes through, that of NaNs, too', () => {
    const { table, lookup } = tables(1);
    const words = new Uint32Array(256 * 3);
    words.fill(0xffa12345);
    const quantiser = {
      kind: 'product',
      d: 3,
      M: 1,
      nbits: 8,
      centroids: table(new Float32Array(words.buffer)),
    } as const;
    const recipe = floatRecipe({
      codec: { kind: 'product', quantiser, residual: undefined },
      d: 3,
      rows: 2,
      record: 1,
    });
    const found = decodeAll(recipe, lookup, Uint8Array.of(7, 255));
    assert.deepEqual(new Uint32Array(found.buffer), words.slice(0, 6));
  });
});

test('scalar quantisers of every width: the bits are a stream, lowest first', () => {
  const types = [
    [0, 8],
    [1, 4],
    [2, 8],
    [3, 4],
    [5, 8],
    [6, 6],
    [8, 8],
    [10, 1],
    [11, 2],
    [12, 3],
    [23, 5],
    [25, 7],
  ] as const;
  fc.assert(
    fc.property(
      seeds,
      fc.constantFrom(...types),
      fc.integer({ min: 1, max: 130 }),
      shapes.rows,
      (seed, [type, bits], d, rows) => {
        const { table, lookup, bytes, floats } = tables(seed);
        const trained = type >= 10 ? floats(2 ** (bits + 1) - 1) : floats(2 * d);
        const record = Math.ceil((d * bits) / 8);
        const codes = bytes(rows * record);
        const codec: Codec = { kind: 'scalar', type, bits, trained: table(trained), residual: undefined };
        const found = decodeAll(floatRecipe({ codec, d, rows, record }), lookup, codes);
        for (let at = 0; at < rows * d; at++) {
          const i = at % d;
          const code = bitsAt(codes.subarray(((at - i) / d) * record), i * bits, bits);
          const wanted = scalarValue({ type, bits, code, i, d }, trained);
          assert.ok(
            Math.abs(found[at]! - wanted) <= (type >= 5 && type !== 6 ? 0 : 4e-7 * 4),
            `${found[at]} for ${wanted}`,
          );
        }
      },
    ),
    { numRuns: 200 },
  );
});

interface Component {
  readonly type: number;
  readonly bits: number;
  readonly code: number;
  readonly i: number;
  readonly d: number;
}

function scalarValue({ type, bits, code, i, d }: Component, trained: Float32Array): number {
  if (type >= 10) return trained[code]!;
  if (type === 5) return code;
  if (type === 8) return code - 128;
  const [least, span] = type === 2 || type === 3 ? [trained[0]!, trained[1]!] : [trained[i]!, trained[d + i]!];
  return least + ((code + 0.5) / (2 ** bits - 1)) * span;
}

test('fast-scan blocks: nibbles where the format says, whatever row a call starts with', () => {
  const bbs = fc.constantFrom(32, 64, 96);
  fc.assert(
    fc.property(
      seeds,
      bbs,
      shapes.M,
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 40 }),
      (seed, wide, M, rows, spare) => {
        const { table, lookup, bytes, floats } = tables(seed);
        const blockBytes = (wide * (M + (M % 2))) / 2 + spare;
        const entries = floats(16 * M);
        const quantiser = { kind: 'product', d: M, M, nbits: 4, centroids: table(entries) } as const;
        const codec: Codec = { kind: 'fastScan', bbs: wide, blockBytes, quantiser, residual: undefined };
        const storage: Storage = { kind: 'blocks', at: 0, blockRows: wide, blockBytes };
        const codes = bytes(Math.ceil(rows / wide) * blockBytes);
        const recipe = { ...floatRecipe({ codec, d: M, rows, record: 0 }), storage };
        const found = decodeAll(recipe, lookup, codes);
        for (let v = 0; v < rows; v++)
          for (let m = 0; m < M; m++)
            assert.equal(found[v * M + m], entries[m * 16 + nibble(codes, { v, m, bbs: wide, blockBytes })]);
      },
    ),
    { numRuns: 100 },
  );
});

/** Word for word the formula of the format's description. */
function nibble(
  codes: Uint8Array,
  { v, m, bbs, blockBytes }: { v: number; m: number; bbs: number; blockBytes: number },
): number {
  const [block, r] = [Math.floor(v / bbs), v % bbs];
  const [g, t] = [Math.floor(r / 32), r % 32];
  const u = t % 16;
  const p = u < 8 ? 2 * u : 2 * (u - 8) + 1;
  const byte = codes[block * blockBytes + Math.floor(m / 2) * bbs + g * 32 + (m % 2) * 16 + p]!;
  return t < 16 ? byte & 15 : byte >> 4;
}

test('panorama: levels in batches', () => {
  const small = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 40 }), small, small, shapes.rows, (seed, d, levels, batch, rows) => {
      const source = random(seed);
      const vectors = Float32Array.from({ length: rows * d }, source);
      const [wide, blocks] = [Math.ceil(d / levels), Math.ceil(rows / batch)];
      const stored = new Float32Array(blocks * batch * d);
      for (let block = 0, at = 0; block < blocks; block++)
        for (let from = 0; from < d; from += wide)
          for (let row = block * batch; row < (block + 1) * batch; row++)
            for (let i = from; i < Math.min(d, from + wide); i++) stored[at++] = vectors[row * d + i] ?? 0;
      const storage: Storage = { kind: 'blocks', at: 0, blockRows: batch, blockBytes: batch * d * 4 };
      const codec: Codec = { kind: 'panorama', levels, batch };
      const recipe = { ...floatRecipe({ codec, d, rows, record: 0 }), storage };
      assert.deepEqual(decodeAll(recipe, tables(seed).lookup, new Uint8Array(stored.buffer)), vectors);
    }),
    { numRuns: 100 },
  );
});

test('a multi-index whose list numbers are above 2^32', () => {
  const { table, lookup, floats } = tables(5);
  const entries = floats(4 * 2 ** 12);
  const quantiser = { kind: 'product', d: 4, M: 4, nbits: 12, centroids: table(entries) } as const;
  const residual = { count: 2 ** 48, recipe: { kind: 'multi', d: 4, rows: 2 ** 48, quantiser } } as const;
  const codec: Codec = { kind: 'scalar', type: 9, bits: 0, trained: table(floats(0)), residual };
  const fields = [4095, 1, 0, 2049];
  const list = fields.reduce((sum, field, m) => sum + field * 4096 ** m, 0);
  const decoder = openDecoder(floatRecipe({ codec, d: 4, rows: 1, record: 0 }), lookup);
  const out = new Uint8Array(16);
  decoder.decode({ codes: new Uint8Array(0), first: 0, rows: 1, list }, out);
  assert.deepEqual(
    [...new Float32Array(out.buffer)],
    fields.map((field, m) => entries[m * 4096 + field]),
  );
});

describe('transforms', () => {
  test('a linear one of full rank is undone, orthonormal or not, to fewer or more dimensions', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 0, max: 9 }),
        shapes.rows,
        (seed, dIn, more, rows) => {
          const { table, lookup, floats } = tables(seed);
          const dOut = dIn + more;
          const [matrix, bias, x] = [floats(dIn * dOut), floats(dOut), floats(rows * dIn)];
          for (let i = 0; i < dIn; i++) matrix[i * dIn + i]! += 4 * Math.sqrt(dIn); // so that rounding is not blown up
          const y = new Float32Array(rows * dOut);
          for (let at = 0; at < y.length; at++) {
            const [row, j] = [Math.floor(at / dOut), at % dOut];
            let sum = bias[j]!;
            for (let i = 0; i < dIn; i++) sum += matrix[j * dIn + i]! * x[row * dIn + i]!;
            y[at] = sum;
          }
          const transform: Transform = {
            kind: 'linear',
            cc: 'LTra',
            dIn,
            dOut,
            matrix: table(matrix),
            bias: table(bias),
          };
          const recipe = {
            ...floatRecipe({ codec: { kind: 'float32' }, d: dIn, rows, record: dOut * 4 }),
            innerD: dOut,
          };
          const found = decodeAll({ ...recipe, transforms: [transform] }, lookup, new Uint8Array(y.buffer));
          for (let at = 0; at < x.length; at++)
            assert.ok(Math.abs(found[at]! - x[at]!) < 2e-6, `${found[at]} for ${x[at]}`);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a matrix without full rank is refused', () => {
    const { table, lookup } = tables(1);
    const matrix = table(Float32Array.of(1, 2, 3, 2, 4, 6));
    const transform: Transform = { kind: 'linear', cc: 'LTra', dIn: 3, dOut: 2, matrix, bias: undefined };
    const recipe = { ...floatRecipe({ codec: { kind: 'float32' }, d: 3, rows: 1, record: 8 }), innerD: 2 };
    assert.throws(() => openDecoder({ ...recipe, transforms: [transform] }, lookup), isError('E_FAISS_UNSUPPORTED'));
    const kept = openDecoder({ ...recipe, transforms: [transform] }, lookup, { keepTransformed: true });
    assert.deepEqual([kept.d, kept.rowBytes], [2, 8]);
  });

  test('a map to a dimension that is not there is an error', () => {
    const { table, lookup } = tables(1);
    const transform: Transform = { kind: 'remap', cc: 'RmDT', dIn: 2, dOut: 2, map: table(Int32Array.of(0, 2)) };
    const recipe = floatRecipe({ codec: { kind: 'float32' }, d: 2, rows: 1, record: 8 });
    assert.throws(() => openDecoder({ ...recipe, transforms: [transform] }, lookup), isError('E_FAISS'));
  });
});

describe('what is not there', () => {
  test('a list that the coarse quantiser does not have is an error', () => {
    const { table, lookup, floats } = tables(3);
    const centroids = { count: 3, recipe: { kind: 'float' } as Recipe };
    lookup.centroids = () => new Float32Array(12);
    const quantiser = { kind: 'product', d: 4, M: 1, nbits: 8, centroids: table(floats(1024)) } as const;
    const codec: Codec = { kind: 'twoLayer', listBytes: 1, quantiser, centroids };
    const recipe = floatRecipe({ codec, d: 4, rows: 2, record: 2 });
    assert.deepEqual(decodeAll(recipe, lookup, Uint8Array.of(2, 1, 0, 1)).length, 8);
    const bad = { codes: Uint8Array.of(2, 1, 3, 1), codesAt: 700, first: 0, rows: 2, list: 0 };
    assert.throws(() => openDecoder(recipe, lookup).decode(bad, new Uint8Array(32)), {
      code: 'E_FAISS',
      at: { offset: 702, field: 'list' },
      found: 'list 3',
      wanted: '0 to 2',
    });
    assert.equal(centroidsOf(codec), centroids);
    assert.deepEqual(tablesOf(recipe), [quantiser.centroids]);
  });

  test('codes or room that are too short are never taken for zeros', () => {
    const recipe = floatRecipe({ codec: { kind: 'float32' }, d: 2, rows: 2, record: 8 });
    const decoder = openDecoder(recipe, tables(1).lookup);
    const range = { codes: new Uint8Array(15), first: 0, rows: 2, list: 0 };
    assert.throws(() => decoder.decode(range, new Uint8Array(16)), /codes of 15 bytes where 16 are wanted/);
    assert.throws(() => decoder.decode({ ...range, first: 1, rows: 1 }, new Uint8Array(8)), RangeError);
    const whole = { ...range, codes: new Uint8Array(16) };
    assert.throws(() => decoder.decode(whole, new Uint8Array(15)), /out of 15 bytes where 16 are wanted/);
  });
});

function isError(code: string) {
  return (thrown: unknown): boolean => thrown instanceof MigrateError && thrown.code === code;
}
