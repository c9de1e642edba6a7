/**
 * The pages of one shard's range of `_seq_no`, in rising order: within the shard's snapshot, and when that is lost, by
 * the numbers alone. A page may be asked for any number of times: what it holds follows from the range.
 *
 * A shard that `_shrink` made of several has their documents with the numbers that they had: several of one number. Within
 * the snapshot the places of the documents in it tell them apart; without, nothing does.
 */
import { MigrateError, toMigrateError } from '../../core/errors.ts';
import {
  type Elastic,
  type ElasticRequest,
  type Encoding,
  indexPath,
  type PageBuffer,
  type PageBuffers,
} from './connect.ts';
import { pageTrouble } from './failures.ts';
import { checkSameIndex } from './indices.ts';
import { type Page, readPage, sortNumber, sortValues } from './page.ts';
import type { PageSizes } from './pageSize.ts';
import { createPatience } from './patience.ts';
import type { SeqNoDetail } from './plan.ts';
import { countDocuments } from './slices.ts';
import { checkSameHistory, KEEP_ALIVE, refresh } from './snapshot.ts';

export interface RangeReading {
  readonly elastic: Elastic;
  readonly range: SeqNoDetail;
  /** Documents in it, as planned: within the snapshot exactly so many come. */
  readonly rows: number;
  readonly encoding: Encoding;
  /** What of the documents comes: see `partsOf`. */
  readonly parts: Readonly<Record<string, unknown>>;
  readonly sizes: PageSizes;
  readonly buffers: PageBuffers;
  /** Documents are known by their place among those that were planned: without the snapshot, too, none may be missing. */
  readonly counted: boolean;
}

/** Where reading stands. */
interface Place {
  /** The first number that was not read yet; within the snapshot there may be more documents of the one before. */
  next: number;
  /** Sort values of the last document that was read within the snapshot: its number, and its place. */
  after: readonly number[] | undefined;
  /** `_id` of that document. */
  lastId: string;
  read: number;
  /** undefined: the snapshot is gone. */
  pit: string | undefined;
  /** Nobody wants another page. */
  left: boolean;
  /** Without a snapshot: whether the index is known to be the same, and to show all that the snapshot had. */
  confirmed: boolean;
}

/**
 * A page is valid until the next is asked for. While rows are made of it, the next one is on its way.
 * Errors: E_READ, E_SOURCE_ACCESS, E_SOURCE_CHANGED, E_SOURCE_UNREACHABLE.
 */
export async function* rangePages(reading: RangeReading): AsyncGenerator<Page> {
  const { range, rows } = reading;
  const unread = { next: range.from, after: undefined, lastId: '', read: 0 };
  const place: Place = { ...unread, pit: range.pit, left: false, confirmed: false };
  let coming = place.next < range.to ? arrival(reading, place) : undefined;
  try {
    while (coming !== undefined) {
      const { page, asked, buffer } = await coming;
      coming = undefined;
      try {
        if (page.hits.length === 0) {
          // Nothing is left in the range: what was there may have changed since.
          if (page.withoutSnapshot) yield page;
          break;
        }
        place.read += page.hits.length;
        const last = page.hits.at(-1)!;
        place.after = sortValues(page.reading, last);
        place.lastId = last.id;
        place.next = place.after[0]! + 1;
        const within = place.pit !== undefined;
        const ends = within ? page.hits.length < asked || place.read > rows : place.next >= range.to;
        if (!ends) coming = arrival(reading, place);
        yield page;
      } finally {
        reading.buffers.give(buffer);
      }
    }
  } finally {
    place.left = true;
  }
  if (place.pit === undefined) await checkSameIndex(reading.elastic, range);
  if (place.read === rows) return;
  if (place.pit !== undefined) throw otherCount(range, place.read, rows);
  // They only ever leave a range: as many as there were are the same ones.
  if (reading.counted) throw otherPlaces(range, place.read, rows);
}

interface Arrived {
  readonly page: Page;
  readonly asked: number;
  /** What the page lies in. */
  readonly buffer: PageBuffer;
}

