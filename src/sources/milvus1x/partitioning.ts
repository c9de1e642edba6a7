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

/** Live rows of a partition at most; at least one. A small source is cut finer, so that each thread has a part of it. */
export function rowsPerPartition({ partBytes, rowBytes, vectorBytes, rows, threads }: PartSize): number {
  const spread = Math.min(threads, Math.floor((rows * rowBytes) / LEAST_BYTES));
  const share = spread > 1 ? Math.ceil(rows / spread) : MAX_ROWS;
  const fitting = Math.min(Math.floor(partBytes / rowBytes), Math.floor(MAX_VECTOR_BYTES / vectorBytes), MAX_ROWS);
  return Math.max(1, Math.min(fitting, share));
}

/**
 * A segment with more than `maxRows` live rows is cut into even pieces, each a group of its own; smaller neighbours
 * share a group up to `maxRows`. The order is kept. Segments without live rows join a neighbour, so that their deleted
 * rows are counted by somebody.
 * @param live live rows of each segment
 */
export function groupSegments(live: readonly number[], maxRows: number): readonly (readonly Piece[])[] {
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

function cutSegment(segment: number, live: number, maxRows: number): Piece[] {
  const count = Math.max(1, Math.ceil(live / maxRows));
  const edge = (index: number): number => Math.floor((index * live) / count);
  return Array.from({ length: count }, (_, index) => ({
    segment,
    first: edge(index),
    live: edge(index + 1) - edge(index),
  }));
}
