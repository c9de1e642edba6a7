/** The indices that a name stands for (index, alias, data stream, wildcard), and what is known of each. */
import { MigrateError, messageOf } from '../../core/errors.ts';
import { parseExactly } from '../../formats/elastic/exactJson.ts';
import type { Properties } from '../../formats/elastic/mapping.ts';
import { type Elastic, type ElasticVersion, indexPath } from './connect.ts';

export interface IndexFacts {
  /** Of the index itself, not of an alias or data stream. */
  readonly name: string;
  /** The one that it is of. */
  readonly dataStream: string | undefined;
  /** Another one once it is deleted and made anew. */
  readonly uuid: string;
  readonly shards: number;
  readonly properties: Properties;
  /** Fields computed at search time, which no document holds. */
  readonly runtime: readonly string[];
  readonly stored: StoredSource;
  /** A closed index answers to no search. */
  readonly closed: boolean;
}

/** What of a document `_source` gives back. */
export interface StoredSource {
  readonly enabled: boolean;
  /** Put together from doc values: arrays sorted, duplicates gone. */
  readonly synthetic: boolean;
  /** Patterns of paths that are left out; of `includes`, those that are not. */
  readonly excludes: readonly string[];
  readonly includes: readonly string[];
  /** Vectors are left out unless they are asked for (9.2 and newer). */
  readonly withoutVectors: boolean;
}

