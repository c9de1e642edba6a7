/** Keeps runs of rows of a column, in place, by block moves: never a copy per value. */
import type { RunList } from './deletedRows.ts';

/**
 * Moves the runs together.
 * @param bytes the column
 * @param first row of the column that the runs count from, and where the first kept row goes
 */
export function keepRuns(
  bytes: Uint8Array,
  runs: RunList,
  { rowBytes, first }: { rowBytes: number; first: number },
): void {
  const { pairs, length } = runs;
  let to = first * rowBytes;
  for (let run = 0; run < length; run++) {
    const from = (first + pairs[run * 2]!) * rowBytes;
    const end = (first + pairs[run * 2 + 1]!) * rowBytes;
    if (from !== to) bytes.copyWithin(to, from, end);
    to += end - from;
  }
}

/** One run: all of `rows` rows. */
export function wholeRun(runs: RunList, rows: number): void {
  runs.pairs[0] = 0;
  runs.pairs[1] = rows;
  runs.length = rows === 0 ? 0 : 1;
}

/** Ascending numbers, seen one ahead. */
export interface OrdinalCursor {
  /** The next one; Infinity when there are no more. */
  next: number;
  advance(): void;
  /** Gives up what the numbers come from. */
  close(): void;
}

export function openCursor(ordinals: Iterator<number>): OrdinalCursor {
  const cursor: OrdinalCursor = {
    next: Number.POSITIVE_INFINITY,
    advance() {
      const step = ordinals.next();
      cursor.next = step.done === true ? Number.POSITIVE_INFINITY : step.value;
    },
    close: () => void ordinals.return?.(),
  };
  cursor.advance();
  return cursor;
}

/**
 * The runs without the rows that the cursor names.
 * @param first ordinal of the first row of the runs
 * @param out is filled anew; another list than `runs`, with room for as many rows
 * @returns how many rows were taken out
 */
export function cutOrdinals(
  runs: RunList,
  { first, cursor }: { first: number; cursor: OrdinalCursor },
  out: RunList,
): number {
  let ordinal = first;
  let dropped = 0;
  out.length = 0;
  for (let run = 0; run < runs.length; run++) {
    let from = runs.pairs[run * 2]!;
    const end = runs.pairs[run * 2 + 1]!;
    const past = ordinal + (end - from);
    for (; cursor.next < past; cursor.advance()) {
      const at = end - (past - cursor.next);
      push(out, from, at);
      from = at + 1;
      dropped++;
    }
    push(out, from, end);
    ordinal = past;
  }
  return dropped;
}

function push(runs: RunList, from: number, to: number): void {
  if (from >= to) return;
  runs.pairs[runs.length * 2] = from;
  runs.pairs[runs.length * 2 + 1] = to;
  runs.length++;
}
