/**
 * Which modules a job will import when it comes to them, as far as its configuration tells. Where they can be loaded in
 * one go (see `loadAtOnce`) that is done beforehand: an `import()` in the middle waits for the disk again and again, and
 * in a worker it begins only with the first task. What is missing here is loaded all the same, only later.
 */
import type { JobConfig, SourceConfig } from '../../config/job.ts';
import type { StoreConfig } from '../../core/contracts.ts';
import { loadAtOnce } from '../../core/loadAtOnce.ts';
import type { FileFormat } from '../../core/plan.ts';

/** Compiled files, relative to that of this module. */
export type ModulePaths = readonly string[];

type Ends = Pick<JobConfig, 'source' | 'files' | 'state' | 'format'>;

const STORE_WRAPPERS = ['retry', 'limit', 'log'].map((name) => `../../stores/with/${name}.js`);

export const STORE_MODULES: { readonly [S in StoreConfig['scheme']]?: ModulePaths } = {
  file: ['../../stores/local.js'],
  s3: ['../../stores/s3/store.js', ...STORE_WRAPPERS],
  oss: ['../../stores/s3/store.js', ...STORE_WRAPPERS],
  cos: ['../../stores/s3/store.js', ...STORE_WRAPPERS],
  gs: ['../../stores/gcs/store.js', ...STORE_WRAPPERS],
  az: ['../../stores/azure/store.js', ...STORE_WRAPPERS],
};

/** What a store needs for all but reading what was looked at before, which is all that workers do with a source. */
export const SDK_MODULES: { readonly [S in StoreConfig['scheme']]?: ModulePaths } = {
  az: ['../../stores/azure/sdk.js'],
};

export const ENCODER_MODULES: { readonly [F in FileFormat]?: ModulePaths } = {
  npy: ['../../encoders/npy.js'],
  parquet: ['../../encoders/parquet.js'],
  json: ['../../encoders/jsonRows.js'],
};

export const SOURCE_MODULES: {
  readonly [K in SourceConfig['kind']]?: { readonly main: ModulePaths; readonly worker: ModulePaths };
} = {
  milvus1x: { main: ['../../sources/milvus1x/source.js'], worker: ['../../sources/milvus1x/reader.js'] },
  faiss: { main: ['../../sources/faiss/source.js'], worker: ['../../sources/faiss/reader.js'] },
  elasticsearch: { main: ['../../sources/elasticsearch/source.js'], worker: ['../../sources/elasticsearch/reader.js'] },
  plugin: { main: ['../../sources/plugin/source.js'], worker: ['../../sources/plugin/reader.js'] },
  dumped: { main: [], worker: ['../../sources/dumped/reader.js'] },
};

/** Of the thread that plans. */
export function foreseenHere(ends: Ends): ModulePaths {
  const checkpoint = ends.state === undefined ? ['../../checkpoints/sqlite.js'] : [];
  const { from, to } = schemesOf(ends);
  const stores = [from, to].flatMap((scheme) => [...storeModules(scheme), ...sdkModules(scheme)]);
  return [...checkpoint, ...(SOURCE_MODULES[ends.source.kind]?.main ?? []), ...stores];
}

/** Of a worker. */
export function foreseenInWorkers(ends: Ends): ModulePaths {
  // Without a format it is what fixed widths are written in, and where there are none it loads the other when it knows.
  const encoder = ends.files === undefined ? undefined : ENCODER_MODULES[ends.format ?? 'npy'];
  const { from, to } = schemesOf(ends);
  const stores = [...storeModules(from), ...storeModules(to), ...sdkModules(to)];
  return [...(SOURCE_MODULES[ends.source.kind]?.worker ?? []), ...stores, ...(encoder ?? [])];
}

type Scheme = StoreConfig['scheme'] | undefined;

/** Of the store that is read and of the one that is written to. */
function schemesOf({ source, files }: Ends): { readonly from: Scheme; readonly to: Scheme } {
  const atRest = source.kind === 'milvus1x' || source.kind === 'faiss';
  return {
    from: atRest ? (source.store?.scheme ?? 'file') : undefined,
    to: files === undefined ? undefined : (files.store?.scheme ?? 'file'),
  };
}

function storeModules(scheme: Scheme): ModulePaths {
  return (scheme === undefined ? undefined : STORE_MODULES[scheme]) ?? [];
}

function sdkModules(scheme: Scheme): ModulePaths {
  return (scheme === undefined ? undefined : SDK_MODULES[scheme]) ?? [];
}

export function loadForeseen(paths: ModulePaths): void {
  for (const path of paths) loadAtOnce(new URL(path, import.meta.url));
}
