/** Sources and folders for files, made of the places that a flag, a file or an argument names. */
import type { ObjectStoreConfig } from '../core/contracts.ts';
import { faissSource } from './faissSource.ts';
import type { DumpedSource, FaissSource, JobConfig, Milvus1xSource } from './job.ts';
import type { JobCommand } from './migrationReading.ts';
import { takePrefix } from './storeNames.ts';
import { type Location, objectStore, parseStoreUrl, showPlace } from './storeUrl.ts';

type Files = NonNullable<JobConfig['files']>;

type FaissChoices = Partial<Omit<FaissSource, 'kind' | 'path' | 'store'>>;

/** The key of an index is that of the whole bucket: a second file of it lies beside. */
export function faissAt(file: Location, said: FaissChoices = {}): FaissSource {
  if (file.kind === 'path') return faissSource(file.path, { ...said, store: undefined });
  return faissSource(file.key, { ...said, store: objectStore(file, 'source', '') });
}

export function dumpedAt(folder: Location, oldLayout = false): DumpedSource {
  if (folder.kind === 'path') return { kind: 'dumped', dir: folder.path, oldLayout, store: undefined };
  return { kind: 'dumped', dir: showPlace(folder), oldLayout, store: objectStore(folder, 'files') };
}

interface FilesSaid {
  /** How Milvus sees it, where that was said. */
  readonly seenAs: string | undefined;
  /** Where that stands, for messages. */
  readonly where: string;
  readonly oldLayout: boolean;
  readonly keep: boolean;
}

/** The files are what `dump` makes and what `load` is given: neither removes any, whatever is said of them. */
export function leavesFiles(command: JobCommand): boolean {
  return command === 'dump' || command === 'load';
}

/** @throws MigrateError E_USAGE where `seenAs` is no key prefix */
export function filesAt(folder: Location, { seenAs, where, oldLayout, keep }: FilesSaid): Files {
  if (folder.kind === 'path')
    return { dir: folder.path, store: undefined, seenAs: seenAs ?? folder.path, oldLayout, keep };
  const store = objectStore(folder, 'files');
  const seen = seenAs === undefined ? folder.key : seenKey(seenAs, where);
  return { dir: showPlace(folder), store, seenAs: seen, oldLayout, keep };
}

/**
 * The key prefix below which Milvus finds the files of a bucket, from `prefix`, `/` (the top of its bucket) or a URL.
 * @throws MigrateError E_USAGE
 */
export function seenKey(text: string, where: string): string {
  return parseStoreUrl(text, where)?.key ?? takePrefix(text, where);
}

/** A source, or the place of the files. */
export interface WithStore {
  readonly store: ObjectStoreConfig | undefined;
  readonly meta?: Milvus1xSource['meta'];
}

/** The same with every object store in it changed: that of the data, and that of a Milvus 1.x's metadata. */
export function mapStores<T extends WithStore>(end: T, change: (store: ObjectStoreConfig) => ObjectStoreConfig): T {
  const store = end.store && change(end.store);
  const { meta } = end;
  if (meta === undefined || meta.kind === 'mysql' || meta.store === undefined || meta.store === 'local')
    return { ...end, store };
  return { ...end, store, meta: { ...meta, store: change(meta.store) } };
}

/** Every object store in it. */
export function storesOf({ store, meta }: WithStore): ObjectStoreConfig[] {
  const other = meta === undefined || meta.kind === 'mysql' || meta.store === 'local' ? undefined : meta.store;
  return [store, other].filter((known) => known !== undefined);
}
