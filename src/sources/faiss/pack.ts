/**
 * A recipe on its way to the workers: plain JSON, with its large arrays in shared memory beside it.
 *
 * ```
 *   Float64Array  →  { "shared": "lists 0" }     the SharedArrayBuffer of that name
 * ```
 */
import type { Json } from '../../core/contracts.ts';
import type { Recipe } from '../../formats/faiss/model.ts';

export type SharedTables = Record<string, SharedArrayBuffer>;

export interface Packed {
  readonly recipe: Json;
  readonly shared: SharedTables;
}

export function packRecipe(recipe: Recipe): Packed {
  const shared: SharedTables = {};
  return { recipe: pack(recipe, shared), shared };
}

/** The recipe again, its arrays as views of the shared memory. */
export function unpackRecipe(packed: Json, shared: Readonly<SharedTables>): Recipe {
  return unpack(packed, shared) as Recipe;
}

function pack(value: unknown, shared: SharedTables): Json {
  if (value instanceof Float64Array) {
    const name = `lists ${Object.keys(shared).length}`;
    const memory = new SharedArrayBuffer(value.byteLength);
    new Float64Array(memory).set(value);
    shared[name] = memory;
    return { shared: name };
  }
  if (Array.isArray(value)) return value.map((item) => pack(item, shared));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, pack(item, shared)]])),
    );
  return value as Json;
}

function unpack(value: Json, shared: Readonly<SharedTables>): unknown {
  if (Array.isArray(value)) return value.map((item) => unpack(item, shared));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as { readonly [key: string]: Json };
  if (typeof fields.shared === 'string') return new Float64Array(tableOf(shared, fields.shared));
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, unpack(item, shared)]));
}

export function tableOf(shared: Readonly<SharedTables>, name: string): SharedArrayBuffer {
  const memory = shared[name];
  if (memory === undefined) throw new TypeError(`the reader was not given the table ${name}`);
  return memory;
}
