/** Cuts the rows of an index into even ranges: by rows, by lists and rows in them, at the borders of blocks. */
import type { PlanHint } from '../../core/contracts.ts';
import type { RangeDetail } from './detail.ts';
import type { StorageShape } from './shape.ts';

/** Ranges are not made smaller than this for the sake of more threads: each part costs the target a task. */
const LEAST_BYTES = 32e6;

export interface Cutting {
  readonly shape: StorageShape;
  /** Stored rows in all. */
  readonly rows: number;
  /** Bytes of one row as it comes out. */
  readonly rowBytes: number;
  readonly hint: PlanHint;
}

/** Ranges in the order of the file; together they cover each stored row once. */
export function* cutRanges({ shape, rows, rowBytes, hint }: Cutting): Generator<RangeDetail> {
  const count = countRanges(rows, rowBytes, hint);
  let at: Position = { entry: 0, row: 0, before: 0 };
  for (let index = 1; index <= count; index++) {
    const to = index === count ? endOf(shape, rows) : seek(shape, at, Math.floor((index * rows) / count));
    const stored = to.before + to.row - at.before - at.row;
    if (stored > 0) yield { fromEntry: at.entry, fromRow: at.row, toEntry: to.entry, toRow: to.row, stored };
    at = to;
  }
}

/** What the range covers, as a partition's id. */
export function rangeId({ fromEntry, fromRow, toEntry, toRow }: RangeDetail): string {
  return `r${fromEntry}-${fromRow}-${toEntry}-${toRow}`;
}

function countRanges(rows: number, rowBytes: number, { partBytes, threads = 1 }: PlanHint): number {
  const bytes = rows * rowBytes;
  const spread = Math.min(threads, Math.floor(bytes / LEAST_BYTES));
  const least = Math.max(Math.ceil(bytes / partBytes), spread, 1);
  // As many for each thread: of three ranges for two threads, one would end after two thirds of the time.
  const even = Math.ceil(least / threads) * threads;
  // A range has at least one row, and no cut can make it smaller.
  return Math.min(bytes / even >= LEAST_BYTES ? even : least, Math.max(rows, 1));
}

/** Row `row` of `entry`; `before`: rows in the entries before it. */
interface Position {
  readonly entry: number;
  readonly row: number;
  readonly before: number;
}

/** The place of the row of that number, or the border of its block before it; never before `from`. */
function seek(shape: StorageShape, from: Position, wanted: number): Position {
  let { entry, before } = from;
  while (entry < shape.entries && before + shape.rowsOf(entry) <= wanted) before += shape.rowsOf(entry++);
  const inside = wanted - before;
  const row = inside - (inside % shape.blockRows);
  return entry === from.entry && row < from.row ? from : { entry, row, before };
}

function endOf(shape: StorageShape, rows: number): Position {
  return { entry: shape.entries, row: 0, before: rows };
}
