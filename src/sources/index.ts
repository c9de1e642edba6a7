/** The sources, by kind. A new one is one folder and one entry here. */
import type { SourceConfig } from '../config/job.ts';
import type { OpenStore, Partition, ReaderConfig, Source, SourceReader, SourceSecrets } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import type { ChangesOf, SourceChanges } from '../core/sourceChanges.ts';
import type { SourceOptions } from './options.ts';

export type { SourceOptions } from './options.ts';

interface SourceKind<C> {
  /** On the main thread: metadata and plan. */
  open(config: C, options: SourceOptions): Promise<Source>;
  /** In a worker: bytes. */
  openReader(config: ReaderConfig, openStore: OpenStore, secrets: SourceSecrets): Promise<SourceReader>;
  /** Lets go of what partitions hold open on the other side, but for what those in `kept` need. What is gone already is fine. */
  letGo(config: C, partitions: readonly Partition[], kept: readonly Partition[]): Promise<void>;
  /** What changed since these partitions of a job were planned. */
  changes(config: C, of: ChangesOf): Promise<SourceChanges>;
}

/** Of sources that are files: nothing is held open, and a change is another source (`fingerprint`). */
const AT_REST = {
  letGo: async (): Promise<void> => undefined,
  changes: async (): Promise<SourceChanges> => ({ partitions: [], all: [], notes: [] }),
};

type Kinds = { readonly [K in SourceConfig['kind']]?: SourceKind<Extract<SourceConfig, { kind: K }>> };

export const SOURCES: Kinds = {
  milvus1x: {
    ...AT_REST,
    open: async (config, options) => (await import('./milvus1x/source.ts')).openMilvus1x(config, options),
    openReader: async (config, openStore) =>
      (await import('./milvus1x/reader.ts')).openMilvus1xReader(config, openStore),
  },
  faiss: {
    ...AT_REST,
    open: async (config, options) => (await import('./faiss/source.ts')).openFaiss(config, options),
    openReader: async (config, openStore) => (await import('./faiss/reader.ts')).openFaissReader(config, openStore),
  },
  elasticsearch: {
    open: async (config, options) => (await import('./elasticsearch/source.ts')).openElasticsearch(config, options),
    openReader: async (config, _openStore, secrets) =>
      (await import('./elasticsearch/reader.ts')).openElasticReader(config, secrets),
    letGo: async (config, partitions, kept) =>
      (await import('./elasticsearch/changes.ts')).letGoOfSnapshots(config, partitions, kept),
    changes: async (config, of) => (await import('./elasticsearch/changes.ts')).elasticChanges(config, of),
  },
  plugin: {
    ...AT_REST,
    open: async (config, options) => (await import('./plugin/source.ts')).openPlugin(config, options),
    openReader: async (config, openStore) => (await import('./plugin/reader.ts')).openPluginReader(config, openStore),
  },
  dumped: {
    ...AT_REST,
    // Its manifests are a job's plan already: `run/plan/adopt.ts` takes them as they are.
    open: async () => {
      throw new TypeError('a dumped folder is adopted, not planned');
    },
    openReader: async (config, openStore) => (await import('./dumped/reader.ts')).openDumpedReader(config, openStore),
  },
};

/** Opens a source. It must be disposed. */
export function openSource(config: SourceConfig, options: SourceOptions): Promise<Source> {
  // The entry of a kind takes the configuration of that kind: TypeScript does not follow the pair through a union.
  const kind = SOURCES[config.kind] as SourceKind<SourceConfig> | undefined;
  if (kind === undefined) throw unknownKind(config.kind);
  return kind.open(config, options);
}

/** See `SourceKind.letGo`. */
export async function letGo(
  config: SourceConfig,
  partitions: readonly Partition[],
  kept: readonly Partition[] = [],
): Promise<void> {
  await (SOURCES[config.kind] as SourceKind<SourceConfig> | undefined)?.letGo(config, partitions, kept);
}

/** See `SourceKind.changes`. */
export function changesSince(config: SourceConfig, of: ChangesOf): Promise<SourceChanges> {
  const kind = SOURCES[config.kind] as SourceKind<SourceConfig> | undefined;
  if (kind === undefined) throw unknownKind(config.kind);
  return kind.changes(config, of);
}

/** Opens the worker's side of a source. */
export function openReader(
  config: ReaderConfig,
  openStore: OpenStore,
  secrets: SourceSecrets = {},
): Promise<SourceReader> {
  const kind = SOURCES[config.kind as keyof Kinds];
  if (kind === undefined) throw unknownKind(config.kind);
  return kind.openReader(config, openStore, secrets);
}

function unknownKind(found: string): MigrateError {
  return new MigrateError('E_USAGE', 'an unknown kind of source', { found, wanted: Object.keys(SOURCES).join(', ') });
}
