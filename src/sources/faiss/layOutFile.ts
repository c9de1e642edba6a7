/** Runs the layout pass over a file of a store: small reads are served from a window that slides along. */
import type { StoreFile } from '../../core/contracts.ts';
import { layOutFaiss, runAsync } from '../../formats/faiss/layout.ts';
import type { FaissLayout } from '../../formats/faiss/model.ts';

/** Local reads cost a system call each, those of a bucket a round trip. */
export const LOCAL_WINDOW = 64 * 1024;
export const REMOTE_WINDOW = 1024 * 1024;

/** @param windowBytes how much is read at a time where less is asked for */
export function layOutFile(file: StoreFile, windowBytes: number): Promise<FaissLayout> {
  return runAsync(layOutFaiss(file.size), windowed(file, windowBytes));
}

/** Bytes that the asker may keep. */
function windowed(file: StoreFile, windowBytes: number): (at: number, length: number) => Promise<Uint8Array> {
  const window = new Uint8Array(windowBytes);
  let [from, end] = [0, 0];
  return async (at, length) => {
    if (length > windowBytes) {
      const whole = new Uint8Array(length);
      await file.readInto(whole, at);
      return whole;
    }
    if (at < from || at + length > end) {
      const filled = Math.min(windowBytes, file.size - at);
      [from, end] = [0, 0];
      await file.readInto(window.subarray(0, filled), at);
      [from, end] = [at, at + filled];
    }
    return window.slice(at - from, at - from + length);
  };
}
