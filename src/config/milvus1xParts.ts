/**
 * The parts of a Milvus 1.x source, each a path of this host or a place in a bucket, and a source made of them: what a
 * flag names replaces one part, wherever the others are.
 */
import type { ObjectStoreConfig } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import type { MetaStore, Milvus1xSource } from './job.ts';
import type { Secret } from './secret.ts';
import { NO_OPTIONS } from './storeOptions.ts';
import { type Location, objectStore, type StoreUrl, showPlace } from './storeUrl.ts';

export type MetaPart =
  | { readonly kind: 'mysql'; readonly url: Secret }
  | { readonly kind: 'sqlite' | 'json'; readonly at: Location };

export interface Milvus1xParts {
  /** The `db` folder or its like. */
  readonly path: Location | undefined;
  readonly tables: Location | undefined;
  readonly meta: MetaPart | undefined;
}

export const NO_PARTS: Milvus1xParts = { path: undefined, tables: undefined, meta: undefined };

type Places = Pick<Milvus1xSource, 'store' | 'path' | 'tablesDir' | 'meta'>;

export function partsOf({ store, path, tablesDir, meta }: Places): Milvus1xParts {
  return {
    path: path === undefined ? undefined : locationIn(store, path),
    tables: tablesDir === undefined ? undefined : locationIn(store, tablesDir),
    meta:
      meta === undefined || meta.kind === 'mysql'
        ? meta
        : { kind: meta.kind, at: locationIn(meta.store === 'local' ? undefined : (meta.store ?? store), meta.file) },
  };
}

/** A path of this host, or a key below the store's root. */
export function locationIn(store: ObjectStoreConfig | undefined, path: string): Location {
  if (store === undefined) return { kind: 'path', path };
  const { scheme, bucket, root, useIam, createBucket, endpoint, region, useSsl, pathStyle, iamEndpoint } = store;
  const key = [root, path].filter((step) => step !== '').join('/');
  const options = { ...NO_OPTIONS, endpoint, region, useSsl, pathStyle, useIam, createBucket, iamEndpoint };
  return { kind: 'store', scheme, bucket, key, ...options };
}

/**
 * Keys are those of the whole bucket, so that metadata and data may lie anywhere in it.
 * @throws MigrateError E_USAGE where the data is at two places
 */
export function placesOf({ path, tables, meta }: Milvus1xParts): Places {
  const data = path ?? tables ?? (meta === undefined || meta.kind === 'mysql' ? undefined : meta.at);
  if (path !== undefined && tables !== undefined && !samePlace(path, tables)) throw twoPlaces(path, tables);
  return {
    store: data?.kind === 'store' ? objectStore(data, 'source', '') : undefined,
    path: path && pathOf(path),
    tablesDir: tables && pathOf(tables),
    meta: meta === undefined || meta.kind === 'mysql' ? meta : metaAt(meta, data!),
  };
}

function metaAt({ kind, at }: Exclude<MetaPart, { kind: 'mysql' }>, data: Location): Places['meta'] {
  const file = pathOf(at);
  const store = metaStore(at, data);
  return store === undefined ? { kind, file } : { kind, file, store };
}

function metaStore(at: Location, data: Location): MetaStore {
  if (samePlace(at, data)) return undefined;
  return at.kind === 'path' ? 'local' : objectStore(at, 'source', '');
}

function pathOf(place: Location): string {
  return place.kind === 'path' ? place.path : place.key;
}

/** Whether one store reaches both: what a URL does not say of it is as the other says. */
function samePlace(a: Location, b: Location): boolean {
  if (a.kind === 'path' || b.kind === 'path') return a.kind === b.kind;
  return a.scheme === b.scheme && a.bucket === b.bucket && sameEndpoint(a, b);
}

function sameEndpoint(a: StoreUrl, b: StoreUrl): boolean {
  return a.endpoint === undefined || b.endpoint === undefined || a.endpoint === b.endpoint;
}

function twoPlaces(path: Location, tables: Location): MigrateError {
  return new MigrateError('E_USAGE', 'the source and its tables folder are at two places', {
    found: [path, tables].map((place) => (place.kind === 'path' ? place.path : showPlace(place))).join(' and '),
    wanted: 'both on this host, or both in one bucket',
    hint: 'metadata may lie elsewhere: name it with --meta, and the data by --tables alone',
  });
}
