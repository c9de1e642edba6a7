/** One answer of a search, looked at whole before a row is made of it: so it can be asked for again if it is not right. */
import { isUtf8 } from 'node:buffer';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { CborError } from '../../formats/cbor/scan.ts';
import type { Hit, PageFacts } from '../../formats/elastic/page.ts';
import { scanCborPage } from '../../formats/elastic/pageCbor.ts';
import { scanJsonPage } from '../../formats/elastic/pageJson.ts';
import type { Reading } from '../../formats/elastic/raw.ts';
import { readingCbor } from '../../formats/elastic/readCbor.ts';
import { readingJson } from '../../formats/elastic/readJson.ts';
import { JsonTextError, type NumberSpans } from '../../formats/json/scan.ts';
import type { Encoding } from './connect.ts';

/** A document, as places in its page's bytes. */
export interface PageHit extends Readonly<Pick<Hit, 'index' | 'id' | 'sourceAt' | 'sortAt' | 'fieldsAt'>> {
  /** Whether its `_source` is UTF-8. Elasticsearch takes more than that, and gives back the bytes that it got. */
  readonly utf8: boolean;
}

/** Valid until its buffer is used for another. */
export interface Page {
  readonly hits: readonly PageHit[];
  readonly reading: Reading;
  readonly facts: PageFacts;
  /** Length of the answer. */
  readonly bytes: number;
  /** Whether it was read past the snapshot, which is gone. */
  readonly withoutSnapshot: boolean;
}

/** @throws MigrateError E_READ (retry) where the answer is not whole: cut, malformed, or of a part of the shards */
export function readPage(body: Uint8Array, encoding: Encoding, index: string): Omit<Page, 'withoutSnapshot'> {
  const hits: { -readonly [K in keyof PageHit]: PageHit[K] }[] = [];
  const onHit = ({ index: from, id, sourceAt, sortAt, fieldsAt }: Readonly<Hit>): void => {
    hits.push({ index: from, id, sourceAt, sortAt, fieldsAt, utf8: true });
  };
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  // Texts are cut from a Buffer, and one is made for all of them.
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const spans: NumberSpans = new Map();
  try {
    const facts = encoding === 'json' ? scanJsonPage(text, onHit, spans) : scanCborPage(view, onHit);
    checkWhole(facts, index);
    const reading = encoding === 'json' ? readingJson(text, spans) : readingCbor(view);
    // Texts in CBOR are written anew by the server, always as UTF-8.
    if (encoding === 'json' && !isUtf8(text))
      for (const hit of hits) hit.utf8 = hit.sourceAt < 0 || isUtf8(reading.jsonAt(hit.sourceAt));
    return { hits, reading, facts, bytes: body.length };
  } catch (thrown) {
    if (!(thrown instanceof JsonTextError || thrown instanceof CborError)) throw thrown;
    const last = hits.at(-1);
    const behind = last === undefined ? '' : `, in or behind the document ${last.id}`;
    const maybe = encoding === 'json' && (text.includes('/*') || text.includes('//')) ? MAYBE_COMMENTS : '';
    throw new MigrateError('E_READ', MALFORMED, {
      at: { collection: index, offset: thrown.offset },
      found: `${messageOf(thrown)}, in an answer of ${body.length} bytes${behind}`,
      wanted: `${encoding.toUpperCase()} as Elasticsearch writes it${maybe}`,
      retry: true,
    });
  }
}

/** Of an answer that can not be taken apart. */
export const MALFORMED = 'an answer of Elasticsearch is malformed';

/** One can hide where its document ends. */
const MAYBE_COMMENTS = '; where a document has comments, --es-encoding cbor reads it';

/** Elasticsearch answers 200 for what it has, where shards failed or its time was up. */
function checkWhole({ error, timedOut, shards }: PageFacts, index: string): void {
  if (error === undefined && !timedOut && shards.failed === 0 && shards.total > 0) return;
  throw new MigrateError('E_READ', 'Elasticsearch answered for a part of the index only', {
    at: { collection: index },
    found: error ?? `${shards.failed} of ${shards.total} shards failed${timedOut ? ', timed out' : ''}`,
    wanted: 'all shards',
    retry: true,
  });
}

/** The first sort value of a hit, a whole number. @throws MigrateError E_READ */
export function sortNumber(reading: Reading, hit: PageHit): number {
  return sortValues(reading, hit)[0]!;
}

/** The sort values of a hit, whole numbers all of them, at least one. @throws MigrateError E_READ */
export function sortValues(reading: Reading, { sortAt, id, index }: PageHit): readonly number[] {
  const values: number[] = [];
  if (sortAt >= 0)
    reading.eachElement(sortAt, (at) => {
      const raw = reading.rawAt(at);
      values.push(raw.kind === 'number' ? Number(raw.text) : Number.NaN);
      return reading.skip(at);
    });
  if (values.length > 0 && values.every(Number.isSafeInteger)) return values;
  throw new MigrateError('E_READ', 'a document came without its number', {
    at: { collection: index },
    found: `_id ${id}, sort ${values.join(', ')}`,
    wanted: 'its _seq_no',
    retry: true,
  });
}
