/** Sizes of the pieces that objects are sent in, and the memory that they are collected in. */

const MiB = 1024 * 1024;

/** S3 takes no more pieces, and none but the last below 5 MiB. */
export const MOST_PIECES = 10_000;
const LARGEST_BYTES = 1024 * MiB;
/** Pieces of one size before it doubles: the first 4.1 GiB go in 6 MiB pieces, and 10,000 of them hold 5 TiB. */
const PIECES_PER_SIZE = 700;

/** How a service likes its pieces. */
export interface PieceSizes {
  /** Bytes of the first, which stays in memory until the object is complete. Smaller objects go in one request. */
  readonly first: number;
  /** Bytes of the next ones, until they double. */
  readonly next: number;
  /** On their way at once, at most: enough to hide the latency, few enough to bound the memory. */
  readonly inFlight: number;
}

/** Where a service puts any number of pieces together by a note. */
export const PIECES: PieceSizes = { first: 6 * MiB, next: 6 * MiB, inFlight: 3 };

/** Bytes of the piece of that number (1, 2, …). */
export function pieceBytes(number: number, { first, next }: PieceSizes): number {
  if (number === 1) return first;
  const doublings = Math.floor((number - 1) / PIECES_PER_SIZE);
  return Math.min(LARGEST_BYTES, next * 2 ** Math.min(doublings, 30));
}

/** Pieces of one store of so many bytes that are on their way at once. */
export function piecesInFlight(bytes: number, { inFlight }: PieceSizes): number {
  return Math.max(1, Math.min(inFlight, Math.floor((48 * MiB) / bytes)));
}

/** Buffers of one store, lent to its writers and used again: memory that is given back and taken anew grows the heap. */
export interface PieceMemory {
  readonly sizes: PieceSizes;
  take(bytes: number): Buffer;
  giveBack(buffer: Buffer): void;
  /** Pieces of all writers that are on their way. */
  readonly underway: Underway;
}

export interface Underway {
  readonly count: number;
  /** One more; it must `end`. */
  begin(): void;
  end(): void;
  /** Resolves when the next one ends. */
  ended(): Promise<void>;
}

function countUnderway(): Underway {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    get count() {
      return count;
    },
    begin() {
      count++;
    },
    end() {
      count--;
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    ended: () => new Promise((resolve) => waiting.push(resolve)),
  };
}

/** What is kept for the next writer: the buffers of one large file. */
const KEPT = 5;

export function pieceMemory(sizes: PieceSizes): PieceMemory {
  const kept: Buffer[] = [];
  return {
    sizes,
    underway: countUnderway(),
    take(bytes) {
      const at = kept.findLastIndex((buffer) => buffer.length === bytes);
      // Not zeroed, so that a small file touches only as many pages as it has bytes.
      return at < 0 ? Buffer.allocUnsafeSlow(bytes) : kept.splice(at, 1)[0]!;
    },
    giveBack(buffer) {
      if (kept.length === KEPT) kept.shift();
      kept.push(buffer);
    },
  };
}
