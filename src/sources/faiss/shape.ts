/** The storage of an index as the plan and the reader see it: entries with rows, wherever their bytes are. */
import type { Recipe } from '../../formats/faiss/model.ts';

/** One entry is one list, or all rows of storage without lists. */
export interface StorageShape {
  readonly entries: number;
  rowsOf(entry: number): number;
  /** Number of the list, for its centroid. */
  numberOf(entry: number): number;
  codesAt(entry: number): number;
  /** Of the stored ids; NaN where none are stored. */
  idsAt(entry: number): number;
  /** Rows that can only be read together, and their bytes: 1 and the record's where each stands alone. */
  readonly blockRows: number;
  readonly blockBytes: number;
}

export function shapeOfStorage({ storage, rows }: Pick<Recipe, 'storage' | 'rows'>): StorageShape {
  if (storage.kind === 'lists') {
    const { lists, record, block } = storage;
    return {
      entries: lists.rows.length,
      rowsOf: (entry) => lists.rows[entry]!,
      numberOf: (entry) => lists.numbers?.[entry] ?? entry,
      codesAt: (entry) => lists.codesAt[entry]!,
      idsAt: (entry) => lists.idsAt[entry]!,
      blockRows: block?.rows ?? 1,
      blockBytes: block?.bytes ?? record,
    };
  }
  const [blockRows, blockBytes] =
    storage.kind === 'rows' ? [1, storage.record] : [storage.blockRows, storage.blockBytes];
  return {
    entries: rows === 0 ? 0 : 1,
    rowsOf: () => rows,
    numberOf: () => 0,
    codesAt: () => storage.at,
    idsAt: () => Number.NaN,
    blockRows,
    blockBytes,
  };
}

/** Rows in all entries together. */
export function storedRows(shape: StorageShape): number {
  let sum = 0;
  for (let entry = 0; entry < shape.entries; entry++) sum += shape.rowsOf(entry);
  return sum;
}
