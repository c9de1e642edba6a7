/** Where the parts of a Milvus 1.x are: metadata, tables folder, write-ahead log. Nothing is created, nothing is opened. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Milvus1xSource } from '../../config/job.ts';
import type { Secret } from '../../config/secret.ts';
import { MigrateError, systemCode } from '../../core/errors.ts';

export type MetaLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'json'; readonly file: string }
  | { readonly kind: 'mysql'; readonly url: Secret };

export interface Located {
  readonly meta: MetaLocation;
  readonly tablesDir: string;
  /** Beside the `db` folder; may be absent. */
  readonly walDir: string;
}

const SQLITE = 'meta.sqlite';
const JSON_FILE = 'meta.json';
/** Names of a folder's entries that an error shows. */
const SHOWN_ENTRIES = 8;

/** Errors: E_SOURCE_NOT_FOUND, with what was looked for and what is there instead; E_SOURCE_ACCESS. */
export function locate(config: Pick<Milvus1xSource, 'path' | 'meta' | 'tablesDir'>): Located {
  const tablesGiven = config.tablesDir === undefined ? undefined : resolve(config.tablesDir);
  const start = config.path ?? (tablesGiven === undefined ? undefined : dirname(tablesGiven));
  const found = config.meta === undefined ? findMeta(start) : givenMeta(config.meta, start);
  const tablesDir = tablesGiven ?? join(found.db, 'tables');
  return { meta: found.meta, tablesDir, walDir: join(dirname(dirname(tablesDir)), 'wal') };
}

/** The metadata alone: a MySQL is enough, without the folder of the data. Errors as `locate`. */
export function locateMeta(config: Pick<Milvus1xSource, 'path' | 'meta' | 'tablesDir'>): MetaLocation {
  return config.meta?.kind === 'mysql' ? config.meta : locate(config).meta;
}

interface Found {
  readonly meta: MetaLocation;
  /** The `db` folder. */
  readonly db: string;
}

function findMeta(start: string | undefined): Found {
  if (start === undefined) throw notSaid();
  const path = resolve(start);
  const kind = kindOf(path);
  if (kind === 'file') {
    const meta = path.toLowerCase().endsWith('.json') ? 'json' : 'sqlite';
    return { meta: { kind: meta, file: path }, db: dirname(path) };
  }
  for (const db of [path, join(path, 'db')]) {
    if (kindOf(join(db, SQLITE)) === 'file') return { meta: { kind: 'sqlite', file: join(db, SQLITE) }, db };
    if (kindOf(join(db, JSON_FILE)) === 'file') return { meta: { kind: 'json', file: join(db, JSON_FILE) }, db };
  }
  throw new MigrateError(
    'E_SOURCE_NOT_FOUND',
    kind === 'none' ? 'the source is not there' : 'no metadata of a Milvus 1.x is there',
    {
      at: { file: path },
      found: whatIsThere(path),
      wanted: `${SQLITE} or ${JSON_FILE} in it, or in db below it`,
      hint: 'give the db folder; with MySQL metadata add --meta mysql://user@host:3306/database',
    },
  );
}

function givenMeta(meta: MetaLocation, start: string | undefined): Found {
  if (meta.kind === 'mysql') {
    if (start === undefined) throw notSaid();
    return { meta, db: dbFolder(resolve(start)) };
  }
  const file = resolve(meta.file);
  const kind = kindOf(file);
  if (kind !== 'file')
    throw new MigrateError('E_SOURCE_NOT_FOUND', 'the file with the metadata is not there', {
      at: { file },
      found: kind === 'folder' ? 'a folder' : whatIsThere(file),
      wanted: meta.kind === 'json' ? 'a meta.json' : 'a meta.sqlite',
    });
  return { meta: { ...meta, file }, db: start === undefined ? dirname(file) : dbFolder(resolve(start)) };
}

function notSaid(): MigrateError {
  return new MigrateError('E_SOURCE_NOT_FOUND', 'it is not said where the data of the source is', {
    wanted: 'the db folder of a Milvus 1.x, or its metadata and its tables folder',
  });
}

/** The folder with `tables`: the path itself, or `db` below it. */
function dbFolder(path: string): string {
  if (kindOf(path) === 'file') return dirname(path);
  const below = join(path, 'db');
  return kindOf(join(path, 'tables')) === 'none' && kindOf(join(below, 'tables')) === 'folder' ? below : path;
}

export function kindOf(path: string): 'file' | 'folder' | 'none' {
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

/** What is at the path, or in the nearest folder above it that is there, in words. */
export function whatIsThere(path: string): string {
  if (kindOf(path) === 'none') {
    const parent = dirname(path);
    return parent === path ? 'nothing' : `no ${basename(path)}; ${whatIsThere(parent)}`;
  }
  if (kindOf(path) === 'file') return `${path} is a file`;
  const names = listed(path);
  if (names === undefined) return `${path} can not be listed`;
  if (names.length === 0) return `${path} is an empty folder`;
  const more = names.length - SHOWN_ENTRIES;
  return `${path} holds ${names.slice(0, SHOWN_ENTRIES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function listed(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).sort();
  } catch (thrown) {
    // Only part of a message about something else: that one comes first.
    if (systemCode(thrown) === undefined) throw thrown;
    return undefined;
  }
}
