/** Where the parts of a Milvus 1.x are: metadata, tables folder, write-ahead log. Nothing is created, nothing is opened. */
import type { Milvus1xSource } from '../../config/job.ts';
import type { Secret } from '../../config/secret.ts';
import { MigrateError } from '../../core/errors.ts';
import type { Look } from './look.ts';
import type { Looks } from './openLook.ts';

export { whatIsThere } from './look.ts';

/** Files are paths in the sense of the metadata's `Look`. */
export type MetaLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'json'; readonly file: string }
  | { readonly kind: 'mysql'; readonly url: Secret };

export interface Located {
  readonly meta: MetaLocation;
  readonly tablesDir: string;
  /** Where a write-ahead log may be: beside each `db` folder that the data or the metadata is in. The usual one first. */
  readonly wals: readonly WalPlace[];
}

/** A folder that a write-ahead log may be in, and where that folder is. */
export interface WalPlace {
  readonly look: Look;
  readonly dir: string;
}

export type LocateConfig = Pick<Milvus1xSource, 'path' | 'meta' | 'tablesDir'>;

const SQLITE = 'meta.sqlite';
const JSON_FILE = 'meta.json';

/** Errors: E_SOURCE_NOT_FOUND, with what was looked for and what is there instead; E_SOURCE_ACCESS. */
export async function locate(config: LocateConfig, looks: Pick<Looks, 'data' | 'meta'>): Promise<Located> {
  const { join, dirname, resolve } = looks.data.path;
  const tablesGiven = config.tablesDir === undefined ? undefined : resolve(config.tablesDir);
  const start = config.path ?? (tablesGiven === undefined ? undefined : dirname(tablesGiven));
  const { meta } = config;
  const found = await (meta === undefined ? findMeta(start, looks.data) : givenMeta(meta, start, looks));
  const tablesDir = tablesGiven ?? join(found.db, 'tables');
  const { meta: place } = found;
  const files = place.kind === 'mysql' ? [] : [place.file, looks.meta.real(place.file)];
  const besideMeta = files.map(looks.meta.path.dirname);
  const together = looks.meta === looks.data;
  const wals = [
    ...walFolders([dirname(tablesDir), found.db, ...(together ? besideMeta : [])], looks.data),
    ...(together ? [] : walFolders(besideMeta, looks.meta)),
  ];
  return { meta: place, tablesDir, wals };
}

/**
 * The tables may have been copied away from the log, or be reached by a link: rows that are only in the log that is left
 * behind would be lost without a word.
 */
function walFolders(dbs: readonly string[], look: Look): readonly WalPlace[] {
  const { path, real } = look;
  const { join, dirname } = path;
  const beside = dbs.flatMap((db) => [db, real(db), dirname(real(join(db, 'tables')))]);
  const folders = beside.map((db) => join(dirname(db), 'wal'));
  // One folder under two names is read once.
  const once = [...new Map(folders.toReversed().map((folder) => [real(folder), folder])).values()].toReversed();
  return once.map((dir) => ({ look, dir }));
}

/** The metadata alone: a MySQL is enough, without the folder of the data. Errors as `locate`. */
export async function locateMeta(config: LocateConfig, looks: Pick<Looks, 'data' | 'meta'>): Promise<MetaLocation> {
  return config.meta?.kind === 'mysql' ? config.meta : (await locate(config, looks)).meta;
}

interface Found {
  readonly meta: MetaLocation;
  /** The `db` folder. */
  readonly db: string;
}

async function findMeta(start: string | undefined, look: Look): Promise<Found> {
  if (start === undefined) throw notSaid();
  const { join, dirname, resolve } = look.path;
  const path = resolve(start);
  // Where it mostly is is looked at beside: in a bucket each look is a round trip or two.
  const [kind, usual] = await Promise.all([look.kindOf(path), look.kindOf(join(path, SQLITE))]);
  if (kind === 'file') {
    const meta = path.toLowerCase().endsWith('.json') ? 'json' : 'sqlite';
    return { meta: { kind: meta, file: path }, db: dirname(path) };
  }
  for (const db of [path, join(path, 'db')])
    for (const [meta, name] of [
      ['sqlite', SQLITE],
      ['json', JSON_FILE],
    ] as const)
      if ((db === path && meta === 'sqlite' ? usual : await look.kindOf(join(db, name))) === 'file')
        return { meta: { kind: meta, file: join(db, name) }, db };
  throw new MigrateError(
    'E_SOURCE_NOT_FOUND',
    kind === 'none' ? 'the source is not there' : 'no metadata of a Milvus 1.x is there',
    {
      at: { file: look.show(path) },
      found: await look.whatIsThere(path),
      wanted: `${SQLITE} or ${JSON_FILE} in it, or in db below it`,
      hint: 'give the db folder; with MySQL metadata add --meta mysql://user@host:3306/database',
    },
  );
}

async function givenMeta(
  meta: MetaLocation,
  start: string | undefined,
  { data, meta: look }: Pick<Looks, 'data' | 'meta'>,
): Promise<Found> {
  const db = start === undefined ? undefined : await dbFolder(data.path.resolve(start), data);
  if (meta.kind === 'mysql') {
    if (db === undefined) throw notSaid();
    return { meta, db };
  }
  const { dirname, resolve } = look.path;
  const file = resolve(meta.file);
  const kind = await look.kindOf(file);
  if (kind !== 'file')
    throw new MigrateError('E_SOURCE_NOT_FOUND', 'the file with the metadata is not there', {
      at: { file: look.show(file) },
      found: kind === 'folder' ? 'a folder' : await look.whatIsThere(file),
      wanted: meta.kind === 'json' ? 'a meta.json' : 'a meta.sqlite',
    });
  // What lies elsewhere does not tell where the data is.
  if (db === undefined && look !== data) throw notSaid();
  return { meta: { kind: meta.kind, file }, db: db ?? dirname(file) };
}

function notSaid(): MigrateError {
  return new MigrateError('E_SOURCE_NOT_FOUND', 'it is not said where the data of the source is', {
    wanted: 'the db folder of a Milvus 1.x, or its metadata and its tables folder',
  });
}

/** The folder with `tables`: the path itself, or `db` below it. */
async function dbFolder(path: string, { path: { join, dirname }, kindOf }: Look): Promise<string> {
  if ((await kindOf(path)) === 'file') return dirname(path);
  const below = join(path, 'db');
  const isBelow = (await kindOf(join(path, 'tables'))) === 'none' && (await kindOf(join(below, 'tables'))) === 'folder';
  return isBelow ? below : path;
}
