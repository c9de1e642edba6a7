/** An index open for reading in a worker: its files, its tables, and how its ids and vectors are had. */
import type { OpenStore, ReaderConfig, StoreFile } from '../../core/contracts.ts';
import type { Recipe } from '../../formats/faiss/model.ts';
import type { ReaderDetail } from './detail.ts';
import type { Copies } from './duplicates.ts';
import { type FetchLimits, limitsOf } from './fetch.ts';
import { tableOf, unpackRecipe } from './pack.ts';
import { openAsPlanned } from './place.ts';
import type { RecordTable } from './records.ts';
import { type StorageShape, shapeOfStorage } from './shape.ts';
import { COPIES, COPY_OWNERS, mapTables } from './tables.ts';

export interface OpenIndex extends AsyncDisposable {
  readonly recipe: Recipe;
  readonly shape: StorageShape;
  readonly index: StoreFile;
  /** Where the codes and the ids of lists are: the index itself, or the file of on-disk lists. */
  readonly lists: StoreFile;
  readonly limits: FetchLimits;
  /** Id maps, from the first applied to the last. */
  readonly maps: readonly RecordTable[];
  readonly copies: Copies | undefined;
  readonly shared: Readonly<Record<string, SharedArrayBuffer>>;
  /** The index's file, for messages. */
  readonly file: string;
}

export async function openIndex({ detail, shared = {} }: ReaderConfig, openStore: OpenStore): Promise<OpenIndex> {
  const { store: config, index: planned, lists: elsewhere, recipe: packed } = detail as unknown as ReaderDetail;
  const store = await openStore(config);
  const files: StoreFile[] = [];
  const close = async (): Promise<void> => {
    for (const file of files) await file.close();
    await store[Symbol.asyncDispose]();
  };
  try {
    files.push(await openAsPlanned(store, planned));
    if (elsewhere !== null) files.push(await openAsPlanned(store, elsewhere));
    const recipe = unpackRecipe(packed, shared);
    return {
      recipe,
      shape: shapeOfStorage(recipe),
      index: files[0]!,
      lists: files.at(-1)!,
      limits: limitsOf(store.traits),
      maps: mapTables(recipe, shared),
      copies: copiesIn(shared),
      shared,
      file: store.describe(planned.path),
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function copiesIn(shared: Readonly<Record<string, SharedArrayBuffer>>): Copies | undefined {
  if (shared[COPIES] === undefined) return undefined;
  const view = (name: string): BigInt64Array => new BigInt64Array(tableOf(shared, name));
  return { owners: view(COPY_OWNERS), copies: view(COPIES) };
}
