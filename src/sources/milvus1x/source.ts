/** Milvus 0.9–1.x as a source, main thread: metadata from SQLite, MySQL or meta.json, data from its tables folder. */
import { realpathSync } from 'node:fs';
import type { Milvus1xSource } from '../../config/job.ts';
import type { Dataset, Json, Partition, PlanHint, Source, StoreConfig } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { CollectionMeta } from '../../formats/milvus1x/model.ts';
import { ID_BYTES } from '../../formats/milvus1x/segment.ts';
import type { SourceOptions } from '../options.ts';
import { type InspectedCollection, inspectCollection } from './dataset.ts';
import { createLimit, inLanes, openFolder, type SourceFolder } from './fileRead.ts';
import { type Located, locate } from './locate.ts';
import { kindOf } from './look.ts';
import { type Looks, openLooks } from './openLook.ts';
import { makePartitions } from './partition.ts';
import { cuttingOf } from './partitioning.ts';
import type { ReaderDetail } from './reader.ts';
import { readModel, showMeta } from './readModel.ts';
import { selectCollections } from './select.ts';
import { strangerNotes } from './strangers.ts';
import { checkUnflushed, type WalNotes } from './walNotes.ts';

const META_NAMES = { sqlite: 'SQLite metadata', mysql: 'MySQL metadata', json: 'metadata from meta.json' } as const;

/**
 * Reads the metadata and the write-ahead log. Nothing is written beside the source.
 * Errors: E_SOURCE_NOT_FOUND, E_SOURCE_ACCESS, E_SOURCE_VERSION, E_METADATA, E_UNKNOWN_COLLECTION, E_UNFLUSHED, E_WAL.
 */
