/** Sends the pieces of one object, a bounded number at a time, and keeps those that failed to send them again. */
import { type PieceMemory, piecesInFlight } from './memory.ts';

/** A piece on its way. */
export interface Piece {
  /** 1, 2, … */
  readonly number: number;
  /** From `PieceMemory`; given back when it has arrived. */
  readonly buffer: Buffer;
  /** Bytes of it that are the piece. */
  readonly bytes: number;
  /** Of these; undefined: it is not known. */
  readonly crc32: number | undefined;
}

/** As it goes to the service. */
export interface ReadyPiece {
  readonly number: number;
  readonly bytes: Buffer;
  readonly crc32: number | undefined;
}

export interface Sender<Sent> {
  /**
   * Resolves when the piece is on its way, or waits for its turn; throws what an earlier piece failed with. Such a
   * piece is not lost: it goes again with the next call. The piece given is taken in any case.
   */
  send(piece: Piece): Promise<void>;
  /** All have arrived, by number; throws as `send` does. */
  settle(): Promise<readonly Sent[]>;
  /** Breaks off, and forgets all. */
  stop(): Promise<void>;
}

/** @param put resolves when the service has the bytes, and has checked them */
export function openSender<Sent>(
  memory: PieceMemory,
  put: (piece: ReadyPiece, signal: AbortSignal) => Promise<Sent>,
): Sender<Sent> {
  const waiting: Piece[] = [];
  const underway = new Set<Promise<void>>();
  const sent = new Map<number, Sent>();
  const stopped = new AbortController();
  let failure: { readonly error: unknown } | undefined;

  const start = (piece: Piece): void => {
    const { number, buffer, crc32 } = piece;
    const work = put({ number, bytes: buffer.subarray(0, piece.bytes), crc32 }, stopped.signal)
      .then((arrived) => {
        sent.set(piece.number, arrived);
        memory.giveBack(piece.buffer);
      })
      .catch((error: unknown) => {
        waiting.unshift(piece);
        failure ??= { error };
      })
      .finally(() => underway.delete(work));
    underway.add(work);
  };
  /** Goes on until nothing waits and no more than `rest` pieces are on their way. */
  const drain = async (rest: number): Promise<void> => {
    for (;;) {
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        throw error;
      }
      while (waiting.length > 0 && underway.size < piecesInFlight(waiting[0]!.buffer.length)) start(waiting.shift()!);
      if (waiting.length === 0 && underway.size <= rest) return;
      await Promise.race(underway);
    }
  };
  return {
    async send(piece) {
      waiting.push(piece);
      await drain(piecesInFlight(piece.buffer.length));
    },
    async settle() {
      await drain(0);
      return [...sent].sort(([a], [b]) => a - b).map(([, arrived]) => arrived);
    },
    async stop() {
      stopped.abort();
      await Promise.all(underway);
      for (const { buffer } of waiting.splice(0)) memory.giveBack(buffer);
    },
  };
}
