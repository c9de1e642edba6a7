/**
 * URLs of files in object stores: `s3://bucket/prefix?endpoint=http://minio:9000`, `gs://`, `az://container/…`, `oss://`,
 * `cos://`; and `file:` for those of this host.
 *
 * The key is taken as it is typed, as the clouds' own tools take it: `%20` stays `%20`. Only `?`, which begins the
 * options, is written `%3F` in a key, and `%25` is a percent sign. Credentials never stand in a URL: it is printed.
 */
import { resolve } from 'node:path';
import type { CredentialName, ObjectScheme, ObjectStoreConfig } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import { checkBucket, OBJECT_SCHEMES, takeKey } from './storeNames.ts';
import { NO_OPTIONS, readStoreOptions, type StoreOptions, writeStoreOptions } from './storeOptions.ts';
import { unknownScheme } from './storeScheme.ts';

export interface StoreUrl extends StoreOptions {
  readonly scheme: ObjectScheme;
  readonly bucket: string;
  /** Key or prefix, without `/` at either end; `''`: the whole bucket. */
  readonly key: string;
}

/** What a text is that may be a path or a URL. */
export type Location = { readonly kind: 'path'; readonly path: string } | ({ readonly kind: 'store' } & StoreUrl);

/**
 * A path of this host, made absolute, or a place in an object store.
 * @param where the flag, key or argument it stands in, for messages
 * @throws MigrateError E_USAGE for a URL that is none of ours, or a damaged one
 */
export function parseLocation(text: string, cwd: string, where: string): Location {
  const url = parseStoreUrl(text, where);
  if (url !== undefined) return { kind: 'store', ...url };
  return { kind: 'path', path: resolve(cwd, refuseTilde(withoutFileScheme(text, where), where)) };
}

/**
 * `~/data` is the shell's, which leaves it alone in `--out=~/data` and in files: it would be a folder called `~`, here.
 * @returns the path as it is. @throws MigrateError E_USAGE
 */
export function refuseTilde(path: string, where: string): string {
  if (path !== '~' && !path.startsWith('~/')) return path;
  throw new MigrateError('E_USAGE', `${where} begins with a ~, which nobody has turned into your home folder`, {
    found: JSON.stringify(path),
    wanted: 'the whole path; a shell takes ~ only at the beginning of a word (--out ~/dump)',
    hint: `what is really called so is written ./${path}`,
  });
}

/** Whether a text means a place in an object store, well-formed or not. */
export function namesStore(text: string): boolean {
  const word = /^([a-z0-9]+)(?::|\/\/)/i.exec(text)?.[1]?.toLowerCase();
  return OBJECT_SCHEMES.some((known) => known === word);
}