export async function openMilvus1x(config: Milvus1xSource, options: SourceOptions): Promise<Source> {
  const { openStore } = options;
  const looks = await openLooks(config, openStore);
  try {
    const located = await locate(config, looks);
    const model = await readModel(located.meta, looks.meta, openStore);
    const chosen = selectCollections(model, options.collections);
    const names = chosen.map(({ name }) => name);
    const logs = located.wals.map(
      ({ look, dir }) =>
        () =>
          openFolder(openStore, look.folder(dir), 'wal'),
    );
    const wal = await checkUnflushed(model, { logs, ignoreUnflushed: config.ignoreUnflushed, chosen: names });
    const store = looks.data.folder(located.tablesDir);
    const tables = await openFolder(openStore, store, 'tables');
    const detail: ReaderDetail = { tables: store };
    const chosenIds = chosen.flatMap(({ partitions }) => partitions.map(({ tableId }) => tableId));
    const strangers = strangerNotes(model, {
      look: looks.data,
      tablesDir: located.tablesDir,
      tableIds: options.collections === undefined ? undefined : chosenIds,
    });
    return {
      kind: 'milvus1x',
      title: titleOf(config, located),
      locator: locatorOf(located, looks, config),
      reader: { kind: 'milvus1x', detail: detail as unknown as Json },
      notes: [...model.notes, ...wal.source, ...strangers],
      folders: foldersOf(located, looks, config),
      ...inspecting({ config, looks, located, chosen, wal, tables }),
      // Nothing is held open elsewhere.
      adopted: () => undefined,
      async [Symbol.asyncDispose]() {
        await tables[Symbol.asyncDispose]();
        await looks[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    await looks[Symbol.asyncDispose]();
    throw thrown;
  }
}

/**
 * On this host all of `db` belongs to the old server, if the tables lie there with the metadata; in a bucket, where that
 * may be the bucket itself, only what holds data.
 */
function foldersOf(
  { meta, tablesDir, wals }: Located,
  { data, meta: look }: Looks,
  config: Milvus1xSource,
): StoreConfig[] {
  const db = data.path.dirname(tablesDir);
  const beside = meta.kind !== 'mysql' && look === data && look.path.dirname(meta.file) === db;
  const whole = config.store === undefined && (beside || config.tablesDir === undefined);
  const own = [...(whole ? [db] : []), tablesDir].map((path) => data.folder(path));
  return [...own, ...wals.map(({ look, dir }) => look.folder(dir))];
}

function titleOf({ store }: Milvus1xSource, { meta }: Located): string {
  return `Milvus 1.x, ${META_NAMES[meta.kind]}${store === undefined ? '' : `, in a bucket (${store.scheme})`}`;
}

interface Inspecting {
  readonly config: Milvus1xSource;
  readonly looks: Looks;
  readonly located: Located;
  readonly chosen: readonly CollectionMeta[];
  readonly wal: WalNotes;
  readonly tables: SourceFolder;
}

function inspecting(context: Inspecting): Pick<Source, 'datasets' | 'plan'> {
  const { config, chosen, wal, tables } = context;
  const inspected = new Map<string, InspectedCollection>();
  return {
    async datasets() {
      const inspectAll = async (): Promise<void> => {
        const { skipBadSegments } = config;
        const limit = createLimit(tables.lanes);
        const all = await inLanes(chosen, tables.lanes, (meta) =>
          inspectCollection(meta, { tables, limit, skipBadSegments, notes: [] }),
        );
        for (const [index, { name }] of chosen.entries()) {
          const found = all[index]!;
          const skipped = [...found.dataset.skipped, ...(wal.skipped.get(name) ?? [])];
          inspected.set(name, { ...found, dataset: { ...found.dataset, skipped } });
        }
      };
      // Side by side, and where both fail the folder that is missing is why.
      const [folder, segments] = await Promise.allSettled([checkTablesDir(context), inspectAll()]);
      for (const result of [folder, segments]) if (result.status === 'rejected') throw result.reason;
      return [...inspected.values()].map(({ dataset }) => dataset);
    },
    plan: (dataset, hint) => planDataset(inspected.get(dataset.name), { dataset, hint, tables }),
  };
}

interface PlanRequest {
  readonly dataset: Dataset;
  readonly hint: PlanHint;
  readonly tables: SourceFolder;
}

async function* planDataset(
  inspected: InspectedCollection | undefined,
  { dataset, hint, tables }: PlanRequest,
): AsyncGenerator<Partition> {
  if (inspected === undefined) throw new TypeError(`${dataset.name} is none of the source's datasets`);
  const { rowBytes } = inspected.shape;
  const { partBytes, threads = 1 } = hint;
  const live = inspected.partitions.flatMap(({ segments }) => segments.map(({ rows, deleted }) => rows - deleted));
  const rows = live.reduce((sum, count) => sum + count, 0);
  const cutting = cuttingOf({ partBytes, rowBytes, vectorBytes: rowBytes - ID_BYTES, rows, threads });
  for (const { tag, segments } of inspected.partitions) {
    const filled = segments.filter(({ rows }) => rows > 0);
    yield* makePartitions({
      dataset: dataset.name,
      milvusPartition: tag,
      tables,
      segments: filled,
      cutting,
      rowBytes,
    });
  }
}

/** Without it every segment would seem to be missing: one plain error instead, and nothing to skip. */
async function checkTablesDir({ looks: { data: look }, located: { tablesDir }, chosen }: Inspecting): Promise<void> {
  if ((await look.kindOf(tablesDir)) === 'folder') return;
  const collection = chosen.find(({ partitions }) => partitions.some(({ segments }) => segments.length > 0));
  if (collection === undefined) return;
  throw new MigrateError('E_SEGMENT_MISSING', 'the tables folder with the data is not there', {
    at: { collection: collection.name, file: look.show(tablesDir) },
    found: await look.whatIsThere(tablesDir),
    wanted: 'the folder db/tables of the old server',
    hint: 'copy it beside the metadata, or say where it is with --tables',
  });
}

/** The db folder where all is in its usual place; else both places. The same data gives the same text, however it was named. */
function locatorOf({ meta, tablesDir }: Located, { data, meta: metaLook }: Looks, { store }: Milvus1xSource): string {
  const { basename, dirname } = data.path;
  const known = (path: string): string => (store === undefined ? real(path) : path);
  const shown = (path: string): string => (store === undefined ? path : data.show(path));
  // Buckets of one name are at many places.
  const where = store?.endpoint === undefined ? '' : ` at ${store.endpoint}`;
  const tables = known(tablesDir);
  if (meta.kind === 'mysql' || metaLook !== data)
    return `milvus1x:${shown(tables)}${where} (${showMeta(meta, metaLook)})`;
  const file = known(meta.file);
  const usual = basename(tables) === 'tables' && dirname(tables) === dirname(file);
  if (usual && basename(file) === 'meta.sqlite') return `milvus1x:${shown(dirname(tables))}${where}`;
  return `milvus1x:${usual ? shown(file) : `${shown(tables)} (${shown(file)})`}${where}`;
}

function real(path: string): string {
  return kindOf(path) === 'none' ? path : realpathSync(path);
}
