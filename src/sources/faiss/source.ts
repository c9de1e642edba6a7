/** One Faiss index file as a source, main thread: laid out once by range reads, cut into ranges, never loaded. */
import { statSync } from 'node:fs';
import type { FaissSource } from '../../config/job.ts';
import type {
  Dataset,
  Json,
  Partition,
  PlanHint,
  ReaderConfig,
  Source,
  Store,
  StoreFile,
} from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { rowBytes } from '../../core/schema.ts';
import type { FaissLayout, Recipe } from '../../formats/faiss/model.ts';
import type { SourceOptions } from '../options.ts';
import { chooseRecipe } from './choose.ts';
import { datasetOf, kindsOf } from './dataset.ts';
import type { PlannedFile, RangeDetail, ReaderDetail } from './detail.ts';
import { type CopyCount, countCopies } from './duplicates.ts';
import { limitsOf } from './fetch.ts';
import { storedKeys } from './keys.ts';
import { LOCAL_WINDOW, layOutFile, REMOTE_WINDOW } from './layOutFile.ts';
import { openListsFile } from './listsFile.ts';
import { namingFile } from './naming.ts';
import { type OpenIndex, openIndex } from './openIndex.ts';
import { openSourceFile, type Place, placeOf } from './place.ts';
import { cutRanges, rangeId } from './plan.ts';
import { shapeOfStorage, storedRows } from './shape.ts';
import { shareTables } from './tables.ts';

/** Ids looked at in one go where a deduplicated index is planned. */
const KEYS_AT_ONCE = 64 * 1024;

/**
 * Errors: E_SOURCE_NOT_FOUND, E_SOURCE_ACCESS, E_FAISS (damaged), E_FAISS_UNSUPPORTED, E_METRIC, E_DIMENSION,
 * E_UNKNOWN_COLLECTION.
 */
export async function openFaiss(config: FaissSource, options: SourceOptions): Promise<Source> {
  const place = placeOf(config);
  const store = await options.openStore(place.store);
  try {
    const laid = await namingFile(store.describe(place.path), () => layOut(config, { store, place }));
    refuseOthers(laid.dataset.name, options.collections);
    const { reader, dataset, locator, title } = laid;
    return {
      kind: 'faiss',
      title,
      locator,
      reader,
      notes: [],
      datasets: async () => [dataset],
      plan: (_, hint) => planDataset(laid, hint, options),
      // Nothing is held open elsewhere.
      adopted: () => undefined,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await store[Symbol.asyncDispose]();
    throw thrown;
  }
}

interface Laid {
  readonly recipe: Recipe;
  readonly dataset: Dataset;
  readonly reader: ReaderConfig;
  readonly locator: string;
  readonly title: string;
}

async function layOut(config: FaissSource, { store, place }: { store: Store; place: Place }): Promise<Laid> {
  const locator = store.describe(place.path);
  const remote = store.traits.readsInFlight > 1;
  const index = await openSourceFile(store, place.path, 'the index');
  try {
    const layout = await layOutFile(index, remote ? REMOTE_WINDOW : LOCAL_WINDOW);
    const chosen = chooseRecipe(layout, config, locator);
    const { recipe } = chosen;
    const lists = await openListsFile(store, place.path, recipe);
    try {
      const files = lists === undefined ? [] : [{ path: lists.path, file: lists.file }];
      const fingerprint = fingerprintOf(config, [{ path: place.path, file: index }, ...files]);
      const dataset = datasetOf({ config, layout, chosen, rows: rowsOf(recipe), file: locator, fingerprint });
      const limits = limitsOf(store.traits);
      const packed = await shareTables(recipe, { index, limits, file: locator });
      const detail: ReaderDetail = {
        store: place.store,
        index: planned(place.path, index),
        lists: lists === undefined ? null : planned(lists.path, lists.file),
        recipe: packed.recipe,
      };
      const reader: ReaderConfig = { kind: 'faiss', detail: detail as unknown as Json, shared: packed.shared };
      return { recipe, dataset, reader, locator, title: titleOf(layout) };
    } finally {
      await lists?.file.close();
    }
  } finally {
    await index.close();
  }
}

function titleOf({ root }: FaissLayout): string {
  return `Faiss index, ${kindsOf(root)}`;
}

function planned(path: string, { size, version }: StoreFile): PlannedFile {
  return { path, size, version };
}

/** Rows that come out: those that are stored, and those that only equal one of them. */
function rowsOf(recipe: Recipe): number {
  const { storage } = recipe;
  const copies = storage.kind === 'lists' ? (storage.duplicates?.count ?? 0) : 0;
  return storedRows(shapeOfStorage(recipe)) + copies;
}

async function* planDataset(
  { recipe, dataset, reader, locator }: Laid,
  hint: PlanHint,
  options: SourceOptions,
): AsyncGenerator<Partition> {
  const shape = shapeOfStorage(recipe);
  const bytes = rowBytes(dataset.schema);
  const copies = recipe.storage.kind === 'lists' ? recipe.storage.duplicates : undefined;
  await using open = copies === undefined ? undefined : await openIndex(reader, options.openStore);
  const counted = open?.copies === undefined ? undefined : { open, count: countCopies(open.copies, locator) };
  for (const range of cutRanges({ shape, rows: storedRows(shape), rowBytes: bytes, hint })) {
    const own = counted === undefined ? 0 : await copiesIn(range, counted);
    const rows = range.stored + own;
    yield {
      id: rangeId(range),
      dataset: dataset.name,
      milvusPartition: '',
      rows,
      deleted: 0,
      bytes: rows * bytes,
      detail: { ...range },
    };
  }
  counted?.count.end();
}

async function copiesIn(range: RangeDetail, { open, count }: { open: OpenIndex; count: CopyCount }): Promise<number> {
  let copies = 0;
  for await (const ids of storedKeys(open, range, new BigInt64Array(KEYS_AT_ONCE)))
    for (const id of ids) copies += count.of(id);
  return copies;
}

/** What tells that the source is not what it was: a local file's inode or times of access do not. */
function fingerprintOf(
  { store, path }: FaissSource,
  files: readonly { path: string; file: StoreFile }[],
): Record<string, string> {
  const print: Record<string, string> = {};
  for (const [index, { path: name, file }] of files.entries()) {
    const local = store === undefined && index === 0;
    const version = local ? `changed ${statSync(path, { bigint: true }).mtimeNs}` : `version ${file.version}`;
    print[`file ${name}`] = `${file.size} bytes, ${version}`;
  }
  return print;
}

function refuseOthers(name: string, wanted: readonly string[] | undefined): void {
  const other = wanted?.find((each) => each !== name);
  if (other === undefined) return;
  throw new MigrateError('E_UNKNOWN_COLLECTION', 'no collection of that name in the source', {
    found: other,
    wanted: name,
    hint: 'an index is one collection; --collection NAME gives it another name',
  });
}
