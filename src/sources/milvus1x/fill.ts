/** Fills the columns of a slab with the next rows of a range: one read per column, and block moves where rows go. */
import { createRuns, liveRuns, nextLive, type RunList } from '../../formats/milvus1x/deletedRows.ts';
import { cutOrdinals, keepRuns, type OrdinalCursor, wholeRun } from '../../formats/milvus1x/runs.ts';
import type { OpenRange } from './rangeFiles.ts';

/** A slab is full enough from here on: less room would make for small reads. */
const FULL = 0.75;

/** What goes along from slab to slab of a partition. */
export interface FillState {
  /** Rows that a slab takes. */
  readonly capacity: number;
  /** Rows to leave out besides the deleted ones. */
  readonly dropped: OrdinalCursor | undefined;
  /** Live rows of the partition so far, dropped ones included: the ordinal of the next one. */
  ordinal: number;
}

/** What is needed to fill one slab, while others are filled. */
export interface SlabRows {
  /** Columns of the slab, one for each of the range's, for `capacity` rows. */
  readonly views: readonly Uint8Array[];
  /** Room for `capacity` rows each. */
  readonly runs: RunList;
  readonly cut: RunList;
}

export function slabRows(views: readonly Uint8Array[], capacity: number): SlabRows {
  return { views, runs: createRuns(capacity), cut: createRuns(capacity) };
}

/** As in Batch. */
export interface Filled {
  rows: number;
  read: number;
  deleted: number;
  dropped: number;
}

/**
 * The rows that go into a slab are settled before the first byte is asked for: so the next slab can be begun as soon
 * as this was called, whatever the reads take. Only a second read into the same slab (where many rows of the first were
 * deleted) needs those before; it is not made with `once`.
 */
export async function fill(range: OpenRange, state: FillState, slab: SlabRows, once: boolean): Promise<Filled> {
  const filled: Filled = { rows: 0, read: 0, deleted: 0, dropped: 0 };
  for (;;) {
    skipDeleted(range, filled);
    if (range.next === range.end || filled.rows >= state.capacity * FULL) return filled;
    const step = takeStep(range, state, slab, filled);
    await readColumns(range, slab, step);
    if (once) return filled;
  }
}

function skipDeleted(range: OpenRange, filled: Filled): void {
  if (range.deleted === undefined) return;
  const live = nextLive(range.deleted, range.next);
  filled.read += live - range.next;
  filled.deleted += live - range.next;
  range.next = live;
}

/** Consecutive rows of the range that are read at once. */
interface Step {
  /** First of them. */
  readonly row: number;
  readonly count: number;
  /** Rows in the slab before them. */
  readonly at: number;
  /** Those that stay; undefined: all. */
  readonly keep: RunList | undefined;
}

/** Settles which rows come next, and counts them; nothing is read yet. */
function takeStep(range: OpenRange, state: FillState, slab: SlabRows, filled: Filled): Step {
  const { deleted, next: row } = range;
  const count = Math.min(state.capacity - filled.rows, range.end - row);
  let keep = slab.runs;
  const live = deleted === undefined ? count : liveRuns(deleted, { from: row, to: row + count }, slab.runs);
  let dropped = 0;
  if (state.dropped !== undefined && state.dropped.next < state.ordinal + live) {
    if (deleted === undefined) wholeRun(slab.runs, count);
    dropped = cutOrdinals(slab.runs, { first: state.ordinal, cursor: state.dropped }, slab.cut);
    keep = slab.cut;
  }
  const at = filled.rows;
  range.next += count;
  state.ordinal += live;
  filled.rows += live - dropped;
  filled.read += count;
  filled.deleted += count - live;
  filled.dropped += dropped;
  return { row, count, at, keep: live - dropped < count ? keep : undefined };
}

async function readColumns({ columns }: OpenRange, { views }: SlabRows, { row, count, at, keep }: Step): Promise<void> {
  const reads = columns.map(async ({ rowBytes, read }, index) => {
    await read(views[index]!.subarray(at * rowBytes, (at + count) * rowBytes), row);
    if (keep !== undefined) keepRuns(views[index]!, keep, { rowBytes, first: at });
  });
  // All of them, also where one failed: until then they write into the slab.
  await Promise.allSettled(reads);
  await Promise.all(reads);
}
