/**
 * Sends the pieces of one object, and keeps those that failed to send them again. A bounded number is on its way at a time,
 * of all objects of the store: a part has a file for each column, and the next part begins while this one's last pieces go.
 */
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
      .finally(() => {
        underway.delete(work);
        memory.underway.end();
      });
    memory.underway.begin();
    underway.add(work);
  };
  const mayStart = ({ buffer }: Piece): boolean => memory.underway.count < piecesInFlight(buffer.length, memory.sizes);
  /** Goes on until nothing waits, and nothing is on its way if `all` are to have arrived. */
  const drain = async (all: boolean): Promise<void> => {
    for (;;) {
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        throw error;
      }
      // Its pieces are forgotten: whoever waits for them must not take that for their arrival.
      stopped.signal.throwIfAborted();
      while (waiting.length > 0 && mayStart(waiting[0]!)) start(waiting.shift()!);
      if (waiting.length === 0 && (!all || underway.size === 0)) return;
      await memory.underway.ended();
    }
  };
  return {
    async send(piece) {
      waiting.push(piece);
      await drain(false);
    },
    async settle() {
      await drain(true);
      return [...sent].sort(([a], [b]) => a - b).map(([, arrived]) => arrived);
    },
    async stop() {
      stopped.abort();
      await Promise.all(underway);
      for (const { buffer } of waiting.splice(0)) memory.giveBack(buffer);
    },
  };
}