/** Asks for the next page. Whoever leaves before it is there need not wait for it: it takes care of its buffer. */
function arrival(reading: RangeReading, place: Place): Promise<Arrived> {
  const buffer = reading.buffers.take();
  const coming = nextPage(reading, place, buffer);
  const giveBack = (): void => reading.buffers.give(buffer);
  // Its error is seen by whoever waits for it.
  coming.then(() => place.left && giveBack(), giveBack);
  return coming;
}

/** Asks until the next page is there, whole and as it must be. */
async function nextPage(reading: RangeReading, place: Place, buffer: PageBuffer): Promise<Arrived> {
  const { elastic, range, encoding, sizes } = reading;
  const patience = createPatience();
  for (;;) {
    // One more than are left: so the last page says that it is the last.
    const left = place.pit === undefined ? Number.POSITIVE_INFINITY : Math.max(1, reading.rows - place.read + 1);
    const asked = Math.min(sizes.rows, left);
    try {
      if (place.pit === undefined && !place.confirmed) {
        await checkSameIndex(elastic, range);
        await checkSameHistory(elastic, range);
        await refresh(elastic, { name: range.index });
        await refuseHalfRead(reading, place, buffer);
        place.confirmed = true;
      }
      const body = await elastic.bytes(requestOf(reading, place, asked), encoding, buffer);
      const page = { ...readPage(body, encoding, range.index), withoutSnapshot: place.pit === undefined };
      if (page.withoutSnapshot) await refuseSharedNumbers(elastic, page, { range, asked });
      checkPage(page, { range, asked, last: furtherFrom(place) ?? [place.next - 1] });
      sizes.came(page.hits.length, page.bytes);
      place.pit &&= page.facts.pitId ?? place.pit;
      return { page, asked, buffer };
    } catch (thrown) {
      const error = toMigrateError(thrown);
      if (place.left) throw error;
      const trouble = pageTrouble(error);
      if (trouble === 'context lost' && place.pit !== undefined) {
        place.pit = undefined;
        continue;
      }
      // The snapshot knows by its uuid that the index is gone; another one may bear its name.
      if (error.code === 'E_SOURCE_NOT_FOUND') await checkSameIndex(elastic, range);
      if (trouble === 'too large') {
        if (!sizes.shrink(asked)) throw await singleTooLarge(reading, place, error);
        continue;
      }
      if (trouble === 'overload') sizes.shrink(asked);
      await patience.wait(error);
    }
  }
}

/** undefined: from the next number on. */
function furtherFrom({ after, pit }: Pick<Place, 'after' | 'pit'>): readonly number[] | undefined {
  return pit === undefined ? undefined : after;
}

function requestOf(
  { range, parts }: Pick<RangeReading, 'range' | 'parts'>,
  place: Pick<Place, 'next' | 'after' | 'pit'>,
  size: number,
): ElasticRequest {
  const { next, pit } = place;
  const further = furtherFrom(place);
  const search = {
    size,
    query: { range: { _seq_no: { gte: further?.[0] ?? next, lt: range.to } } },
    ...(further === undefined ? {} : { search_after: further }),
    sort: [{ _seq_no: 'asc' }],
    track_total_hits: false,
    ...parts,
  };
  const whole = { allow_partial_search_results: false };
  const asked = 'read its documents';
  const { index } = range;
  if (pit !== undefined) {
    const body = { ...search, pit: { id: pit, keep_alive: range.keepAlive ?? KEEP_ALIVE } };
    return { method: 'POST', path: '/_search', query: whole, body, asked, index };
  }
  const query = { ...whole, preference: `_shards:${range.shard}` };
  return { method: 'POST', path: `/${indexPath(index)}/_search`, query, body: search, asked, index };
}

interface Expected {
  readonly range: SeqNoDetail;
  readonly asked: number;
  /** Sort values that all of the page are behind. */
  readonly last: readonly number[];
}

/** One shard, this index, rising numbers within the range, no more than asked for. */
function checkPage({ hits, reading, facts }: Page, { range, asked, last: before }: Expected): void {
  let last = before;
  let found = facts.shards.total === 1 ? undefined : `${facts.shards.total} shards`;
  if (hits.length > asked) found ??= `${hits.length} documents`;
  for (const hit of hits) {
    const values = sortValues(reading, hit);
    if (!isBehind(values, last) || values[0]! >= range.to) found ??= `_seq_no ${values[0]} behind ${last[0]}`;
    if (hit.index !== range.index) found ??= `a document of ${hit.index}`;
    last = values;
  }
  if (found === undefined) return;
  throw new MigrateError('E_READ', 'a page of documents is not what was asked for', {
    at: { collection: range.index },
    found,
    wanted: `${asked} documents of shard ${range.shard} at most, _seq_no rising from ${before[0]! + 1} to below ${range.to}`,
    retry: true,
  });
}

