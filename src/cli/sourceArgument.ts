/** The argument that names a source: `milvus1x:/path`, or a folder that shows what it is. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import type { ElasticLogin } from '../config/elasticLogin.ts';
import { elasticSource } from '../config/elasticSource.ts';
import { ELASTIC_WANTED, namesElastic, parseElasticAddress, withoutLogin } from '../config/elasticUrl.ts';
import { dumpedAt, faissAt } from '../config/ends.ts';
import type { SourceConfig } from '../config/job.ts';
import { NO_PARTS, placesOf } from '../config/milvus1xParts.ts';
import { type Location, localPath, namesStore, parseLocation, parseStoreUrl } from '../config/storeUrl.ts';
import { modulePath } from '../config/transformWords.ts';
import { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import { whatIsThere } from '../sources/milvus1x/locate.ts';

/** Schemes of sources that come with later versions. */
const LATER = ['milvus2x', 'hdf5', 'pinecone', 'chroma', 'qdrant'];
const WORKS_TODAY =
  'milvus1x:/path/to/db, faiss:/path/to/file.index, es+https://host:9200/index, plugin:./my-source.js, or a folder that holds meta.sqlite';
const KINDS = ['milvus1x', 'faiss', 'plugin'];
/** What people may write for Elasticsearch. */
const ELASTIC_WORDS = ['http', 'https', 'es', 'elastic', 'elasticsearch'];
/** How messages call the argument. */
const ARGUMENT = 'the source';

export interface NamedSource {
  readonly source: SourceConfig;
  /** What a bare folder was taken for, for the user to see. */
  readonly notice: string | undefined;
  /** What stood in an Elasticsearch's URL, with or without the password. */
  readonly login?: ElasticLogin | undefined;
}

/** @throws MigrateError E_USAGE for a scheme that is not known, E_SOURCE_NOT_FOUND for a path that is not there */
export function parseSource(text: string, cwd: string): NamedSource {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(text) ?? [];
  if (scheme?.toLowerCase() === 'file') return bareFolder(text, cwd);
  if (namesStore(text)) throw kindNotSaid(text);
  if (scheme === undefined) return bareFolder(text, cwd);
  if (namesElastic(text)) return elastic(text);
  const kind = scheme.toLowerCase();
  if (ELASTIC_WORDS.includes(kind)) throw plainUrl(text);
  if (!KINDS.includes(kind)) throw otherScheme(kind);
  const path = rest!.replace(/^\/\/(?=\/)/, '');
  if (kind === 'plugin') return { source: plugin(rest!, cwd), notice: undefined };
  if (path === '') throw new MigrateError('E_USAGE', 'the source has no path', { found: text, wanted: WORKS_TODAY });
  const at = parseLocation(path, cwd, ARGUMENT);
  return { source: kind === 'faiss' ? faissAt(at) : milvus1x(at), notice: undefined };
}

function elastic(text: string): NamedSource {
  const { urls, cloudId, index, user, password } = parseElasticAddress(text, ARGUMENT);
  const source = elasticSource({ index, access: { urls, cloudId } });
  return { source, notice: undefined, login: { user, password } };
}

function plainUrl(text: string): MigrateError {
  const rest = /^[a-z]+:\/\/(.+)$/is.exec(text)?.[1];
  const http = /^http:/i.test(text);
  return new MigrateError('E_USAGE', 'it is not said what kind of source answers there', {
    found: withoutLogin(text),
    wanted:
      rest === undefined || rest.includes('@')
        ? ELASTIC_WANTED
        : `es+${http ? 'http' : 'https'}://${rest}, for an Elasticsearch`,
  });
}

/** `./my-source.js:WHERE`, `@scope/package:WHERE`: what follows the module's name is the module's own affair. */
function plugin(text: string, cwd: string): SourceConfig {
  const [, name, where] = /^((?:file:)?[^:]+)(?::(.*))?$/is.exec(text) ?? [];
  if (name === undefined)
    throw new MigrateError('E_USAGE', 'the source names no module', {
      found: `plugin:${text}`,
      wanted: 'plugin:./my-source.js, plugin:./my-source.js:WHERE, plugin:package-name:WHERE',
    });
  return { kind: 'plugin', store: undefined, module: modulePath(name, cwd, ARGUMENT), options: {}, where };
}

/** What lies in a bucket is not looked at before it is said what it is. */
function kindNotSaid(text: string): MigrateError {
  parseStoreUrl(text, ARGUMENT);
  const url = text.replace(/\?.*$/s, '');
  return new MigrateError('E_USAGE', 'it is not said what kind of source is in the bucket', {
    found: url,
    wanted: `milvus1x:${url}, faiss:${url}, or dumped:${url} for what dump wrote`,
  });
}

/** A folder that `dump` wrote; the old tool's layout has everything in `migration` below it. */
export function parseDumped(text: string, cwd: string): SourceConfig {
  const at = parseLocation(text.replace(/^dumped:/i, ''), cwd, ARGUMENT);
  if (at.kind === 'store') return dumpedAt(at);
  const dir = at.path;
  if (!existsSync(dir)) throw notThere(text, dir);
  return dumpedAt(at, !holdsManifest(dir) && holdsManifest(join(dir, 'migration')));
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
  const path = localPath(text, cwd, ARGUMENT);
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
    source: milvus1x({ kind: 'path', path }),
    notice: `${text} is taken for milvus1x:${text}, because ${sign} is there`,
  };
}

function milvus1x(path: Location): SourceConfig {
  return { kind: 'milvus1x', ...placesOf({ ...NO_PARTS, path }), skipBadSegments: false, ignoreUnflushed: false };
}

function otherScheme(scheme: string): MigrateError {
  const later = LATER.includes(scheme);
  const near = later ? undefined : nearestWord(scheme, [...KINDS, ...LATER]);
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
    ...(isAbsolute(text.replace(/^dumped:/i, '')) ? {} : { hint: 'a relative path is meant from the current folder' }),
  });
}
