/**
 * One object on its way: collected into pieces that are sent while the next is filled. The first piece stays here until
 * the end, because its first bytes may still change. Below one piece there is no upload: one request at the commit.
 *
 *   write ─► current piece ─► full: 1st held back, the others sent ─► close: last, first ─► complete
 */
import type { StoreWriter } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type PieceMemory, pieceBytes } from './memory.ts';
import { createPieceCrc } from './pieceCrc.ts';
import { openSender, type ReadyPiece, type Sender } from './sender.ts';

/** How a service takes an object in pieces. Every call may be made again after it failed. */
export interface PieceUpload<Sent> {
  /** Pieces that an object may have. */
  readonly most: number;
  /** Before the first piece: recorded, durably. */
  begin(): Promise<void>;
  /** Resolves when the service has the piece, and has checked it. */
  send(piece: ReadyPiece, signal: AbortSignal): Promise<Sent>;
  /** Makes the object visible, from its pieces in their order. */
  complete(pieces: readonly Sent[]): Promise<void>;
  /** Makes the object visible, in one request, where it is less than a piece. */
  whole(bytes: Uint8Array): Promise<void>;
  /** Leaves nothing of what was begun. */
  abort(): Promise<void>;
}

export interface ObjectWriter extends StoreWriter {
  readonly closed: () => boolean;
  /** Makes the object visible. Once it has done so, again is fine. */
  complete(): Promise<void>;
  /** Leaves no upload; a completed object stays. */
  abort(): Promise<void>;
}

const PATCH_BYTES = 64 * 1024;

/** @param place of the object, for messages */
export function objectWriter<Sent>(upload: PieceUpload<Sent>, memory: PieceMemory, place: string): ObjectWriter {
  let sender: Sender<Sent> | undefined;
  /** The first piece, once it is full. */
  let first: Buffer | undefined;
  let firstCrc: number | undefined;
  let current: Buffer | undefined = memory.take(pieceBytes(1, memory.sizes));
  let [number, filled] = [1, 0];
  const crc = createPieceCrc();
  /** Bytes of the `write` under way that are already in pieces: the same call made again goes on behind them. */
  let taken = 0;
  let sent: readonly Sent[] | undefined;
  /** The contents, where they are less than one piece. */
  let small: Uint8Array | undefined;
  let state: 'open' | 'closing' | 'closed' | 'complete' | 'aborted' = 'open';

  const must = (what: string, ...states: (typeof state)[]): void => {
    if (!states.includes(state))
      throw new MigrateError('E_STORE', `could not ${what}: its writer is ${state}`, { at: { file: place } });
  };
  const nextPiece = async (): Promise<void> => {
    if (number === upload.most)
      throw new MigrateError('E_STORE', 'the object is too large for the service', { at: { file: place } });
    if (sender === undefined) {
      await upload.begin();
      sender = openSender(memory, upload.send);
    }
    const full = { number, buffer: current!, bytes: filled, crc32: crc.next() };
    if (number === 1) [first, firstCrc] = [current, full.crc32];
    [number, filled] = [number + 1, 0];
    // Taken only when there is room on the way: by then one has come back, as a rule.
    current = undefined;
    if (full.number > 1) await sender.send(full);
  };
  const closePieces = async (open: Sender<Sent>): Promise<void> => {
    if (state === 'open') {
      state = 'closing';
      const last = {
        number,
        buffer: current ?? memory.take(pieceBytes(number, memory.sizes)),
        bytes: filled,
        crc32: crc.next(),
      };
      const head = { number: 1, buffer: first!, bytes: first!.length, crc32: firstCrc };
      [current, first] = [undefined, undefined];
      // Both are taken before the first of them can fail.
      await Promise.all([open.send(last), open.send(head)]);
    }
    sent = await open.settle();
  };
  const closeSmall = (): void => {
    // A copy of its own size, so that the buffer serves the next file.
    small = Uint8Array.prototype.slice.call(current!.subarray(0, filled));
    memory.giveBack(current!);
    current = undefined;
  };
  const giveBack = (): void => {
    for (const buffer of [first, current]) if (buffer !== undefined) memory.giveBack(buffer);
    [first, current, small] = [undefined, undefined, undefined];
  };

  return {
    closed: () => state === 'closed' || state === 'complete',
    async write(bytes, crc32) {
      must('write an object', 'open');
      if (taken === 0) crc.begin(bytes.length, crc32);
      while (taken < bytes.length) {
        if (filled === current?.length) await nextPiece();
        current ??= memory.take(pieceBytes(number, memory.sizes));
        const some = bytes.subarray(taken, taken + current.length - filled);
        current.set(some, filled);
        crc.add(some);
        [filled, taken] = [filled + some.length, taken + some.length];
      }
      taken = 0;
    },
    async patchStart(bytes) {
      must('write an object', 'open');
      const there = Math.min(PATCH_BYTES, first === undefined ? filled : first.length);
      if (bytes.length > there)
        throw new MigrateError('E_STORE', 'could not overwrite the first bytes: there are not so many', {
          at: { file: place },
          found: `${bytes.length} bytes`,
          wanted: `${there} bytes at most`,
        });
      (first ?? current!).set(bytes, 0);
      firstCrc = undefined;
      if (first === undefined) crc.forget();
    },
    async close() {
      if (state === 'closed') return;
      must('close an object', 'open', 'closing');
      if (sender === undefined) closeSmall();
      else await closePieces(sender);
      state = 'closed';
    },
    async complete() {
      if (state === 'complete') return;
      must('complete an object', 'closed');
      if (small !== undefined) await upload.whole(small);
      else await upload.complete(sent!);
      state = 'complete';
      giveBack();
    },
    async abort() {
      if (state === 'complete') return;
      state = 'aborted';
      await sender?.stop();
      giveBack();
      await upload.abort();
    },
  };
}