/** By its number, then by its place in the snapshot, where that is known. */
function isBehind([number, place]: readonly number[], [lastNumber, lastPlace]: readonly number[]): boolean {
  return number! > lastNumber! || (number === lastNumber && place !== undefined && place > (lastPlace ?? place));
}

/** Of documents that share a number some would be passed over, where a page ends among them. */
async function refuseSharedNumbers(
  elastic: Elastic,
  { hits, reading }: Page,
  { range, asked }: Omit<Expected, 'last'>,
): Promise<void> {
  const numbers = hits.map((hit) => sortNumber(reading, hit));
  let shared = numbers.find((number, at) => number === numbers[at - 1]);
  const last = numbers.at(-1);
  if (shared === undefined && last !== undefined && hits.length === asked) {
    const of = { query: { range: { _seq_no: { gte: last, lte: last } } }, shard: range.shard };
    if ((await countDocuments(elastic, range.index, of)) > 1) shared = last;
  }
  if (shared !== undefined) throw sharedNumber(range, shared);
}

/**
 * Reading goes on behind the number of the last document that was read within the snapshot: no other may bear it. Of two that
 * did one may be gone meanwhile, so that it is not enough to count them.
 */
async function refuseHalfRead(
  { elastic, range, encoding }: RangeReading,
  { after, lastId }: Place,
  buffer: PageBuffer,
): Promise<void> {
  if (after === undefined) return;
  const [number] = after as [number];
  const only = { range: { ...range, from: number, to: number + 1 }, parts: { _source: false } };
  const request = requestOf(only, { next: number, after: undefined, pit: undefined }, 2);
  const { hits } = readPage(await elastic.bytes(request, encoding, buffer), encoding, range.index);
  if (hits.length > 1 || hits.some(({ id }) => id !== lastId)) throw sharedNumber(range, number);
}

function sharedNumber({ index, shard }: SeqNoDetail, number: number): MigrateError {
  return new MigrateError(
    'E_SOURCE_CHANGED',
    'the snapshot is gone, and documents of the shard share numbers: only within it they are told apart',
    {
      at: { collection: index },
      found: `several documents of _seq_no ${number} in shard ${shard}, as _shrink makes them`,
      wanted: 'a number for each document',
      hint: 'start over with --fresh',
    },
  );
}

function otherCount({ index, shard, from, to }: SeqNoDetail, found: number, wanted: number): MigrateError {
  return new MigrateError('E_READ', 'the snapshot gave another number of documents than it held when it was opened', {
    at: { collection: index },
    found: `${found} documents in shard ${shard}, _seq_no ${from} to ${to - 1}`,
    wanted: `${wanted} documents`,
    retry: true,
  });
}

function otherPlaces({ index, shard, from, to }: SeqNoDetail, found: number, wanted: number): MigrateError {
  return new MigrateError(
    'E_SOURCE_CHANGED',
    'documents changed, and the snapshot in which duplicates were found is gone',
    {
      at: { collection: index },
      found: `${found} documents in shard ${shard}, _seq_no ${from} to ${to - 1}`,
      wanted: `${wanted} documents: which of them are duplicates is known by their place`,
      hint: 'start over with --fresh',
    },
  );
}

/** Names the document. */
async function singleTooLarge(
  { elastic, range }: RangeReading,
  place: Place,
  error: MigrateError,
): Promise<MigrateError> {
  const answer = (await elastic.ask(requestOf({ range, parts: { _source: false } }, place, 1))) as {
    hits?: { hits?: readonly { _id?: unknown }[] };
  };
  return new MigrateError('E_READ', 'a document is larger than a page may be', {
    at: { collection: range.index },
    found: `_id ${String(answer.hits?.hits?.[0]?._id)}, ${error.found ?? ''}`,
    wanted: error.wanted ?? 'a smaller document',
    hint: 'move it by hand, and leave it out or take its large fields away in the index',
  });
}
