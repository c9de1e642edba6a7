/** Values that stand in the mapping, or are made of it when documents are indexed, and so in no document. */
import type { Note } from '../../core/contracts.ts';
import { exactText } from './exactJson.ts';
import type { Property } from './mapping.ts';

/** The value that all documents of a `constant_keyword` have, whether they say it or not, as JSON text; undefined: none yet. */
export function constantOf(property: Property): string | undefined {
  const { type, value } = property;
  return type !== 'constant_keyword' || (value ?? null) === null ? undefined : exactText(value);
}

/** Of a field and all that is below it. */
export function mappingOnlyNotes(path: string, property: Property): Note[] {
  const notes: Note[] = [];
  const lossy = (at: string, { type }: Property, text: string) =>
    notes.push({ kind: 'lossy', text: `${at} (${String(type)}): ${text}` });
  const look = (at: string, one: Property): void => {
    if (one.script !== undefined)
      lossy(
        at,
        one,
        'a script of the mapping computes it when a document is indexed: it is in no document, and stays behind',
      );
    if (at !== path && constantOf(one) !== undefined)
      lossy(at, one, `${constantOf(one)} in the mapping: documents that do not repeat it go over without it`);
    for (const [name, inner] of Object.entries(one.properties ?? {})) look(`${at}.${name}`, inner);
  };
  look(path, property);
  return notes;
}
