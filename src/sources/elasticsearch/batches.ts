/** From pages of documents to batches of rows, each as large as a slab takes. */
import type { Batch, RefusedRow } from '../../core/batch.ts';
import type { DroppedRows, SlabRing } from '../../core/contracts.ts';
import type { Schema } from '../../core/schema.ts';
import type { Page, PageHit } from './page.ts';
import { type RowMaker, refusedRow } from './rowMaker.ts';
import { createStaging, layoutFor, openSlabRows, type SlabRows, type Staging, waitingBytes } from './slabRows.ts';

export interface Batching {
  readonly schema: Schema;
  readonly maker: RowMaker;
  readonly slabs: SlabRing;
  /** The index, for messages. */
  readonly origin: string;
  /** As ordinals among all documents, those that are refused among them. */
  readonly dropped: DroppedRows | undefined;
}

/** A batch that is being filled. */
interface Filling {
  rows: SlabRows;
  read: number;
  dropped: number;
  readonly refused: RefusedRow[];
  refusedBytes: number;
  readonly changes: Map<string, number>;
  withoutSnapshot: boolean;
}

/**
 * Batches go on from page to page. Documents that are no rows (refused, dropped) are counted in the batch of those
 * around them, at the end in one without rows; so is a snapshot that was lost.
 */
export async function* batchesOf(pages: AsyncIterable<Page>, batching: Batching): AsyncGenerator<Batch> {
  const { schema, slabs, dropped } = batching;
  const staging = createStaging(schema.fields);
  const drops = dropped?.ordinals();
  let drop = drops?.next();
  let ordinal = 0;
  let filling: Filling | undefined;
  // A page says it also where it is empty: all that it would have had has changed since.
  let untold = false;
  try {
    for await (const page of pages) {
      untold ||= page.withoutSnapshot;
      for (const hit of page.hits) {
        filling ??= begin(batching, staging);
        const isDropped = drop?.done === false && drop.value === ordinal;
        if (isDropped) {
          drop = drops?.next();
          filling.dropped++;
        } else if (!put(page, hit, filling, { batching, staging })) {
          // It is the first row of the next batch.
          yield batchOf(batching, filling);
          slabs.release(filling.rows.slab);
          filling = undefined;
          filling = begin(batching, staging);
          put(page, hit, filling, { batching, staging });
        }
        filling.read++;
        filling.withoutSnapshot ||= untold || page.withoutSnapshot;
        untold = false;
        ordinal++;
        // Refused documents are held in memory until their batch goes.
        if (filling.refusedBytes < slabs.slabBytes) continue;
        yield batchOf(batching, filling);
        slabs.release(filling.rows.slab);
        filling = undefined;
      }
    }
    if (untold) {
      filling ??= begin(batching, staging);
      filling.withoutSnapshot = true;
    }
    if (filling !== undefined) yield batchOf(batching, filling);
  } finally {
    if (filling !== undefined) slabs.release(filling.rows.slab);
    drops?.return?.();
  }
}

interface Putting {
  readonly batching: Batching;
  readonly staging: Staging;
}

/**
 * Puts a document into the batch, as a row or as one that is refused.
 * @returns false: the batch is full; never of an empty one
 */
function put(page: Page, hit: PageHit, filling: Filling, { batching, staging }: Putting): boolean {
  const { maker, schema, slabs } = batching;
  for (;;) {
    if (filling.rows.rows === filling.rows.layout.capacity) return false;
    const refused = maker.make(page.reading, hit, filling.rows);
    if (refused !== undefined) {
      refuse(filling, refused);
      return true;
    }
    if (filling.rows.add()) {
      for (const change of maker.changes) filling.changes.set(change, (filling.changes.get(change) ?? 0) + 1);
      return true;
    }
    if (filling.rows.rows > 0) return false;
    // Longer than rows have been so far: room for fewer of them.
    const least = waitingBytes(filling.rows.waiting);
    const layout = layoutFor(schema.fields, staging, { slabBytes: slabs.slabBytes, least });
    if (layout === undefined) {
      const reason = `found values of ${least} bytes, wanted a row of at most ${slabs.slabBytes} bytes in all`;
      refuse(filling, refusedRow(page.reading, hit, reason));
      return true;
    }
    filling.rows = openSlabRows(filling.rows.slab, layout, staging);
  }
}

function refuse(filling: Filling, refused: RefusedRow): void {
  filling.refused.push(refused);
  filling.refusedBytes += refused.row.length + refused.reason.length;
}

function begin({ schema, slabs }: Batching, staging: Staging): Filling {
  const layout = layoutFor(schema.fields, staging, { slabBytes: slabs.slabBytes, least: 0 });
  if (layout === undefined) throw new RangeError(`a slab of ${slabs.slabBytes} bytes is too small for any row`);
  return {
    rows: openSlabRows(slabs.acquire(), layout, staging),
    read: 0,
    dropped: 0,
    refused: [],
    refusedBytes: 0,
    changes: new Map(),
    withoutSnapshot: false,
  };
}

function batchOf({ schema, origin }: Batching, filling: Filling): Batch {
  const { rows, read, dropped, refused, changes, withoutSnapshot } = filling;
  return {
    rows: rows.rows,
    columns: rows.columns(schema.fields),
    read,
    deleted: 0,
    dropped,
    ...(refused.length === 0 ? {} : { refused }),
    ...(changes.size === 0 ? {} : { changes: Object.fromEntries(changes) }),
    ...(withoutSnapshot ? { withoutSnapshot } : {}),
    origin,
  };
}