/** Errors: E_SOURCE_NOT_FOUND (no such index, or none that matches), E_SOURCE_ACCESS, E_METADATA. */
export async function readIndices(
  elastic: Elastic,
  expression: string,
  version: ElasticVersion,
): Promise<readonly IndexFacts[]> {
  const answer = await elastic.text({
    method: 'GET',
    path: `/${indexPath(expression)}`,
    // The closed ones too: a wildcard means them, and what it means must not be missing without a word.
    query: { allow_no_indices: false, expand_wildcards: 'open,closed,hidden', flat_settings: true },
    asked: 'read the mapping',
    index: expression,
  });
  const found = Object.entries(parseMappings(answer, expression)).filter(([name, facts]) =>
    wanted(name, facts, expression),
  );
  if (found.length === 0)
    throw new MigrateError('E_SOURCE_NOT_FOUND', 'no index matches', { at: { collection: expression } });
  const isMeant = await meantBy(elastic, expression);
  for (const [name, facts] of found) refuseNarrowAlias(name, facts, isMeant);
  await refuseNarrowStreams(elastic, found, { expression, isMeant });
  return found.map(([name, facts]) => factsOf(name, facts, version)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Errors: E_METADATA. */
function parseMappings(text: string, expression: string): Readonly<Record<string, unknown>> {
  try {
    return parseExactly(text) as Readonly<Record<string, unknown>>;
  } catch (thrown) {
    throw new MigrateError('E_METADATA', 'the mapping is not JSON', {
      at: { collection: expression },
      found: messageOf(thrown),
      cause: thrown,
    });
  }
}

/** What an index, or a data stream, is called besides its own name. */
interface Called {
  readonly aliases?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly data_stream?: string;
}

/** Shards are read whole: an alias that shows some of their documents only would give more than it does in a search. */
function refuseNarrowAlias(name: string, facts: unknown, isMeant: Meant): void {
  const { aliases = {} } = facts as Called;
  if (isMeant(name)) return;
  for (const [alias, { filter, search_routing }] of Object.entries(aliases)) {
    if ((filter === undefined && search_routing === undefined) || !isMeant(alias)) continue;
    throw new MigrateError('E_SOURCE_SCHEMA', 'an alias shows some documents of its index only', {
      at: { collection: alias, field: filter === undefined ? 'search_routing' : 'filter' },
      found: JSON.stringify(filter ?? search_routing),
      wanted: 'an alias of whole indices',
      hint: `name the index (${name}), and leave documents out with --where`,
    });
  }
}

/** The aliases of a data stream stand with it, not with its indices. */
async function refuseNarrowStreams(
  elastic: Elastic,
  found: readonly (readonly [string, unknown])[],
  { expression, isMeant }: { readonly expression: string; readonly isMeant: Meant },
): Promise<void> {
  const streams = found.flatMap(([name, facts]) => (isMeant(name) ? [] : streamOf(facts)));
  const others = [...new Set(streams)].filter((stream) => !isMeant(stream));
  if (others.length === 0) return;
  const path = `/${indexPath(others.join(','))}/_alias`;
  const answer = (await elastic.ask({ method: 'GET', path, asked: 'read its aliases', index: expression })) as object;
  for (const [stream, facts] of Object.entries(answer)) refuseNarrowAlias(stream, facts, isMeant);
}

function streamOf(facts: unknown): string[] {
  const { data_stream } = facts as Called;
  return data_stream === undefined ? [] : [data_stream];
}

/** Whether an index, alias or data stream is one that was named, by its own name. */
type Meant = (name: string) => boolean;

/** Which names those with a date in them stand for (`<logs-{now/d}>`) is Elasticsearch's to say. */
async function meantBy(elastic: Elastic, expression: string): Promise<Meant> {
  const names = expression.split(',').map((one) => one.trim().replace(/::\w+$/, ''));
  const dated = names.filter((one) => one.startsWith('<'));
  const exactly = new Set(dated.length === 0 ? [] : await namesOf(elastic, dated.join(','), expression));
  const patterns = names.filter((one) => !one.startsWith('<')).map(patternOf);
  return (name) => exactly.has(name) || patterns.some((pattern) => pattern.test(name));
}

async function namesOf(elastic: Elastic, dated: string, expression: string): Promise<string[]> {
  const {
    indices = [],
    aliases = [],
    data_streams = [],
  } = (await elastic.ask({
    method: 'GET',
    path: `/_resolve/index/${indexPath(dated)}`,
    query: { expand_wildcards: 'open,closed,hidden' },
    asked: 'say what the name stands for',
    index: expression,
  })) as Readonly<Partial<Record<'indices' | 'aliases' | 'data_streams', readonly { readonly name: string }[]>>>;
  return [...indices, ...aliases, ...data_streams].map(({ name }) => name);
}

/** Of a name in which `*` stands for anything. */
function patternOf(name: string): RegExp {
  return new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
}

/**
 * Elasticsearch's own indices begin with a dot, and so do all of their other names: a wildcard means them only where it
 * begins with one, too.
 */
function wanted(name: string, facts: unknown, expression: string): boolean {
  const names = [name, ...otherNamesOf(facts)];
  const isOwn = names.every((one) => one.startsWith('.')) && !(name.startsWith('.ds-') && names.length === 1);
  if (!isOwn) return true;
  return expression.split(',').some((one) => one.startsWith('.') || one.startsWith('<') || names.includes(one));
}

function otherNamesOf(facts: unknown): string[] {
  return [...Object.keys((facts as Called).aliases ?? {}), ...streamOf(facts)];
}

function factsOf(name: string, facts: unknown, version: ElasticVersion): IndexFacts {
  const { mappings, settings } = facts as {
    mappings?: { properties?: Properties; runtime?: object; _source?: Record<string, unknown> };
    settings?: Record<string, unknown>;
  };
  const uuid = settings?.['index.uuid'];
  const shards = Number(settings?.['index.number_of_shards']);
  if (typeof uuid !== 'string' || !/^[\w-]+$/.test(uuid) || !Number.isSafeInteger(shards) || shards < 1)
    throw new MigrateError('E_METADATA', 'the settings of an index are not what Elasticsearch gives', {
      at: { collection: name, field: 'settings' },
      found: `uuid ${String(uuid)}, ${shards} shards`,
      wanted: 'index.uuid and index.number_of_shards',
    });
  return {
    name,
    dataStream: (facts as Called).data_stream,
    uuid,
    shards,
    properties: mappings?.properties ?? {},
    runtime: Object.keys(mappings?.runtime ?? {}),
    stored: storedSource(mappings?._source ?? {}, settings ?? {}, version),
    // Elasticsearch's own mark, which goes when the index is opened.
    closed: String(settings?.['index.verified_before_close']) === 'true',
  };
}

function storedSource(
  source: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>>,
  { major, minor }: ElasticVersion,
): StoredSource {
  const excluding = settings['index.mapping.exclude_source_vectors'];
  const byDefault = major > 9 || (major === 9 && minor >= 2);
  // In the mapping, as older versions have it, or in a setting, as newer ones do.
  const modes = [source.mode, settings['index.mapping.source.mode']];
  return {
    enabled: source.enabled !== false && !modes.includes('disabled'),
    synthetic: modes.includes('synthetic') || (isSyntheticByKind(settings) && !modes.includes('stored')),
    excludes: Array.isArray(source.excludes) ? source.excludes.map(String) : [],
    includes: Array.isArray(source.includes) ? source.includes.map(String) : [],
    withoutVectors: excluding === undefined ? byDefault : String(excluding) === 'true',
  };
}

/** Logs and metrics have it so unless something else is said. */
function isSyntheticByKind(settings: Readonly<Record<string, unknown>>): boolean {
  return ['logsdb', 'time_series'].includes(String(settings['index.mode']));
}

/** Errors: E_SOURCE_NOT_FOUND, with the names of all that are closed. */
export function refuseClosed(indices: readonly IndexFacts[]): void {
  const closed = indices.filter((index) => index.closed).map(({ name }) => name);
  if (closed.length === 0) return;
  throw new MigrateError('E_SOURCE_NOT_FOUND', 'a closed index gives no documents', {
    at: { collection: closed[0]! },
    found: `closed: ${closed.join(', ')}`,
    wanted: 'open indices',
    hint: `POST /${closed.join(',')}/_open opens ${closed.length === 1 ? 'it' : 'them'}; or name the others only`,
  });
}

/**
 * An index is asked for by its name, which another one may bear by now. Errors: E_SOURCE_CHANGED.
 * @param planned the index, and the uuid that it had
 */
export async function checkSameIndex(
  elastic: Elastic,
  { index, uuid }: { readonly index: string; readonly uuid: string },
): Promise<void> {
  const answer = (await elastic.ask({
    method: 'GET',
    path: `/${indexPath(index)}/_settings/index.uuid`,
    query: { flat_settings: true },
    asked: 'read its settings',
    index,
  })) as Record<string, { settings?: Record<string, unknown> }>;
  const found = answer[index]?.settings?.['index.uuid'];
  if (found === uuid) return;
  throw new MigrateError('E_SOURCE_CHANGED', 'the index is not the one that the job was planned for', {
    at: { collection: index },
    found: `an index with the uuid ${String(found)}`,
    wanted: uuid,
    hint: 'start over with --fresh',
  });
}

/** Whether `_source` does not hold the field at `path`. */
export function isExcluded({ excludes, includes }: StoredSource, path: string): boolean {
  const matches = (pattern: string): boolean => matchesPattern(pattern, path);
  return excludes.some(matches) || (includes.length > 0 && !includes.some(matches));
}

/**
 * Whether documents were written anew without a part of them, other than they were sent (seen with 8.19; of the vectors
 * that 9.2 leaves out it is taken to be so).
 */
export function isFiltered({ excludes, includes, withoutVectors }: StoredSource): boolean {
  return excludes.length > 0 || includes.length > 0 || withoutVectors;
}

/** Of `excludes` and `includes`. A pattern for an object means all that is in it. */
export function matchesPattern(pattern: string, path: string): boolean {
  const shape = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${shape}(\\..*)?$`).test(path);
}
