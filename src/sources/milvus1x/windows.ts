/**
 * Narrow columns of files in a bucket: a slab takes a few kilobytes of them, and each request costs as much as one for
 * megabytes. So they are read a window at a time, which serves the slabs that follow.
 *
 * ```
 *   column    | window 0        | window 1        | wi |
 *   slabs     | 0  | 1  | 2  | 3  | 4  | …                 slab 3 is served by two windows
 * ```
 */
import type { OpenFile } from './fileRead.ts';

/** Ids of sixteen slabs of vectors with 128 dimensions. */
export const WINDOW_BYTES = 512 * 1024;

/** As `OpenFile.read`, of the bytes between `from` and `to`; what it is asked for goes forward, by and large. */
export function readByWindows(
  file: Pick<OpenFile, 'read'>,
  { from, to }: { readonly from: number; readonly to: number },
): OpenFile['read'] {
  /** The last ones; whoever waits for an earlier one holds it himself. */
  const windows = new Map<number, Promise<Uint8Array>>();
  const windowOf = (index: number): Promise<Uint8Array> => {
    const known = windows.get(index);
    if (known !== undefined) return known;
    const start = from + index * WINDOW_BYTES;
    const bytes = new Uint8Array(Math.min(WINDOW_BYTES, to - start));
    const window = file.read(bytes, start).then(() => bytes);
    windows.set(index, window);
    for (const old of windows.keys()) if (old < index - 1) windows.delete(old);
    return window;
  };
  return async (target, offset) => {
    // One that takes most of a window is as well off alone, and without a copy.
    if (target.length * 2 >= WINDOW_BYTES) return file.read(target, offset);
    const last = Math.floor((offset + target.length - 1 - from) / WINDOW_BYTES);
    const pieces: Promise<void>[] = [];
    for (let index = Math.floor((offset - from) / WINDOW_BYTES); index <= last; index++)
      pieces.push(windowOf(index).then((bytes) => copyShared(bytes, from + index * WINDOW_BYTES, target, offset)));
    // All of them, also where one failed: until then they write into the target.
    await Promise.allSettled(pieces);
    await Promise.all(pieces);
  };
}

/** What both have, each of which begins at an offset of its own. */
function copyShared(bytes: Uint8Array, start: number, target: Uint8Array, offset: number): void {
  const [begin, end] = [Math.max(start, offset), Math.min(start + bytes.length, offset + target.length)];
  target.set(bytes.subarray(begin - start, end - start), begin - offset);
}
