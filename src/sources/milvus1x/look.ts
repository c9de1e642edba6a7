/** Looks at what is where, in a folder or in a bucket, without opening anything. */
import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import * as local from 'node:path';
import type { LocalStoreConfig, ObjectStoreConfig, Store, StoreConfig } from '../../core/contracts.ts';
import { MigrateError, systemCode } from '../../core/errors.ts';
import { sourceError } from './fileRead.ts';

export type Kind = 'file' | 'folder' | 'none';

/** Paths are absolute ones of this host, or keys below the root of a bucket's store. */
export interface Look {
  readonly path: Pick<typeof local, 'join' | 'dirname' | 'basename' | 'resolve'>;
  kindOf(path: string): Promise<Kind>;
  /** What is at the path, or in the nearest folder above it that is there, in words. */
  whatIsThere(path: string): Promise<string>;
  /** Names of the folders in a folder; undefined: it is not there, or in a bucket, where each page is a request. */
  folders(path: string): readonly string[] | undefined;
  /** The path without links, where it is there; else as it is. */
  real(path: string): string;
  /** As errors name it. */
  show(path: string): string;
  /** The store that has that folder for its root. */
  folder(path: string): StoreConfig;
}

/** Names of a folder's entries that an error shows. */
const SHOWN_ENTRIES = 8;

export function lookLocally(): Look {
  return {
    path: local,
    kindOf: async (path) => kindOf(path),
    whatIsThere: async (path) => whatIsThere(path),
    folders: foldersIn,
    real: (path) => (kindOf(path) === 'none' ? path : realpathSync(path)),
    show: (path) => path,
    folder: (path): LocalStoreConfig => ({ scheme: 'file', root: path }),
  };
}

export function kindOf(path: string): Kind {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return 'none';
    throw new MigrateError('E_SOURCE_ACCESS', 'the source can not be looked at', {
      at: { file: path },
      found: systemCode(thrown) ?? 'an error',
      wanted: 'to be allowed to read it',
      cause: thrown,
    });
  }
}

/** As `Look.whatIsThere`, of a path of this host. */
export function whatIsThere(path: string): string {
  if (kindOf(path) === 'none') {
    const parent = local.dirname(path);
    return parent === path ? 'nothing' : `no ${local.basename(path)}; ${whatIsThere(parent)}`;
  }
  if (kindOf(path) === 'file') return `${path} is a file`;
  const names = listed(path);
  return names === undefined ? `${path} can not be listed` : inWords(path, names);
}

/** With links, whatever they lead to. */
function foldersIn(path: string): readonly string[] | undefined {
  return listed(path, (entry) => entry.isDirectory() || entry.isSymbolicLink());
}

function listed(folder: string, counts: (entry: Dirent) => boolean = () => true): string[] | undefined {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(counts);
    return entries.map(({ name }) => name).sort();
  } catch (thrown) {
    // Only part of a message about something else: that one comes first.
    if (systemCode(thrown) === undefined) throw thrown;
    return undefined;
  }
}

function inWords(folder: string, names: readonly string[]): string {
  if (names.length === 0) return `${folder} is an empty folder`;
  const more = names.length - SHOWN_ENTRIES;
  return `${folder} holds ${names.slice(0, SHOWN_ENTRIES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Keys that are looked through for the names of a prefix: only an error shows them. */
const SEEN_KEYS = 1000;

/** A prefix that keys begin with is a folder there. */
export function lookInStore(store: Store, config: ObjectStoreConfig): Look {
  const asking = async <T>(path: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (thrown) {
      throw sourceError(thrown, { message: 'the source can not be looked at', at: { file: store.describe(path) } });
    }
  };
  const names = async (path: string): Promise<string[]> => {
    const found = new Set<string>();
    let seen = 0;
    for await (const entry of store.list(path)) {
      found.add(entry.path.slice(path === '' ? 0 : path.length + 1).split('/')[0]!);
      if (++seen === SEEN_KEYS) break;
    }
    return [...found].sort();
  };
  const kind = async (path: string): Promise<Kind> => {
    if (path !== '' && (await store.stat(path)) !== undefined) return 'file';
    for await (const _ of store.list(path)) return 'folder';
    return 'none';
  };
  const whatIs = async (path: string): Promise<string> => {
    const found = await kind(path);
    if (found === 'file') return `${store.describe(path)} is an object`;
    if (found === 'folder') return inWords(store.describe(path), await names(path));
    return path === ''
      ? `nothing in ${store.describe('')}`
      : `no ${keys.basename(path)}; ${await whatIs(keys.dirname(path))}`;
  };
  return {
    path: keys,
    kindOf: (path) => asking(path, () => kind(path)),
    whatIsThere: (path) => asking(path, () => whatIs(path)),
    folders: () => undefined,
    real: (path) => path,
    show: (path) => store.describe(path),
    folder: (path) => ({ ...config, root: keys.join(config.root, path) }),
  };
}

/** Paths of keys: without a slash at either end; `''` is the root, and its own parent. */
const keys: Look['path'] = {
  join: (...parts) => keys.resolve(parts.join('/')),
  resolve: (...parts) =>
    parts
      .join('/')
      .split('/')
      .filter((step) => step !== '' && step !== '.')
      .join('/'),
  dirname: (path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))),
  basename: (path) => path.slice(path.lastIndexOf('/') + 1),
};
