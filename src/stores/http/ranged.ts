/** A file of a store that speaks HTTP, read by ranges: each by a request of its own, or many by one. */
import type { StoreFile, StoreStat } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { Pace } from './pace.ts';
import { fillTarget, type ReadBody } from './ranges.ts';
import { openStretch, type Stretch } from './stretch.ts';

export interface RangedParts {
  readonly stat: StoreStat;
  /** For messages: s3://bucket/key */
  readonly place: string;
  readonly read: ReadBody;
  /** Its first bytes, where they came when it was opened. */
  readonly first?: Uint8Array | undefined;
  /** Of all files of this store in this thread. */
  readonly pace: Pace;
}

/** Bytes that are read along and dropped: a new request costs as much. */
const GAP = 256 * 1024;

/** Open answers of one thread: each keeps a connection, also while nobody reads. Files beyond them are read by ranges. */
const MOST_STRETCHES = 16;

export function rangedFile({ stat, place, read, first, pace }: RangedParts): StoreFile {
  let [from, to] = [0, 0];
  let stretch: Stretch | undefined;
  const alone = (target: Uint8Array, start: number): Promise<void> =>
    read(start, target.length, (body) => fillTarget(body, target, { place, start }));
  const counted: ReadBody = async (...asked) => {
    pace.stretches++;
    try {
      await read(...asked);
    } finally {
      pace.stretches--;
    }
  };
  const inStretch = async (target: Uint8Array, start: number): Promise<void> => {
    const before = stretch?.open === true ? stretch.next : undefined;
    // Somebody comes late, or again after a failure: those behind him are served already.
    if (before !== undefined && start < before) return alone(target, start);
    if (before === undefined || start > before + GAP) {
      stretch?.close();
      stretch = undefined;
      if (pace.stretches >= MOST_STRETCHES) return alone(target, start);
      stretch = openStretch({ start, end: to, place, read: counted });
    }
    const [taken, last] = [stretch!, to];
    try {
      await taken.take(target, start);
    } catch (thrown) {
      if (!taken.came) pace.refused();
      throw thrown;
    }
    // The answer was begun when the file was this one: whether it still is, a last request says.
    if (start + target.length === last) await alone(new Uint8Array(1), last - 1);
  };
  return {
    ...stat,
    expect(start, end) {
      [from, to] = [start, Math.min(end, stat.size)];
      // It may begin before what was read last.
      stretch?.close();
      stretch = undefined;
    },
    async readInto(target, start) {
      const end = start + target.length;
      if (end > stat.size) throw tooShort(place, { start, length: target.length, size: stat.size });
      if (target.length === 0) return;
      if (first !== undefined && end <= first.length) target.set(first.subarray(start, end));
      else if (start < from || end > to) await alone(target, start);
      else await pace.time(target.length, (way) => (way === 'stretch' ? inStretch : alone)(target, start));
    },
    async close() {
      stretch?.close();
    },
  };
}

function tooShort(place: string, { start, length, size }: { start: number; length: number; size: number }): Error {
  return new MigrateError('E_STORE', 'the object ended early', {
    at: { file: place, offset: start },
    found: `${Math.max(0, size - start)} bytes`,
    wanted: `${length} bytes`,
  });
}
