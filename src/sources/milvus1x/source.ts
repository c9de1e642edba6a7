/** Milvus 0.9–1.x as a source, main thread: metadata from SQLite, MySQL or meta.json, data from its tables folder. */
import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Milvus1xSource } from '../../config/job.ts';
import type { Dataset, Partition, PlanHint, Source } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { CollectionMeta } from '../../formats/milvus1x/model.ts';
import { ID_BYTES } from '../../formats/milvus1x/segment.ts';
import type { SourceOptions } from '../options.ts';
import { type InspectedCollection, inspectCollection } from './dataset.ts';
import { kindOf, type Located, locate, whatIsThere } from './locate.ts';
import { makePartitions } from './partition.ts';
import { rowsPerPartition } from './partitioning.ts';
import type { ReaderDetail } from './reader.ts';
import { readModel, showMeta } from './readModel.ts';
import { selectCollections } from './select.ts';
import { checkUnflushed } from './walNotes.ts';

const META_NAMES = { sqlite: 'SQLite metadata', mysql: 'MySQL metadata', json: 'metadata from meta.json' } as const;

/**
 * Reads the metadata and the write-ahead log. Nothing is written beside the source.
 * Errors: E_SOURCE_NOT_FOUND, E_SOURCE_ACCESS, E_SOURCE_VERSION, E_METADATA, E_UNKNOWN_COLLECTION, E_UNFLUSHED, E_WAL.
 */
export async function openMilvus1x(config: Milvus1xSource, options: SourceOptions): Promise<Source> {
  const located = locate(config);
  const model = await readModel(located.meta);
  const chosen = selectCollections(model, options.collections);
  const names = chosen.map(({ name }) => name);
  const { walDir, tablesDir } = located;
  const wal = checkUnflushed(model, { walDir, ignoreUnflushed: config.ignoreUnflushed, chosen: names });
  const inspected = new Map<string, InspectedCollection>();
  const detail: ReaderDetail = { tablesDir };
  return {
    kind: 'milvus1x',
    title: `Milvus 1.x, ${META_NAMES[located.meta.kind]}`,
    locator: locatorOf(located),
    reader: { kind: 'milvus1x', detail: { ...detail } },
    notes: [...model.notes, ...wal.source],
    async datasets() {
      checkTablesDir(tablesDir, chosen);
      for (const meta of chosen) {
        const { skipBadSegments } = config;
        const found = inspectCollection(meta, { tablesDir, skipBadSegments, notes: [] });
        const skipped = [...found.dataset.skipped, ...(wal.skipped.get(meta.name) ?? [])];
        inspected.set(meta.name, { ...found, dataset: { ...found.dataset, skipped } });
      }
      return [...inspected.values()].map(({ dataset }) => dataset);
    },
    plan: (dataset, hint) => planDataset(inspected.get(dataset.name), { dataset, hint, tablesDir }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

interface PlanRequest {
  readonly dataset: Dataset;
  readonly hint: PlanHint;
  readonly tablesDir: string;
}

async function* planDataset(
  inspected: InspectedCollection | undefined,
  { dataset, hint, tablesDir }: PlanRequest,
): AsyncGenerator<Partition> {
  if (inspected === undefined) throw new TypeError(`${dataset.name} is none of the source's datasets`);
  const { rowBytes } = inspected.shape;
  const maxRows = rowsPerPartition({ partBytes: hint.partBytes, rowBytes, vectorBytes: rowBytes - ID_BYTES });
  for (const { tag, segments } of inspected.partitions) {
    const filled = segments.filter(({ rows }) => rows > 0);
    yield* makePartitions({
      dataset: dataset.name,
      milvusPartition: tag,
      tablesDir,
      segments: filled,
      maxRows,
      rowBytes,
    });
  }
}

/** Without it every segment would seem to be missing: one plain error instead, and nothing to skip. */
function checkTablesDir(tablesDir: string, chosen: readonly CollectionMeta[]): void {
  if (kindOf(tablesDir) === 'folder') return;
  const collection = chosen.find(({ partitions }) => partitions.some(({ segments }) => segments.length > 0));
  if (collection === undefined) return;
  throw new MigrateError('E_SEGMENT_MISSING', 'the tables folder with the data is not there', {
    at: { collection: collection.name, file: tablesDir },
    found: whatIsThere(tablesDir),
    wanted: 'the folder db/tables of the old server',
    hint: 'copy it beside the metadata, or say where it is with --tables',
  });
}

/** The db folder where all is in its usual place; else both places. The same data gives the same text, however it was named. */
function locatorOf({ meta, tablesDir }: Located): string {
  const tables = real(tablesDir);
  if (meta.kind === 'mysql') return `milvus1x:${tables} (${showMeta(meta)})`;
  const file = real(meta.file);
  const usual = basename(tables) === 'tables' && dirname(tables) === dirname(file);
  if (usual && basename(file) === 'meta.sqlite') return `milvus1x:${dirname(tables)}`;
  return usual ? `milvus1x:${file}` : `milvus1x:${tables} (${file})`;
}

function real(path: string): string {
  return kindOf(path) === 'none' ? path : realpathSync(path);
}
