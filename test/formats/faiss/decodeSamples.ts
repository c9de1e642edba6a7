/** Recipes, tables and codes for the tests of the decoders. */
import type { Lookup, Table } from '../../../src/formats/faiss/decode/decoder.ts';
import { openDecoder } from '../../../src/formats/faiss/decode/open.ts';
import type { Centroids, Codec, Recipe, TableRef } from '../../../src/formats/faiss/model.ts';

/** Numbers in [-1, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

export function tables(seed: number) {
  const held = new Map<TableRef, Table>();
  const next = random(seed);
  const lookup: { -readonly [K in keyof Lookup]: Lookup[K] } = {
    table: (ref) => held.get(ref)!,
    centroids: (_: Centroids): Float32Array => new Float32Array(0),
  };
  return {
    lookup,
    table(values: Float32Array | Int32Array): TableRef {
      const ref: TableRef = {
        type: values instanceof Float32Array ? 'f32' : 'i32',
        at: held.size,
        count: values.length,
      };
      held.set(ref, values);
      return ref;
    },
    floats: (count: number): Float32Array => Float32Array.from({ length: count }, next),
    bytes: (count: number): Uint8Array => Uint8Array.from({ length: count }, () => (next() + 1) * 128),
  };
}

interface Sample {
  readonly codec: Codec;
  readonly d: number;
  readonly rows: number;
  readonly record: number;
}

export function floatRecipe({ codec, d, rows, record }: Sample): Recipe {
  const storage = { kind: 'rows', at: 0, record } as const;
  const rest = { ids: { kind: 'rows' }, transforms: [], losses: [], normalised: false } as const;
  return { kind: 'float', d, innerD: d, rows, storage, codec, ...rest };
}

/** In three calls, the middle one of a single row: each call finds its rows by itself. */
export function decodeAll(recipe: Recipe, lookup: Lookup, codes: Uint8Array): Float32Array {
  const decoder = openDecoder(recipe, lookup);
  const out = new Uint8Array(recipe.rows * decoder.rowBytes);
  const middle = Math.floor(recipe.rows / 2);
  for (const [first, end] of [
    [0, middle],
    [middle, middle + 1],
    [middle + 1, recipe.rows],
  ] as const)
    if (end > first)
      decoder.decode(
        { codes, first, rows: end - first, list: 0 },
        out.subarray(first * decoder.rowBytes, end * decoder.rowBytes),
      );
  return new Float32Array(out.buffer);
}

/** `count` bits from bit `at` on, one by one. */
export function bitsAt(codes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let bit = 0; bit < count; bit++) value += ((codes[(at + bit) >> 3]! >> ((at + bit) & 7)) & 1) * 2 ** bit;
  return value;
}
