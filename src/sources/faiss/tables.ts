/**
 * Tables that main makes once and all readers look into: codebooks, matrices, centroids, id maps that are read at random.
 *
 * What is held in memory: codebooks, centroids and list tables always; a map that is read at random (an id map around
 * lists) up to HELD_MAP_BYTES, or whatever its size where each read would be a request.
 */
import type { StoreFile } from '../../core/contracts.ts';
import { invertLinear } from '../../formats/faiss/decode/linear.ts';
import { centroidsOf, tablesOf } from '../../formats/faiss/decode/tables.ts';
import type { Recipe, TableRef } from '../../formats/faiss/model.ts';
import { decodeCentroids } from './centroids.ts';
import { sortCopies } from './duplicates.ts';
import type { FetchLimits } from './fetch.ts';
import { centroidsName, inverseName, lookupIn, tableName } from './lookup.ts';
import { allocateTable } from './memory.ts';
import { type Packed, packRecipe, type SharedTables } from './pack.ts';
import type { RecordTable } from './records.ts';
import { ID_BYTES } from './slab.ts';

/** 8 million ids. Larger maps are read as they are needed, from the page cache mostly. */
const HELD_MAP_BYTES = 64 * 1024 * 1024;
/** One read of a large table. */
const CHUNK_BYTES = 8 * 1024 * 1024;

export const COPY_OWNERS = 'copy owners';
export const COPIES = 'copies';

export interface TableSource {
  readonly index: StoreFile;
  readonly limits: FetchLimits;
  /** The index's file, for messages. */
  readonly file: string;
}

/** The recipe for the workers, with every table that they need. Errors: E_FAISS, E_FAISS_UNSUPPORTED. */
export async function shareTables(recipe: Recipe, from: TableSource): Promise<Packed> {
  const { recipe: packed, shared } = packRecipe(recipe);
  await addTables(shared, recipe, from);
  for (const ref of randomMaps(recipe))
    if (from.limits.inFlight > 1 || ref.count * ID_BYTES <= HELD_MAP_BYTES)
      shared[tableName(ref)] ??= await readTable(from.index, ref);
  const { storage } = recipe;
  if (storage.kind === 'lists' && storage.duplicates !== undefined) {
    const { at, count } = storage.duplicates;
    const pairs = await readTable(from.index, { type: 'i64', at, count: 2 * count });
    const { owners, copies } = sortCopies(new BigInt64Array(pairs));
    shared[COPY_OWNERS] = owners.buffer as SharedArrayBuffer;
    shared[COPIES] = copies.buffer as SharedArrayBuffer;
  }
  return { recipe: packed, shared };
}

const NO_INVERSE = { matrix: new Float64Array(0) };

/** Tables of the codec and of the transforms; centroids are decoded, which takes tables of their own. */
async function addTables(shared: SharedTables, recipe: Recipe, from: TableSource): Promise<void> {
  for (const ref of tablesOf(recipe)) shared[tableName(ref)] ??= await readTable(from.index, ref);
  for (const transform of recipe.transforms)
    if (transform.kind === 'linear') {
      // An index that was never trained may have a matrix that nothing could be turned back by: nothing has to be.
      const { matrix } = recipe.rows === 0 ? NO_INVERSE : invertLinear(transform, lookupIn(shared));
      const memory = allocateTable(matrix.byteLength);
      new Float64Array(memory).set(matrix);
      shared[inverseName(transform)] = memory;
    }
  const centroids = centroidsOf(recipe.codec);
  if (centroids === undefined || centroids.recipe.kind === 'multi') return;
  await addTables(shared, centroids.recipe, from);
  shared[centroidsName(centroids)] ??= await decodeCentroids(centroids, shared, from);
}

/** The recipe's id maps, held where main read them. */
export function mapTables({ ids }: Recipe, shared: Readonly<SharedTables>): RecordTable[] {
  if (ids.kind !== 'mapped') return [];
  return ids.maps.map((ref) => {
    const memory = shared[tableName(ref)];
    const held = memory === undefined ? undefined : new Uint8Array(memory);
    return { at: ref.at, record: ID_BYTES, count: ref.count, held, what: 'id map' };
  });
}

/** Maps that are not read in the order of the rows. */
function randomMaps({ ids }: Recipe): readonly TableRef[] {
  if (ids.kind !== 'mapped') return [];
  return ids.inner === 'lists' ? ids.maps : ids.maps.slice(1);
}

const BYTES = { f32: 4, u8: 1, i32: 4, i64: 8 } as const;

async function readTable(file: StoreFile, { type, at, count }: TableRef): Promise<SharedArrayBuffer> {
  const memory = allocateTable(count * BYTES[type]);
  for (let done = 0; done < memory.byteLength; done += CHUNK_BYTES)
    await file.readInto(new Uint8Array(memory, done, Math.min(CHUNK_BYTES, memory.byteLength - done)), at + done);
  return memory;
}
