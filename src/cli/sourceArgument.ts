/** The argument that names a source: `milvus1x:/path`, or a folder that shows what it is. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import type { SourceConfig } from '../config/job.ts';
import { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import { whatIsThere } from '../sources/milvus1x/locate.ts';

/** Schemes of sources that come with later versions. */
const LATER = ['faiss', 'elasticsearch', 'milvus2x', 'hdf5', 'pinecone', 'chroma', 'qdrant'];
const WORKS_TODAY = 'milvus1x:/path/to/db, or a folder that holds meta.sqlite';

export interface NamedSource {
  readonly source: SourceConfig;
  /** What a bare folder was taken for, for the user to see. */
  readonly notice: string | undefined;
}

/** @throws MigrateError E_USAGE for a scheme that is not known, E_SOURCE_NOT_FOUND for a path that is not there */
export function parseSource(text: string, cwd: string): NamedSource {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) return bareFolder(text, cwd);
  if (scheme.toLowerCase() !== 'milvus1x') throw otherScheme(scheme.toLowerCase());
  const path = rest!.replace(/^\/\/(?=\/)/, '');
  if (path === '') throw new MigrateError('E_USAGE', 'the source has no path', { found: text, wanted: WORKS_TODAY });
  return { source: milvus1x(resolve(cwd, path)), notice: undefined };
}

/** A folder that `dump` wrote; the old tool's layout has everything in `migration` below it. */
export function parseDumped(text: string, cwd: string): SourceConfig {
  const dir = resolve(cwd, text.replace(/^dumped:/, ''));
  if (!existsSync(dir)) throw notThere(text, dir);
  return { kind: 'dumped', dir, oldLayout: !holdsManifest(dir) && holdsManifest(join(dir, 'migration')) };
}

/** Every dump leaves a manifest for each of its jobs. */
function holdsManifest(folder: string): boolean {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && readdirSync(folder).some((name) => /^manifest-.*\.json$/.test(name));
}

/** Whether the path holds metadata of a Milvus 1.x; undefined: it does not. */
export function milvus1xSign(path: string): string | undefined {
  if (['meta.sqlite', 'meta.json'].includes(basename(path))) return basename(path);
  return ['meta.sqlite', 'db/meta.sqlite', 'meta.json'].find((file) => existsSync(join(path, file)));
}

function bareFolder(text: string, cwd: string): NamedSource {
  const path = resolve(cwd, text);
  if (!existsSync(path)) throw notThere(text, path);
  const sign = milvus1xSign(path);
  if (sign === undefined) {
    throw new MigrateError('E_USAGE', 'it does not show what kind of source this is', {
      at: { file: path },
      found: 'no meta.sqlite in it',
      wanted: WORKS_TODAY,
      hint: `with MySQL metadata: milvus1x:${text} --meta mysql://…`,
    });
  }
  return {
    source: milvus1x(path),
    notice: `${text} is taken for milvus1x:${text}, because ${sign} is there`,
  };
}

function milvus1x(path: string | undefined): SourceConfig {
  return {
    kind: 'milvus1x',
    path,
    meta: undefined,
    tablesDir: undefined,
    skipBadSegments: false,
    ignoreUnflushed: false,
  };
}

function otherScheme(scheme: string): MigrateError {
  const later = LATER.includes(scheme);
  const near = later ? undefined : nearestWord(scheme, ['milvus1x', ...LATER]);
  const message = later
    ? `sources of the kind ${scheme} are not yet in this version`
    : 'the kind of source is not known';
  return new MigrateError('E_USAGE', message, {
    found: `${scheme}:…`,
    wanted: WORKS_TODAY,
    ...(near === undefined ? {} : { hint: `did you mean ${near}:…?` }),
  });
}

function notThere(text: string, path: string): MigrateError {
  return new MigrateError('E_SOURCE_NOT_FOUND', 'the source is not there', {
    at: { file: path },
    found: whatIsThere(path),
    ...(isAbsolute(text.replace(/^dumped:/, '')) ? {} : { hint: 'a relative path is meant from the current folder' }),
  });
}