/** undefined: it is a path, or `file:`. @throws MigrateError E_USAGE */
export function parseStoreUrl(text: string, where: string): StoreUrl | undefined {
  // One letter before the colon is a drive, and `./s3:x` a file for whoever has one of that name.
  const [, word, slashes, rest] = /^([a-z][a-z0-9+.-]+):(\/*)(.*)$/is.exec(text) ?? [];
  if (word === undefined) {
    const [, bare, after = ''] = /^([a-z0-9]+)\/\/(.*)$/is.exec(text) ?? [];
    const forgotten = OBJECT_SCHEMES.find((known) => known === bare?.toLowerCase());
    if (forgotten !== undefined) throw wrongSlashes({ scheme: forgotten, rest: after }, where);
    return undefined;
  }
  const name = word.toLowerCase();
  if (name === 'file') return undefined;
  const scheme = OBJECT_SCHEMES.find((known) => known === name);
  if (scheme === undefined) {
    if (slashes!.length < 2) return undefined;
    throw unknownScheme(word, where);
  }
  if (slashes !== '//') throw wrongSlashes({ scheme, rest: rest! }, where);
  return readUrl(scheme, rest!, where);
}

function readUrl(scheme: ObjectScheme, rest: string, where: string): StoreUrl {
  const mark = rest.indexOf('?');
  const place = mark < 0 ? rest : rest.slice(0, mark);
  const slash = place.indexOf('/');
  const bucket = slash < 0 ? place : place.slice(0, slash);
  // A user and a password before an @, as other URLs have them.
  if (bucket.includes('@')) throw credentialsInUrl(where);
  checkBucket(bucket, scheme, where);
  const typed = slash < 0 ? '' : place.slice(slash + 1).replace(/\/$/, '');
  const key = takeKey(typed.replace(/%(3f|25)/gi, unescaped), where);
  const options = mark < 0 ? NO_OPTIONS : readStoreOptions(rest.slice(mark + 1), where);
  return { scheme, bucket, key, ...options };
}

function unescaped(written: string): string {
  return written === '%25' ? '%' : '?';
}

/** The URL as it would be typed; never with credentials, for it has none. */
export function formatStoreUrl({ scheme, bucket, key, ...options }: StoreUrl): string {
  const path = key === '' ? '' : `/${key.replaceAll('%', '%25').replaceAll('?', '%3F')}`;
  return `${scheme}://${bucket}${path}${writeStoreOptions(options)}`;
}

/** Bucket and key alone, for people and messages. */
export function showPlace({ scheme, bucket, key }: Pick<StoreUrl, 'scheme' | 'bucket' | 'key'>): string {
  return `${scheme}://${bucket}${key === '' ? '' : `/${key}`}`;
}

/** The store of a URL; its root is the URL's key, or what `root` says. */
export function objectStore(url: StoreUrl, credentials: CredentialName, root = url.key): ObjectStoreConfig {
  const { scheme, bucket, endpoint, region, useSsl, pathStyle, useIam, iamEndpoint, createBucket } = url;
  return {
    scheme,
    bucket,
    root,
    endpoint,
    region,
    useSsl,
    pathStyle,
    useIam: useIam ?? false,
    iamEndpoint,
    createBucket: createBucket ?? false,
    credentials,
    maxMbps: undefined,
  };
}

/** `file:///a`, `file:/a`, `file:a` as a path; anything else as it is. */
export function withoutFileScheme(text: string, where: string): string {
  const [, slashes, rest] = /^file:(\/*)(.*)$/is.exec(text) ?? [];
  if (slashes === undefined) return text;
  const path = slashes.length === 2 && /^localhost\//i.test(rest!) ? rest!.slice('localhost'.length) : undefined;
  if (path !== undefined) return path;
  if (slashes.length === 2 || rest === '')
    throw new MigrateError('E_USAGE', `${where} is not a path of this host`, {
      found: text,
      wanted: 'file:///absolute/path, or the path itself',
    });
  return slashes === '' ? rest! : `/${rest!}`;
}

/** The path of something that has to lie on this host. @throws MigrateError E_USAGE where it is a URL */
export function localPath(text: string, cwd: string, where: string): string {
  const place = parseLocation(text, cwd, where);
  if (place.kind === 'path') return place.path;
  throw new MigrateError('E_USAGE', `${where} has to be on this host`, {
    found: showPlace(place),
    wanted: 'a path, not a place in an object store',
  });
}

function wrongSlashes({ scheme, rest }: { scheme: ObjectScheme; rest: string }, where: string): MigrateError {
  // What comes behind may hold credentials, by mistake.
  const bare = /[@?]/.test(rest) ? '' : rest;
  return new MigrateError('E_USAGE', `${where} does not begin with ${scheme}://`, {
    wanted: `${scheme}://${bare === '' ? 'bucket/prefix' : bare}`,
    hint: `a local file of that name is written ./${scheme}:…`,
  });
}

function credentialsInUrl(where: string): MigrateError {
  return new MigrateError('E_USAGE', `${where} has credentials in the URL, where everybody sees them`, {
    found: 'an @ before the bucket (not shown)',
    wanted: 'them in the environment, see docs/stores.md',
  });
}
