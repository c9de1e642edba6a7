/** What the documents that Elasticsearch gives back do not hold, or hold otherwise than they were sent. */
import type { Note } from '../../core/contracts.ts';
import { ID, lookUp } from '../../formats/elastic/declared.ts';
import type { MappedField, Property } from '../../formats/elastic/mapping.ts';
import { type IndexFacts, isExcluded, isFiltered, matchesPattern } from './indices.ts';

/** @param dynamic whether what belongs to no field goes over as well */
export function sourceNotes(indices: readonly IndexFacts[], fields: readonly MappedField[], dynamic: boolean): Note[] {
  return indices.flatMap((index) => {
    const { name, stored, runtime } = index;
    const texts: string[] = [];
    if (stored.synthetic)
      texts.push(
        '_source is synthetic: documents come as the index holds them, numbers and points rounded to their types, arrays sorted and without duplicates, objects of an array as one',
      );
    const gone = leftOut(index, fields, dynamic);
    if (gone.length > 0) texts.push(`_source leaves out ${gone.join(', ')}`);
    const asJson = dynamic || fields.some(({ field }) => field.type === 'JSON');
    if (isFiltered(stored) && asJson) texts.push(WRITTEN_ANEW);
    const rounded = fields.filter((field) => isRounded(index, field)).map(({ path }) => path);
    if (rounded.length > 0)
      texts.push(
        `${rounded.join(', ')}: not in _source as sent, and the index keeps cosine vectors at length 1: their numbers may differ by 1e-7 of their size`,
      );
    if (runtime.length > 0) texts.push(`runtime fields stay behind: ${runtime.join(', ')}`);
    return texts.map((text): Note => ({ kind: 'lossy', text: `${name}: ${text}` }));
  });
}

const WRITTEN_ANEW =
  '_source leaves something out, and Elasticsearch has written the rest anew: fractions in JSON columns and the dynamic field have the digits of a double (1.1 for 1.10)';

/** Fields, parts of fields and patterns of what may be in documents, all without the vectors that come in another way. */
function leftOut(index: IndexFacts, fields: readonly MappedField[], dynamic: boolean): string[] {
  const { excludes, includes } = index.stored;
  if (excludes.length === 0 && includes.length === 0) return [];
  const parts = fields.filter(({ path }) => path !== ID).map((field) => ({ ...field, leaves: leavesOf(index, field) }));
  const gone = parts.flatMap(({ path, elementType, leaves }) => {
    const excluded = elementType === null ? leaves.filter((leaf) => isExcluded(index.stored, leaf)) : [];
    return excluded.length === leaves.length && leaves.length > 0 ? [path] : excluded;
  });
  // What the mapping does not know may be in documents all the same, where objects are not looked into.
  const unknown = excludes.filter(
    (pattern) =>
      !parts.some(({ leaves }) => leaves.some((leaf) => matchesPattern(pattern, leaf))) &&
      (dynamic || parts.some(({ path, field }) => field.type === 'JSON' && mayBeBelow(pattern, path))),
  );
  const beside = dynamic && includes.length > 0 && !includes.includes('*') ? ['what the mapping does not name'] : [];
  return [...gone, ...unknown, ...beside];
}

/**
 * Whether a vector comes from the index, which keeps it at length 1 with its length beside. Bytes and vectors for other
 * metrics are kept as they were sent.
 */
export function isRounded({ stored }: IndexFacts, { path, elementType, metric }: MappedField): boolean {
  if (metric !== 'COSINE' || elementType === null || elementType === 'byte') return false;
  return stored.synthetic || stored.withoutVectors || isExcluded(stored, path);
}

/** The paths with values of their own that a field takes: below an object, all that are no fields themselves. */
function leavesOf({ properties }: IndexFacts, { path, without }: MappedField): string[] {
  const property = lookUp(properties, path)?.property;
  return property === undefined ? [] : leavesBelow(path, property).filter((leaf) => !without.includes(leaf));
}

function leavesBelow(path: string, { properties = {} }: Property): string[] {
  const inner = Object.entries(properties);
  return inner.length === 0 ? [path] : inner.flatMap(([name, property]) => leavesBelow(`${path}.${name}`, property));
}

function mayBeBelow(pattern: string, path: string): boolean {
  const below = `${path}.`;
  const literal = pattern.split('*', 1)[0]!;
  return literal.startsWith(below) || (literal !== pattern && below.startsWith(literal));
}
