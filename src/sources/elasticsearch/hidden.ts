/**
 * What of an index its login does not see. Elasticsearch leaves documents and fields out that a role hides (document- and
 * field-level security) as if they were not there: whoever reads has to ask.
 */
import type { ElasticCredentials } from '../../config/elasticsearch.ts';
import type { Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type Properties, typeOf } from '../../formats/elastic/mapping.ts';
import { type Elastic, indexPath } from './connect.ts';
import { isDenied } from './failures.ts';
import type { IndexFacts } from './indices.ts';
import { countDocuments } from './slices.ts';
import { refresh } from './snapshot.ts';

/** Index privileges of one or more of the login's roles. */
interface Grant {
  readonly names: readonly string[];
  readonly privileges: readonly string[];
  /** Which documents they are for. Absent: all. */
  readonly query?: readonly string[];
  /** Which fields they are for. Absent: all. */
  readonly field_security?: readonly FieldSecurity[];
}

interface FieldSecurity {
  readonly grant?: readonly string[];
  readonly except?: readonly string[];
}

/** So many are asked about at a time. */
const INDICES = 8;

/** By the index's name; the grants are asked for once, whatever the number of indices. Errors: E_SOURCE_UNREACHABLE, E_READ. */
export async function hiddenNotes(
  elastic: Elastic,
  indices: readonly IndexFacts[],
  login: ElasticCredentials['kind'],
): Promise<ReadonlyMap<string, readonly Note[]>> {
  const notes = new Map<string, readonly Note[]>();
  if (login === 'none') return notes;
  // Of an API key with roles of its own nobody but its administrator is told.
  const grants = (await grantsOf(elastic)) ?? [];
  const look = async (index: IndexFacts): Promise<void> => {
    const texts = hiddenBy(grants, index) ?? (await fewerDocuments(elastic, index));
    notes.set(
      index.name,
      texts.map((text) => ({ kind: 'lossy', text: `${index.name}: ${text}` })),
    );
  };
  for (let from = 0; from < indices.length; from += INDICES)
    await Promise.all(indices.slice(from, from + INDICES).map(look));
  return notes;
}

/** undefined: this login is not told. */
async function grantsOf(elastic: Elastic): Promise<readonly Grant[] | undefined> {
  try {
    const path = '/_security/user/_privileges';
    const answer = (await elastic.ask({ method: 'GET', path, asked: 'read its own privileges' })) as {
      indices?: readonly Grant[];
    };
    return answer.indices ?? [];
  } catch (thrown) {
    if (!(thrown instanceof MigrateError) || thrown.retry || thrown.code === 'E_SOURCE_UNREACHABLE') throw thrown;
    return undefined;
  }
}

/**
 * A role that hides nothing of the index outweighs those that do. One on a data stream is one on its indices; one on an
 * alias counts only where it is asked for by that name, and indices are read by their own. undefined: by none that is
 * known is it read, so there may be one with a pattern that is not understood here.
 */
function hiddenBy(grants: readonly Grant[], { name, dataStream }: IndexFacts): string[] | undefined {
  const reading = grants.filter(
    ({ names, privileges }) =>
      privileges.some(mayRead) && (isNamed(name, names) || (dataStream !== undefined && isNamed(dataStream, names))),
  );
  if (reading.length === 0) return undefined;
  const texts: string[] = [];
  if (reading.every(({ query = [] }) => query.length > 0)) {
    const queries = [...new Set(reading.flatMap(({ query = [] }) => query))];
    texts.push(`the login sees some of its documents only, those of ${queries.join(' or ')} (document-level security)`);
  }
  if (reading.every(({ field_security: fields = [] }) => fields.length > 0 && fields.every(isLimited)))
    texts.push('the login sees some of its fields only (field-level security)');
  return texts;
}

/** Those that have a name, or the pattern of an action. */
function mayRead(privilege: string): boolean {
  return privilege === 'read' || privilege === 'all' || isNamed('indices:data/read/search', [privilege]);
}

function isLimited({ grant = [], except = [] }: FieldSecurity): boolean {
  return !grant.includes('*') || except.length > 0;
}

function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => expressionOf(pattern)?.test(name) === true);
}

/** Of a name as roles have it: with `*` and `?`, or a regular expression between slashes. undefined: one of Lucene's own. */
function expressionOf(pattern: string): RegExp | undefined {
  const regular = /^\/(.*)\/$/s.exec(pattern)?.[1];
  const shape = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  try {
    return new RegExp(`^(?:${regular ?? shape})$`);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    return undefined;
  }
}

/** An index that is changed meanwhile is looked at again before anything is said of it. */
const LOOKS = 3;

/** The index's statistics count all of its documents, whoever asks; a search counts those that the login sees. */
async function fewerDocuments(elastic: Elastic, { name, properties }: IndexFacts): Promise<string[]> {
  // Each nested object is counted as a document there.
  if (hasNested(properties)) return [];
  let told: string[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const refreshed = await refresh(elastic, { name });
    const before = await documentsHeld(elastic, name);
    const seen = await countDocuments(elastic, name);
    const held = Math.min(before, await documentsHeld(elastic, name));
    if (seen >= held) return [];
    const why = refreshed ? 'document-level security' : 'document-level security, or not visible before a refresh';
    told = [`the login sees ${seen} of the ${held} documents that the index holds (${why})`];
  }
  return told;
}

/** 0: the login may not ask. */
async function documentsHeld(elastic: Elastic, index: string): Promise<number> {
  try {
    const path = `/${indexPath(index)}/_stats/docs`;
    const query = { filter_path: '_all.primaries.docs.count' };
    const answer = (await elastic.ask({ method: 'GET', path, query, asked: 'read its statistics', index })) as {
      _all?: { primaries?: { docs?: { count?: number } } };
    };
    return answer._all?.primaries?.docs?.count ?? 0;
  } catch (thrown) {
    if (!isDenied(thrown)) throw thrown;
    return 0;
  }
}

function hasNested(properties: Properties): boolean {
  return Object.values(properties).some(
    (property) => typeOf(property) === 'nested' || hasNested(property.properties ?? {}),
  );
}
