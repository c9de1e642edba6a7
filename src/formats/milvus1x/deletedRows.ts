/**
 * Which rows of a range of a segment are deleted: one bit a row, so that memory is bounded by the range
 * (a range of 1,000,000 rows takes 125 KB, whatever the order and number of entries in deleted_docs).
 */

/** Rows [start, end) of a segment. Set bits are deleted rows; bits behind the last row are set, so that no run passes it. */
export interface DeletedRows {
  readonly start: number;
  readonly end: number;
  readonly words: Uint32Array;
  /** Distinct deleted rows in the range. */
  count: number;
}

/** Runs of rows that stay, as pairs [from, to) relative to the row that they were asked from. */
export interface RunList {
  readonly pairs: Uint32Array;
  /** Pairs in use. */
  length: number;
}

/** Room for all runs that `rows` rows can have. */
export function createRuns(rows: number): RunList {
  return { pairs: new Uint32Array(rows + 2), length: 0 };
}

export function createDeletedRows(start: number, end: number): DeletedRows {
  const rows = end - start;
  const words = new Uint32Array(Math.ceil(rows / 32));
  if (rows % 32 !== 0) words[words.length - 1] = (-1 << (rows % 32)) >>> 0;
  return { start, end, words, count: 0 };
}

/**
 * Marks offsets of the segment; those outside the range count for nothing.
 * @param segmentRows rows of the whole segment
 * @returns index of the first offset that the segment does not have, -1 if there is none
 */
export function markDeleted(deleted: DeletedRows, offsets: Int32Array, segmentRows: number): number {
  const { start, end, words } = deleted;
  let count = 0;
  for (let index = 0; index < offsets.length; index++) {
    const offset = offsets[index]!;
    if (offset < 0 || offset >= segmentRows) return index;
    if (offset < start || offset >= end) continue;
    const row = offset - start;
    const word = words[row >>> 5]!;
    const bit = 1 << (row & 31);
    if ((word & bit) !== 0) continue;
    words[row >>> 5] = word | bit;
    count++;
  }
  deleted.count += count;
  return -1;
}

/** First row at or after `from` that is not deleted; `end` if there is none. Rows are those of the segment. */
export function nextLive({ start, end, words }: DeletedRows, from: number): number {
  const row = from - start;
  let at = row >>> 5;
  let open = at < words.length ? ~words[at]! & (-1 << (row & 31)) : 0;
  while (open === 0 && ++at < words.length) open = ~words[at]!;
  return open === 0 ? end : start + at * 32 + lowestBit(open);
}

/** First row at or after `from` that is deleted; `end` if there is none. */
export function nextDeleted({ start, end, words }: DeletedRows, from: number): number {
  const row = from - start;
  let at = row >>> 5;
  let set = at < words.length ? words[at]! & (-1 << (row & 31)) : 0;
  while (set === 0 && ++at < words.length) set = words[at]!;
  return set === 0 ? end : Math.min(end, start + at * 32 + lowestBit(set));
}

/**
 * The runs of rows in [from, to) that are not deleted.
 * @param runs is filled anew; has room for `to - from` rows
 * @returns how many rows they hold
 */
export function liveRuns(deleted: DeletedRows, { from, to }: { from: number; to: number }, runs: RunList): number {
  const { pairs } = runs;
  let rows = 0;
  let filled = 0;
  for (let row = nextLive(deleted, from); row < to; ) {
    const stop = Math.min(nextDeleted(deleted, row), to);
    pairs[filled++] = row - from;
    pairs[filled++] = stop - from;
    rows += stop - row;
    row = stop < to ? nextLive(deleted, stop) : to;
  }
  runs.length = filled / 2;
  return rows;
}

/** The row behind the last one that is not deleted; `start` if all are. */
export function endOfLive({ start, words }: DeletedRows): number {
  for (let at = words.length - 1; at >= 0; at--) {
    const open = ~words[at]!;
    if (open !== 0) return start + at * 32 + 32 - Math.clz32(open);
  }
  return start;
}

/** The row with exactly `live` rows before it in the range that are not deleted, itself not deleted; `end` if there is none. */
export function rowOfLive(deleted: DeletedRows, live: number): number {
  const { start, end, words } = deleted;
  let before = 0;
  for (let at = 0; at < words.length; at++) {
    const here = 32 - bitsSet(words[at]!);
    if (before + here <= live) {
      before += here;
      continue;
    }
    let open = ~words[at]!;
    for (; before < live; before++) open &= open - 1;
    return start + at * 32 + lowestBit(open);
  }
  return end;
}

/** Index of the lowest set bit of a word that is not 0. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function bitsSet(word: number): number {
  let pairs = word - ((word >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
