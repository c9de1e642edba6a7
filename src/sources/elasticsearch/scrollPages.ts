/**
 * The pages of one slice of a scroll. Each page can be had once only: a page that is asked for again is the next one.
 * So nothing is tried twice in here; what fails is an error, and the slice is read from its start again, as a new part.
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
import { type Page, readPage } from './page.ts';
import type { PageSizes } from './pageSize.ts';
import type { SliceDetail } from './slices.ts';

export interface SliceReading {
  readonly elastic: Elastic;
  readonly slice: SliceDetail;
  readonly encoding: Encoding;
  readonly parts: Readonly<Record<string, unknown>>;
  readonly sizes: PageSizes;
  readonly buffers: PageBuffers;
}

/** From one page to the next: while a page is turned into rows and written. */
const KEEP_ALIVE = '10m';

/** A page is valid until the next is asked for. Errors: E_READ (`retry`: the whole slice), E_SOURCE_ACCESS, E_SOURCE_UNREACHABLE. */
export async function* scrollPages(reading: SliceReading): AsyncGenerator<Page> {
  const { slice, buffers } = reading;
  const buffer = buffers.take();
  let scrollId: string | undefined;
  let read = 0;
  let total: number | undefined;
  try {
    await checkSameIndex(reading.elastic, slice);
    for (;;) {
      const page = await ask(reading, { scrollId, buffer });
      scrollId = page.facts.scrollId ?? scrollId;
      total ??= totalOf(page, slice);
      read += page.hits.length;
      if (read > total || (page.hits.length === 0 && read < total)) throw otherCount(slice, read, total);
      if (page.hits.length > 0) yield page;
      if (read === total) return;
    }
  } finally {
    buffers.give(buffer);
    if (scrollId !== undefined) await clear(reading.elastic, scrollId);
  }
}

async function ask(
  { elastic, slice, parts, encoding, sizes }: SliceReading,
  { scrollId, buffer }: { scrollId: string | undefined; buffer: PageBuffer },
): Promise<Page> {
  const asked = sizes.rows;
  const request = scrollId === undefined ? firstRequest(slice, parts, asked) : nextRequest(slice, scrollId);
  try {
    const body = await elastic.bytes(request, encoding, buffer);
    const page = { ...readPage(body, encoding, slice.index), withoutSnapshot: false };
    const stranger = page.hits.find(({ index }) => index !== slice.index);
    if (stranger !== undefined || (page.facts.scrollId ?? scrollId) === undefined)
      throw new MigrateError('E_READ', 'a page of documents is not what was asked for', {
        at: { collection: slice.index },
        found: stranger === undefined ? 'no scroll id' : `a document of ${stranger.index}`,
        wanted: 'a page of a scroll over this index',
        retry: true,
      });
    sizes.came(page.hits.length, page.bytes);
    return page;
  } catch (thrown) {
    const error = toMigrateError(thrown);
    const trouble = pageTrouble(error);
    // The size of a scroll's pages is that of its first: it is smaller when the slice is begun anew.
    if (trouble === 'overload') sizes.shrink(asked);
    if (trouble === 'too large' && sizes.shrink(asked))
      throw new MigrateError('E_READ', error.message, {
        at: error.at,
        ...(error.found === undefined ? {} : { found: `${error.found}, for ${asked} documents` }),
        ...(error.wanted === undefined ? {} : { wanted: error.wanted }),
        retry: true,
      });
    throw error;
  }
}

function firstRequest(
  { index, slice, slices }: SliceDetail,
  parts: Readonly<Record<string, unknown>>,
  size: number,
): ElasticRequest {
  return {
    method: 'POST',
    path: `/${indexPath(index)}/_search`,
    // The same copies of the shards each time, so that documents come in the same order.
    query: { scroll: KEEP_ALIVE, allow_partial_search_results: false, preference: 'milvus-migrate' },
    body: {
      size,
      ...(slices > 1 ? { slice: { id: slice, max: slices } } : {}),
      sort: ['_doc'],
      track_total_hits: true,
      ...parts,
    },
    asked: 'read its documents',
    index,
  };
}

function nextRequest({ index }: SliceDetail, scrollId: string): ElasticRequest {
  const body = { scroll: KEEP_ALIVE, scroll_id: scrollId };
  return { method: 'POST', path: '/_search/scroll', body, asked: 'read its documents', index };
}

function totalOf({ facts: { total } }: Page, { index }: SliceDetail): number {
  if (total?.exact === true) return total.value;
  throw new MigrateError('E_READ', 'Elasticsearch did not count the documents of a slice', {
    at: { collection: index },
    found: total === undefined ? 'no total' : `at least ${total.value}`,
    wanted: 'an exact total',
    retry: true,
  });
}

function otherCount({ index, slice, slices }: SliceDetail, read: number, total: number): MigrateError {
  return new MigrateError('E_READ', 'a scroll gave another number of documents than it said', {
    at: { collection: index },
    found: `${read} documents in slice ${slice} of ${slices}`,
    wanted: `${total} documents`,
    retry: true,
  });
}

/** The cluster holds few contexts at a time. One that is left ends by itself, and what was read is right all the same. */
async function clear(elastic: Elastic, scrollId: string): Promise<void> {
  try {
    const body = { scroll_id: [scrollId] };
    await elastic.ask({ method: 'DELETE', path: '/_search/scroll', body, asked: 'end a scroll' });
  } catch (thrown) {
    if (!(thrown instanceof MigrateError)) throw thrown;
  }
}
