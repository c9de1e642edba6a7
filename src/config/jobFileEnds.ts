/** Where a job file takes the rows from and where the files go: `source`, `staging`, `out`, and what opens their stores. */
import type { MigrateError } from '../core/errors.ts';
import { readAt } from './configError.ts';
import type { JobDraft } from './defaults.ts';
import { dumpedAt, faissAt, filesAt, leavesFiles, mapStores, storesOf, type WithStore } from './ends.ts';
import type { JobConfig, PluginSource, SourceConfig } from './job.ts';
import { elasticOf } from './jobElastic.ts';
import type { JobFile } from './jobFileShape.ts';
import { optionsIn } from './jobTransforms.ts';
import { parseMeta } from './metaSource.ts';
import type { ConfigFileOptions } from './migrationReading.ts';
import { type MetaPart, placesOf } from './milvus1xParts.ts';
import { sealCredentials } from './storeCredentials.ts';
import { overlay } from './storeOptions.ts';
import { credentialsOf, optionsOf, type StoreSection } from './storeSection.ts';
import { type Location, parseLocation } from './storeUrl.ts';
import { modulePath } from './transformWords.ts';

type Job = JobFile['job'];

export interface JobReading {
  readonly options: ConfigFileOptions;
  readonly refuse: (key: string, message: string, wanted: string) => MigrateError;
  /** Where a key stands. */
  readonly at: (key: string) => Parameters<typeof readAt>[0];
}

export function jobEnds(job: Job, reading: JobReading): Pick<JobDraft, 'source' | 'files' | 'credentials'> {
  const source = sourceOf(job, reading);
  const files = filesOf(job, reading);
  refuseUnused(job, { source, files }, reading);
  const limited = limit(job.maxMbps);
  const sourceKeys = sealCredentials(credentialsOf(job.source?.store));
  return {
    source: source && limited(source),
    files: files && limited(files),
    credentials: {
      // A dumped folder is the files' own place: whoever says what opens it may say so at either.
      source: source?.kind === 'dumped' ? undefined : sourceKeys,
      files: sealCredentials(credentialsOf(job.filesStore)) ?? (source?.kind === 'dumped' ? sourceKeys : undefined),
    },
  };
}

/** Said of a bucket that there is none: something else was meant. */
function refuseUnused(job: Job, { source, files }: Pick<JobDraft, 'source' | 'files'>, { refuse }: JobReading): void {
  const wanted = 'a URL, such as s3://bucket/prefix';
  const [from, to] = [source, files].map((end) => end !== undefined && storesOf(end).length > 0);
  if (job.source?.store !== undefined && !from)
    throw refuse('job.source.store', 'the source is in no object store', `${wanted}, in job.source`);
  if (job.filesStore !== undefined && !to && !(source?.kind === 'dumped' && from))
    throw refuse('job.filesStore', 'the files go to no object store', `${wanted}, as job.staging.dir or job.out`);
}

function limit(maxMbps: number | undefined) {
  return <T extends WithStore>(end: T): T =>
    maxMbps === undefined ? end : mapStores(end, (store) => ({ ...store, maxMbps }));
}

function sourceOf({ source }: Job, reading: JobReading): SourceConfig | undefined {
  if (source === undefined) return undefined;
  const { refuse, at, options } = reading;
  const key = 'job.source';
  const reached = reach(reading, { section: source.store, key: `${key}.store` });
  const placed = (name: string, text: string): Location =>
    reached(readAt(at(`${key}.${name}`), () => parseLocation(text, options.cwd, `${key}.${name}`)));
  const named = [source.milvus1x, source.faiss, source.elasticsearch, source.plugin, source.dumped];
  if (named.filter((one) => one !== undefined).length > 1)
    throw refuse(key, 'the file names two sources', 'milvus1x, faiss, elasticsearch, plugin or dumped, one of them');
  if (source.elasticsearch !== undefined) return elasticOf(source.elasticsearch, reading);
  if (source.plugin !== undefined) return pluginOf(source.plugin, reading);
  if (source.faiss !== undefined) {
    const { collection, metric, keepTransformed, allowSketch, strict } = source;
    return faissAt(placed('faiss', source.faiss), { collection, metric, keepTransformed, allowSketch, strict });
  }
  if (source.dumped !== undefined) return dumpedAt(placed('dumped', source.dumped));
  if (source.milvus1x === undefined && (source.meta === undefined || source.tables === undefined)) {
    const wanted = 'milvus1x: FOLDER, faiss: FILE, elasticsearch, plugin, or meta and tables';
    throw refuse(key, 'the file does not say where the source is', wanted);
  }
  const meta = source.meta === undefined ? undefined : metaOf(source.meta, reading);
  const parts = {
    path: source.milvus1x === undefined ? undefined : placed('milvus1x', source.milvus1x),
    tables: source.tables === undefined ? undefined : placed('tables', source.tables),
    meta: meta === undefined || meta.kind === 'mysql' ? meta : { ...meta, at: reached(meta.at) },
  };
  return {
    kind: 'milvus1x',
    ...readAt(at(key), () => placesOf(parts)),
    skipBadSegments: source.skipBadSegments ?? false,
    ignoreUnflushed: source.ignoreUnflushed ?? false,
  };
}

function pluginOf(
  { module, where, options: said }: NonNullable<NonNullable<Job['source']>['plugin']>,
  { refuse, at, options }: JobReading,
): PluginSource {
  const key = 'job.source.plugin';
  if (module === undefined) throw refuse(key, 'the source names no module', 'module: ./my-source.js, or a package');
  return {
    kind: 'plugin',
    store: undefined,
    module: readAt(at(`${key}.module`), () => modulePath(module, options.cwd, `${key}.module`)),
    options: optionsIn(said, { key: `${key}.options`, at }),
    where,
  };
}

function metaOf(text: string, { at, options }: JobReading): MetaPart {
  const key = 'job.source.meta';
  return readAt(at(key), () => parseMeta(text, options.cwd, key));
}

/** What a URL does not say of its store is as the section says. */
function reach({ at }: JobReading, { section, key }: { section: StoreSection | undefined; key: string }) {
  const below = section && optionsOf(section, (name) => at(`${key}.${name}`));
  return (location: Location): Location =>
    location.kind === 'path' || below === undefined ? location : { ...location, ...overlay(location, below) };
}

function filesOf({ staging, out, filesStore }: Job, reading: JobReading): JobConfig['files'] {
  const { refuse, at, options } = reading;
  if (staging?.dir !== undefined && out !== undefined)
    throw refuse('job.out', 'the file names two folders for the dumped files', 'staging.dir or out, one of them');
  if (staging !== undefined && staging.dir === undefined && out === undefined)
    throw refuse('job.staging', 'the staging area has no folder', 'staging.dir');
  const named = staging?.dir ?? out;
  if (named === undefined) return undefined;
  const key = staging?.dir === undefined ? 'job.out' : 'job.staging.dir';
  const reached = reach(reading, { section: filesStore, key: 'job.filesStore' });
  const folder = reached(readAt(at(key), () => parseLocation(named, options.cwd, key)));
  const keep = staging?.keep ?? (out !== undefined || leavesFiles(options.command));
  return readAt(at('job.staging.as'), () =>
    filesAt(folder, { seenAs: staging?.as, where: 'job.staging.as', oldLayout: false, keep }),
  );
}
