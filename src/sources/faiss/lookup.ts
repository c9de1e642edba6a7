/** Where a decoder finds its tables: in the memory that main filled once. */
import type { Lookup, Table } from '../../formats/faiss/decode/decoder.ts';
import type { Centroids, TableRef, Transform } from '../../formats/faiss/model.ts';
import { type SharedTables, tableOf } from './pack.ts';

export function lookupIn(shared: Readonly<SharedTables>): Lookup {
  return {
    // Empty ones are never read.
    table: (ref): Table => viewOf(ref.count === 0 ? new SharedArrayBuffer(0) : tableOf(shared, tableName(ref)), ref),
    centroids: (centroids) => new Float32Array(tableOf(shared, centroidsName(centroids))),
    inverse: (transform) => {
      const memory = shared[inverseName(transform)];
      return memory === undefined ? undefined : new Float64Array(memory);
    },
  };
}

function viewOf(memory: SharedArrayBuffer, { type, count }: TableRef): Table {
  switch (type) {
    case 'f32':
      return new Float32Array(memory, 0, count);
    case 'u8':
      return new Uint8Array(memory, 0, count);
    case 'i32':
      return new Int32Array(memory, 0, count);
    case 'i64':
      return new BigInt64Array(memory, 0, count);
  }
}

export function tableName({ type, at, count }: TableRef): string {
  return `${type} ${at} ${count}`;
}

export function inverseName({ matrix }: Transform & { kind: 'linear' }): string {
  return `inverse ${matrix.at}`;
}

/** By where the rows of the coarse quantiser begin: no two lie in the same place. */
export function centroidsName({ count, recipe }: Centroids): string {
  if (recipe.kind === 'multi') throw new TypeError('a multi-index has no rows');
  const { storage } = recipe;
  return `centroids ${count} ${storage.kind} ${storage.kind === 'lists' ? storage.lists.codesAt[0] : storage.at}`;
}
