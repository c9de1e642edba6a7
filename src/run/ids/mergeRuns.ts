/** Merges sorted runs of key records (see keySort) into one sorted sequence, with a bound on open files and memory. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { MigrateError } from '../../core/errors.ts';
import { RECORD_BYTES, RECORD_WORDS } from './keySort.ts';

/** Runs read at a time, each through a buffer of BUFFER_RECORDS: 4 MiB in all. */
const WIDTH = 64;
const BUFFER_RECORDS = 4096;

export interface RunRecord {
  readonly high: number;
  readonly low: number;
  /** Ordinal of the partition in the plan. */
  readonly partition: number;
  /** Ordinal of the live row in the partition. */
  readonly row: number;
}

/**
 * Removes each run when it was read. More than WIDTH runs are merged in several passes, through files in `dir`; the last
 * pass is the sequence that is returned.
 */
export async function mergeRuns(
  runs: readonly string[],
  dir: string,
  signal: AbortSignal,
): Promise<Generator<RunRecord>> {
  let level = [...runs];
  for (let pass = 0; level.length > WIDTH; pass++) {
    const next: string[] = [];
    for (let at = 0; at < level.length; at += WIDTH) {
      const file = join(dir, `merged-${pass}-${next.length}`);
      await writeRun(file, mergeOnce(level.slice(at, at + WIDTH)), signal);
      next.push(file);
    }
    level = next;
  }
  return mergeOnce(level);
}

/** Lets the event loop turn once. Throws E_INTERRUPTED where the run is to stop. */
export async function breathe(signal: AbortSignal): Promise<void> {
  await setImmediate();
  if (signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted');
}

interface Cursor {
  readonly file: string;
  readonly fd: number;
  readonly words: Uint32Array;
  /** Words in the buffer, and the next to be read. */
  filled: number;
  at: number;
}

function* mergeOnce(files: readonly string[]): Generator<RunRecord> {
  const heap = files.map(openRun).filter(refill);
  for (let index = (heap.length >>> 1) - 1; index >= 0; index--) sink(heap, index);
  try {
    while (heap.length > 0) {
      const top = heap[0]!;
      const { words, at } = top;
      yield { high: words[at]!, low: words[at + 1]!, partition: words[at + 2]!, row: words[at + 3]! };
      top.at += RECORD_WORDS;
      if (top.at === top.filled && !refill(top)) {
        const last = heap.pop()!;
        if (last !== top) heap[0] = last;
      }
      if (heap.length > 0) sink(heap, 0);
    }
  } finally {
    for (const { fd } of heap) fs.closeSync(fd);
  }
}

function openRun(file: string): Cursor {
  return { file, fd: fs.openSync(file, 'r'), words: new Uint32Array(BUFFER_RECORDS * RECORD_WORDS), filled: 0, at: 0 };
}

/** Returns false, with the file closed and removed, where there is nothing more. */
function refill(cursor: Cursor): boolean {
  const { fd, words, file } = cursor;
  let bytes = 0;
  for (let got = -1; got !== 0 && bytes < words.byteLength; bytes += got)
    got = fs.readSync(fd, words, bytes, words.byteLength - bytes, null);
  if (bytes % RECORD_BYTES !== 0)
    throw new MigrateError('E_STATE', 'a file of the sort has half a record', {
      at: { file },
      found: `${bytes} bytes`,
    });
  cursor.at = 0;
  cursor.filled = bytes / 4;
  if (bytes > 0) return true;
  fs.closeSync(fd);
  fs.rmSync(file, { force: true });
  return false;
}

function before(a: Cursor, b: Cursor): boolean {
  for (let word = 0; word < RECORD_WORDS; word++) {
    const [left, right] = [a.words[a.at + word]!, b.words[b.at + word]!];
    if (left !== right) return left < right;
  }
  return false;
}

function sink(heap: Cursor[], start: number): void {
  for (let parent = start; ; ) {
    let least = parent;
    for (const child of [2 * parent + 1, 2 * parent + 2])
      if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
    if (least === parent) return;
    [heap[parent], heap[least]] = [heap[least]!, heap[parent]!];
    parent = least;
  }
}

async function writeRun(file: string, records: Iterable<RunRecord>, signal: AbortSignal): Promise<void> {
  const words = new Uint32Array(BUFFER_RECORDS * RECORD_WORDS);
  const fd = fs.openSync(file, 'w');
  try {
    await writeAll(fd, records, { words, signal });
  } finally {
    fs.closeSync(fd);
  }
}

async function writeAll(
  fd: number,
  records: Iterable<RunRecord>,
  { words, signal }: { words: Uint32Array; signal: AbortSignal },
): Promise<void> {
  let filled = 0;
  for (const { high, low, partition, row } of records) {
    words.set([high, low, partition, row], filled);
    filled += RECORD_WORDS;
    if (filled < words.length) continue;
    fs.writeFileSync(fd, words);
    filled = 0;
    await breathe(signal);
  }
  fs.writeFileSync(fd, words.subarray(0, filled));
}
