/** A range of rows as steps of what one slab takes: pieces of lists that follow each other. */
import type { RangeDetail } from './detail.ts';
import type { StorageShape } from './shape.ts';

/** Rows [first, first + rows) of an entry. */
export interface Piece {
  readonly entry: number;
  readonly first: number;
  readonly rows: number;
  /** Row of the step that it begins with. */
  readonly to: number;
  /** Offset of its codes in the file, and their bytes: whole blocks, the first of which begins `skip` rows earlier. */
  readonly codesAt: number;
  readonly codeBytes: number;
  readonly skip: number;
}

export interface Step {
  readonly pieces: readonly Piece[];
  readonly rows: number;
  readonly codeBytes: number;
}

export interface StepLimits {
  readonly rows: number;
  /** Bytes of codes; a step has at least one row all the same. */
  readonly codeBytes: number;
}

export function* stepsOf(range: RangeDetail, shape: StorageShape, limits: StepLimits): Generator<Step> {
  let open: { pieces: Piece[]; rows: number; codeBytes: number } = { pieces: [], rows: 0, codeBytes: 0 };
  for (const { entry, from, end } of entriesOf(range, shape))
    for (let first = from; first < end; ) {
      const rows = fitting({ first, left: end - first, open, limits }, shape);
      if (rows > 0) {
        const piece = pieceOf(shape, { entry, first, rows, to: open.rows });
        open.pieces.push(piece);
        open.rows += rows;
        open.codeBytes += piece.codeBytes;
        first += rows;
      }
      if (first === end) continue;
      yield open;
      open = { pieces: [], rows: 0, codeBytes: 0 };
    }
  if (open.rows > 0) yield open;
}

interface Fitting {
  readonly first: number;
  readonly left: number;
  readonly open: Step;
  readonly limits: StepLimits;
}

/** As many as there is room for, whole blocks if it can be: a block that is cut is read twice. */
function fitting({ first, left, open, limits }: Fitting, { blockRows, blockBytes }: StorageShape): number {
  const blocks = Math.floor((limits.codeBytes - open.codeBytes) / Math.max(blockBytes, 1));
  const begun = first % blockRows;
  const room = Math.min(limits.rows - open.rows, blocks * blockRows - begun);
  if (left <= room) return left;
  const whole = Math.floor((begun + room) / blockRows) * blockRows - begun;
  if (whole > 0) return whole;
  return open.rows > 0 ? 0 : Math.max(1, Math.min(left, limits.rows, blockRows - begun));
}

function pieceOf(
  shape: StorageShape,
  { entry, first, rows, to }: { entry: number; first: number; rows: number; to: number },
): Piece {
  const { blockRows, blockBytes } = shape;
  const block = Math.floor(first / blockRows);
  const past = Math.ceil((first + rows) / blockRows);
  return {
    entry,
    first,
    rows,
    to,
    codesAt: shape.codesAt(entry) + block * blockBytes,
    codeBytes: (past - block) * blockBytes,
    skip: first - block * blockRows,
  };
}

function* entriesOf(
  { fromEntry, fromRow, toEntry, toRow }: RangeDetail,
  shape: StorageShape,
): Generator<{ entry: number; from: number; end: number }> {
  for (let entry = fromEntry; entry < shape.entries && entry <= toEntry; entry++) {
    const from = entry === fromEntry ? fromRow : 0;
    const end = entry === toEntry ? toRow : shape.rowsOf(entry);
    if (from < end) yield { entry, from, end };
  }
}
