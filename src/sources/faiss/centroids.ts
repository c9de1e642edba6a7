/** The vectors of a coarse quantiser, decoded once: they are added to what the lists hold. */
import type { Slab } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { Centroids, Recipe } from '../../formats/faiss/model.ts';
import { openDecoding } from './decoding.ts';
import { storedRows } from './fills.ts';
import { mapIds } from './ids.ts';
import { allocateTable } from './memory.ts';
import type { OpenIndex } from './openIndex.ts';
import type { SharedTables } from './pack.ts';
import { grouped } from './quantity.ts';
import { shapeOfStorage } from './shape.ts';
import { mapTables, type TableSource } from './tables.ts';

const SLAB_BYTES = 1024 * 1024;
/**
 * Decoded, centroids may be many times as large as the codes that they are kept in, and than a file with few rows besides.
 * From a small file made for it they could be as large as any memory.
 */
const LEAST_BOUND = 256 * 1024 * 1024;
const MOST_TIMES_FILE = 64;

/**
 * f32 [count][d]. Errors: E_FAISS where there are fewer rows than centroids; E_FAISS_UNSUPPORTED where they are larger
 * than this machine's memory, or than such a file could have them.
 */
export async function decodeCentroids(
  { count, recipe }: Centroids,
  shared: SharedTables,
  source: TableSource,
): Promise<SharedArrayBuffer> {
  if (recipe.kind === 'multi') throw new TypeError('a multi-index has no rows');
  const open = openCoarse(recipe, shared, source);
  const bytes = count * recipe.d * 4;
  if (bytes > Math.max(LEAST_BOUND, MOST_TIMES_FILE * source.index.size)) throw tooWide(bytes, source);
  if (recipe.rows < count) throw unfit(recipe, recipe.rows, { count, file: source.file });
  const decoding = openDecoding(open);
  const memory = allocateTable(bytes);
  const all = new Uint8Array(memory);
  const slab: Slab = { index: 0, memory: new SharedArrayBuffer(Math.max(SLAB_BYTES, 2 * (decoding.rowBytes + 64))) };
  const slabs = { slabBytes: slab.memory.byteLength, slabs: 1, acquire: () => slab, release: () => undefined };
  const range = { fromEntry: 0, fromRow: 0, toEntry: open.shape.entries, toRow: 0, stored: recipe.rows };
  let placed = 0;
  for await (const { columns } of storedRows(range, { open, decoding, slabs, vectorBytes: decoding.rowBytes })) {
    await mapIds(columns.ids, open);
    for (const [row, id] of columns.ids.entries()) {
      if (id < 0n || id >= BigInt(count)) continue;
      all.set(
        columns.vectors.subarray(row * decoding.rowBytes, (row + 1) * decoding.rowBytes),
        Number(id) * decoding.rowBytes,
      );
      placed++;
    }
  }
  if (placed < count) throw unfit(recipe, placed, { count, file: source.file });
  return memory;
}

function openCoarse(recipe: Recipe, shared: SharedTables, { index, limits, file }: TableSource): OpenIndex {
  return {
    recipe,
    shape: shapeOfStorage(recipe),
    index,
    lists: index,
    limits,
    maps: mapTables(recipe, shared),
    copies: undefined,
    shared,
    file,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function tooWide(bytes: number, { index, file }: TableSource): MigrateError {
  return new MigrateError('E_FAISS_UNSUPPORTED', 'the centroids of the lists are too large for such a file', {
    at: { file, field: 'nlist' },
    found: `${grouped(bytes)} bytes when they are decoded, in a file of ${grouped(index.size)} bytes`,
    wanted: `at most ${MOST_TIMES_FILE} times the file`,
    hint: 'the index may be damaged: copy it again; else have Faiss write its vectors as a flat index',
  });
}

function unfit({ storage, d }: Recipe, rows: number, { count, file }: { count: number; file: string }): MigrateError {
  const offset = storage.kind === 'lists' ? storage.lists.codesAt[0] : storage.at;
  return new MigrateError('E_FAISS', 'the coarse quantiser has not the centroids that the lists need', {
    at: { file, field: 'nlist', ...(offset === undefined ? {} : { offset }) },
    found: `${grouped(rows)} rows of ${grouped(d)} dimensions`,
    wanted: `${grouped(count)} centroids`,
    hint: 'the index is damaged: copy it again, or write it anew with faiss',
  });
}
