/** Fills the columns of a slab with the next rows of a range: one read per column, and block moves where rows go. */
import { liveRuns, nextLive, type RunList } from '../../formats/milvus1x/deletedRows.ts';
import { cutOrdinals, keepRuns, type OrdinalCursor, wholeRun } from '../../formats/milvus1x/runs.ts';
import type { OpenRange } from './rangeFiles.ts';

/** A slab is full enough from here on: less room would make for small reads. */
const FULL = 0.75;

/** What goes along from slab to slab of a partition. */
export interface FillState {
  /** Rows that a slab takes. */
  readonly capacity: number;
  /** Room for `capacity` rows each. */
  readonly runs: RunList;
  readonly cut: RunList;
  /** Rows to leave out besides the deleted ones. */
  readonly dropped: OrdinalCursor | undefined;
  /** Live rows of the partition so far, dropped ones included: the ordinal of the next one. */
  ordinal: number;
}

/** As in Batch. */
export interface Filled {
  rows: number;
  read: number;
  deleted: number;
  dropped: number;
}

/** @param views columns of the slab, one for each of the range's, for `capacity` rows */
export function fill(range: OpenRange, state: FillState, views: readonly Uint8Array[]): Filled {
  const filled: Filled = { rows: 0, read: 0, deleted: 0, dropped: 0 };
  for (;;) {
    skipDeleted(range, filled);
    if (range.next === range.end || filled.rows >= state.capacity * FULL) return filled;
    const count = Math.min(state.capacity - filled.rows, range.end - range.next);
    for (const [index, { rowBytes, read }] of range.columns.entries())
      read(views[index]!.subarray(filled.rows * rowBytes, (filled.rows + count) * rowBytes), range.next);
    keepLive(range, state, { views, filled, count });
    range.next += count;
    filled.read += count;
  }
}

function skipDeleted(range: OpenRange, filled: Filled): void {
  if (range.deleted === undefined) return;
  const live = nextLive(range.deleted, range.next);
  filled.read += live - range.next;
  filled.deleted += live - range.next;
  range.next = live;
}

interface FreshRows {
  readonly views: readonly Uint8Array[];
  readonly filled: Filled;
  /** Rows just read, behind those that are filled. */
  readonly count: number;
}

function keepLive(range: OpenRange, state: FillState, { views, filled, count }: FreshRows): void {
  const { deleted, next } = range;
  let { runs } = state;
  const live = deleted === undefined ? count : liveRuns(deleted, { from: next, to: next + count }, runs);
  let dropped = 0;
  if (state.dropped !== undefined && state.dropped.next < state.ordinal + live) {
    if (deleted === undefined) wholeRun(runs, count);
    dropped = cutOrdinals(runs, { first: state.ordinal, cursor: state.dropped }, state.cut);
    runs = state.cut;
  }
  if (live - dropped < count)
    for (const [index, { rowBytes }] of range.columns.entries())
      keepRuns(views[index]!, runs, { rowBytes, first: filled.rows });
  state.ordinal += live;
  filled.rows += live - dropped;
  filled.deleted += count - live;
  filled.dropped += dropped;
}
