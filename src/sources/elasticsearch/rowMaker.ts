/** Makes rows of documents: finds their values, writes them, or says why a document can't be one. */
import { isUtf8 } from 'node:buffer';
import type { RefusedRow } from '../../core/batch.ts';
import type { Schema } from '../../core/schema.ts';
import { CborError } from '../../formats/cbor/scan.ts';
import type { Piece } from '../../formats/elastic/assemble.ts';
import { COMMENT } from '../../formats/elastic/coerce.ts';
import type { Rejected } from '../../formats/elastic/coerced.ts';
import { ID } from '../../formats/elastic/declared.ts';
import { createLocator } from '../../formats/elastic/locate.ts';
import type { Reading } from '../../formats/elastic/raw.ts';
import { writtenAnew } from '../../formats/elastic/rewritten.ts';
import { hasComment, JsonTextError } from '../../formats/json/scan.ts';
import { columnWriters, type Into, type Located1, type WriterChoices } from './columnWriters.ts';
import type { ElasticDatasetDetail } from './detail.ts';
import type { PageHit } from './page.ts';
import type { SlabRows } from './slabRows.ts';

export interface RowMaker {
  /** Writes the document's values as the next row of `rows`, without adding it. @returns why it is refused */
  make(reading: Reading, hit: PageHit, rows: SlabRows): RefusedRow | undefined;
  /** What the row that was made last has changed: «title: text cut». */
  readonly changes: readonly string[];
}

export function createRowMaker(
  schema: Schema,
  {
    fields,
    fromDocValues,
    rebuilt,
    rewritten,
  }: Pick<ElasticDatasetDetail, 'fields' | 'fromDocValues' | 'rebuilt' | 'rewritten'>,
  choices: WriterChoices,
): RowMaker {
  const writers = columnWriters(schema, fields, choices);
  const paths = schema.fields.map((_, column) => fields[column]?.path ?? '$meta');
  // Of the dynamic field there is no path: it takes what is left.
  const locate = createLocator(
    fields.map(({ path }) => (path === ID ? undefined : path)),
    (column) => fields[column]!.field.type === 'JSON',
    (column) => fields[column]!.apart === true,
  );
  const elsewhere = fields.flatMap(({ path }, column) => (fromDocValues.includes(path) ? [{ path, column }] : []));
  const changes: string[] = [];
  let writing = '';
  const document: { -readonly [K in keyof Located1]: Located1[K] } = {
    reading: undefined as unknown as Reading,
    id: '',
    located: { pieces: [], rest: [] },
  };
  const changed = (what: string): void => {
    changes.push(`${writing}: ${what}`);
  };
  const into: { rows: SlabRows; readonly changed: Into['changed'] } = {
    rows: undefined as unknown as SlabRows,
    changed,
  };
  const refuse = (hit: PageHit, path: string, { found, wanted }: Rejected): RefusedRow =>
    refusedRow(document.reading, hit, `${path}: found ${found}, wanted ${wanted}`);
  const write = (hit: PageHit): RefusedRow | undefined => {
    const { reading } = document;
    const located = locate(reading, hit.sourceAt);
    document.located =
      hit.fieldsAt < 0 || elsewhere.length === 0
        ? located
        : {
            ...located,
            pieces: withDocValues(reading, hit.fieldsAt, {
              pieces: located.pieces,
              elsewhere,
              first: rebuilt.includes(hit.index),
            }),
          };
    for (let column = 0; column < writers.length; column++) {
      writing = paths[column]!;
      const fault = writers[column]!(document, into);
      if (fault !== undefined) return refuse(hit, writing, fault);
    }
    return undefined;
  };
  return {
    changes,
    make(reading, hit, rows) {
      changes.length = 0;
      writing = '_source';
      document.reading = rewritten ? writtenAnew(reading) : reading;
      document.id = hit.id;
      into.rows = rows;
      if (hit.sourceAt < 0) return refuse(hit, '_source', { kind: 'reject', found: 'none', wanted: 'the document' });
      // Each byte that is none would become U+FFFD, in values and in keys.
      if (!hit.utf8) return refuse(hit, '_source', NOT_UTF8);
      try {
        return write(hit);
      } catch (thrown) {
        if (thrown instanceof CborError) return refuse(hit, writing, CBOR_ALONE);
        if (!(thrown instanceof JsonTextError)) throw thrown;
        // Its bytes were stepped over when the page came, and all else that is no JSON Elasticsearch refuses.
        return refuse(hit, '_source', COMMENT);
      }
    },
  };
}

/** Of a document that was stored as CBOR, which comes as it was sent. */
const CBOR_ALONE: Rejected = {
  kind: 'reject',
  found: 'a value that only CBOR has',
  wanted: 'values that JSON has; read the index as JSON',
};
const NOT_UTF8: Rejected = { kind: 'reject', found: 'bytes that are not UTF-8', wanted: 'UTF-8; index it anew' };

interface Elsewhere {
  readonly pieces: readonly (readonly Piece[])[];
  readonly elsewhere: readonly { readonly path: string; readonly column: number }[];
  /** Whether they are taken in place of those that `_source` holds. */
  readonly first: boolean;
}

/** Vectors that `_source` does not hold, or not as they are, from the answer's `fields`: `{"path": [[0.1, …]]}`. */
function withDocValues(
  reading: Reading,
  fieldsAt: number,
  { pieces, elsewhere, first }: Elsewhere,
): readonly (readonly Piece[])[] {
  const all = [...pieces];
  reading.eachMember(fieldsAt, (key, valueAt) => {
    const missing = elsewhere.find(({ path }) => path === key);
    if (missing !== undefined && (first || all[missing.column]!.length === 0)) {
      const found: Piece[] = [];
      reading.eachElement(valueAt, (at) => {
        found.push({ at, below: [] });
        return reading.skip(at);
      });
      if (found.length > 0) all[missing.column] = found;
    }
    return reading.skip(valueAt);
  });
  return all;
}

/** The document whole, as it was sent. */
export function refusedRow(reading: Reading, { index, id, sourceAt }: PageHit, reason: string): RefusedRow {
  const source = sourceAt < 0 ? '"_source":null' : sourceMember(reading, sourceAt);
  return { key: id, reason, row: `{"_index":${JSON.stringify(index)},"_id":${JSON.stringify(id)},${source}}` };
}

/** What has no place in a JSON text as it is: its bytes, so that nothing of it is lost. */
function sourceMember(reading: Reading, at: number): string {
  try {
    const bytes = Buffer.from(reading.jsonAt(at));
    if (isUtf8(bytes) && !hasComment(bytes)) return `"_source":${bytes.toString('utf8')}`;
    return `"_source":null,"_source_base64":"${bytes.toString('base64')}"`;
  } catch (thrown) {
    if (!(thrown instanceof CborError)) throw thrown;
    // A number beyond a double has become infinity in CBOR, which JSON does not know.
    return '"_source":null';
  }
}
