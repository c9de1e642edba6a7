/** Cuts and groups segments into units of work. Pure: live rows in, groups of live rows out. */

/** Live rows [first, first + live) of a segment, counted without its deleted ones. */
export interface Piece {
  /** Index of the segment. */
  readonly segment: number;
  readonly first: number;
  readonly live: number;
}

/** One import file has to stay under 16 GB: what one partition's vectors may take. */
export const MAX_VECTOR_BYTES = 15.5 * 2 ** 30;
/** Ordinals of rows in a partition are kept in 32 bits. */
const MAX_ROWS = 2 ** 31;

/** Less is not worth a part of its own, however many threads there are. */
const LEAST_BYTES = 64 * 1024 * 1024;

export interface PartSize {
  readonly partBytes: number;
  readonly rowBytes: number;
  readonly vectorBytes: number;
  /** Live rows of all that is to be cut. */
  readonly rows: number;
  readonly threads: number;
}

/** From so many parts a thread on, it makes no difference that they are not of one size. */
const MANY_PARTS = 4;

export interface Cutting {
  /** Live rows of a partition at most; at least one. */
  readonly most: number;
  /** Live rows that each is to have, so that all threads are at work to the end; undefined: there are many anyway. */
  readonly even: number | undefined;
}

type EvenCutting = Cutting & { readonly even: number };

export function cuttingOf({ partBytes, rowBytes, vectorBytes, rows, threads }: PartSize): Cutting {
  const fitting = Math.min(Math.floor(partBytes / rowBytes), Math.floor(MAX_VECTOR_BYTES / vectorBytes), MAX_ROWS);
  const most = Math.max(1, fitting);
  const spread = Math.min(threads, Math.floor((rows * rowBytes) / LEAST_BYTES));
  const rounds = Math.ceil(rows / most / spread);
  return { most, even: spread > 1 && rounds < MANY_PARTS ? Math.ceil(rows / (rounds * spread)) : undefined };
}

/** The groups of one Milvus partition's segments. @param live live rows of each */
export function groupRows(live: readonly number[], { most, even }: Cutting): readonly (readonly Piece[])[] {
  if (live.length === 0) return [];
  return even === undefined ? groupSegments(live, most) : spreadSegments(live, { most, even });
}

/**
 * A segment with more than `maxRows` live rows is cut into even pieces, each a group of its own; smaller neighbours
 * share a group up to `maxRows`. The order is kept. Segments without live rows join a neighbour, so that their deleted
 * rows are counted by somebody.
 * @param live live rows of each segment
 */
function groupSegments(live: readonly number[], maxRows: number): readonly (readonly Piece[])[] {
  const groups: Piece[][] = [];
  let open: { pieces: Piece[]; rows: number } | undefined;
  for (const [segment, rows] of live.entries()) {
    const pieces = cutSegment(segment, rows, maxRows);
    if (pieces.length > 1) {
      groups.push(...pieces.map((piece) => [piece]));
      open = undefined;
      continue;
    }
    if (open === undefined || open.rows + rows > maxRows) {
      open = { pieces: [], rows: 0 };
      groups.push(open.pieces);
    }
    open.pieces.push(pieces[0]!);
    open.rows += rows;
  }
  return groups;
}

/** A segment's end that is so near to where a cut would be even takes its place, as a part of the size. */
const NEAR = 1 / 32;

/**
 * Groups of one size, wherever a segment ends: the parts of all threads take equally long. A cut close to the end of a
 * segment falls there. As in `groupSegments`, the order is kept, and segments without live rows join a neighbour.
 */
function spreadSegments(live: readonly number[], { most, even }: EvenCutting): Piece[][] {
  const cuts = evenCuts(live, { most, even });
  const groups: Piece[][] = cuts.map(() => []);
  let [group, at] = [0, 0];
  for (const [segment, rows] of live.entries()) {
    let first = 0;
    do {
      const taken = Math.min(rows - first, cuts[group]! - at);
      groups[group]!.push({ segment, first, live: taken });
      [first, at] = [first + taken, at + taken];
      if (at === cuts[group] && group < cuts.length - 1) group++;
    } while (first < rows);
  }
  return groups;
}

/** Where each group ends, in live rows of all. */
function evenCuts(live: readonly number[], { most, even }: EvenCutting): readonly number[] {
  let rows = 0;
  const ends = live.map((count) => {
    rows += count;
    return rows;
  });
  const count = Math.max(1, Math.round(rows / even), Math.ceil(rows / most));
  const ideal = (group: number): number => Math.floor(((group + 1) * rows) / count);
  const cuts: number[] = [];
  for (let group = 0; group < count; group++) {
    const [before, cut] = [cuts.at(-1) ?? 0, ideal(group)];
    const fits = (end: number): boolean =>
      Math.abs(end - cut) <= (rows / count) * NEAR && end - before <= most && ideal(group + 1) - end <= most;
    const near =
      group === count - 1 ? undefined : ends.filter(fits).sort((a, b) => Math.abs(a - cut) - Math.abs(b - cut))[0];
    cuts.push(near ?? cut);
  }
  return cuts;
}

function cutSegment(segment: number, live: number, maxRows: number): Piece[] {
  const count = Math.max(1, Math.ceil(live / maxRows));
  const edge = (index: number): number => Math.floor((index * live) / count);
  return Array.from({ length: count }, (_, index) => ({
    segment,
    first: edge(index),
    live: edge(index + 1) - edge(index),
  }));
}
