/** Reads of the source's files, local or in a bucket, that must not come up short; and what their failures mean. */
import { join } from 'node:path';
import type { Opening, OpenStore, Store, StoreConfig, StoreStat } from '../../core/contracts.ts';
import { type ErrorCode, type ErrorPlace, MigrateError, messageOf } from '../../core/errors.ts';
import { inBytes } from '../../formats/milvus1x/quantity.ts';

/** A folder of the source: `tables`, or `wal`. */
export interface SourceFolder extends AsyncDisposable {
  readonly store: Store;
  /** How many segments are worth looking at side by side. */
  readonly lanes: number;
  /** A file in it, as errors name it. */
  show(path: string): string;
}

/** Requests that each wait for an answer: so many under way at once on the main thread. */
const REMOTE_LANES = 16;

/** @param name what a local folder is called in messages; what is in a bucket has its whole URL */
export async function openFolder(openStore: OpenStore, config: StoreConfig, name: string): Promise<SourceFolder> {
  const store = await openStore(config);
  const local = config.scheme === 'file';
  return {
    store,
    lanes: local ? 1 : REMOTE_LANES,
    show: (path) => (local ? join(name, path) : store.describe(path)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export interface OpenFile {
  readonly size: number;
  /** Differs when the content may differ: for fingerprints. */
  readonly version: string;
  /**
   * Fills the whole target from `offset` on; several reads may be under way.
   * Errors: E_SOURCE_CHANGED where the file is not the one any more that was opened, E_READ.
   */
  read(target: Uint8Array, offset: number): Promise<void>;
  /** As `StoreFile.expect`. */
  expect(start: number, end: number): void;
  close(): Promise<void>;
}

/** undefined: there is no such file. Other failures: E_SOURCE_ACCESS. @param opening as the store's */
export async function openIfThere(
  { store }: Pick<SourceFolder, 'store'>,
  path: string,
  at: ErrorPlace,
  opening: Opening = {},
): Promise<OpenFile | undefined> {
  const file = await store.openFile(path, opening).catch((thrown: unknown) => {
    throw sourceError(thrown, { message: 'a file of the source can not be opened', at });
  });
  if (file === undefined) return undefined;
  const { size, version } = file;
  return {
    size,
    version,
    read: async (target, offset) => {
      try {
        await file.readInto(target, offset);
      } catch (thrown) {
        const planned = opening.known !== undefined;
        throw await readFailure(thrown, { store, path, size, version, at: { ...at, offset }, planned });
      }
    },
    expect: (start, end) => file.expect(start, end),
    close: () => file.close(),
  };
}

interface FailedRead {
  readonly store: Store;
  readonly path: string;
  /** As it was opened. */
  readonly size: number;
  readonly version: string;
  readonly at: ErrorPlace;
  /** What was opened is what the plan knows of it. */
  readonly planned: boolean;
}

/** Whatever the store says of it: a file that is not what it was any more is the cause. */
async function readFailure(thrown: unknown, { store, path, size, version, at, planned }: FailedRead): Promise<unknown> {
  const failure = sourceError(thrown, { code: 'E_READ', message: 'a file of the source could not be read', at });
  const now = await store.stat(path).catch(() => 'unknown' as const);
  if (now === 'unknown' || now?.version === version) return failure;
  if (planned) return notAsPlanned(at, now, size);
  return new MigrateError('E_SOURCE_CHANGED', 'a file of the source changed while it was read', {
    at,
    found: now === undefined ? 'it is gone' : `another one, of ${now.size} bytes`,
    wanted: 'the file that was opened',
    hint: 'stop the old Milvus server, or whatever writes there, and try again',
    cause: thrown,
  });
}

/** @param found undefined: it is not there. @param bytes its size when the plan was made */
export function notAsPlanned(at: ErrorPlace, found: Pick<StoreStat, 'size'> | undefined, bytes: number): MigrateError {
  if (found?.size === bytes) return changedSincePlan(at, 'it was written anew', 'the file that the plan was made from');
  return changedSincePlan(at, found === undefined ? 'no such file' : inBytes(found.size), inBytes(bytes));
}

export function changedSincePlan(at: ErrorPlace, found: string, wanted: string): MigrateError {
  return new MigrateError('E_SOURCE_CHANGED', 'a file of the source is not what it was when the plan was made', {
    at,
    found,
    wanted,
    hint: 'put the source back as it was, or start over with --fresh',
  });
}

export interface Meaning {
  /** E_SOURCE_ACCESS where not given. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly at: ErrorPlace;
}

/** A store's failure as one of the source, with all that the store said; other errors as they are. */
export function sourceError(thrown: unknown, { code = 'E_SOURCE_ACCESS', message, at }: Meaning): unknown {
  if (!(thrown instanceof MigrateError) || thrown.code !== 'E_STORE') return thrown;
  const { found, hint, retry } = thrown;
  return new MigrateError(code, message, {
    at,
    found: [messageOf(thrown), found].filter((text) => text !== undefined).join(': '),
    ...(hint === undefined ? {} : { hint }),
    retry,
    cause: thrown,
  });
}

/** Runs work side by side, `most` at a time, whoever asks for it. */
export function createLimit(most: number): <R>(work: () => Promise<R>) => Promise<R> {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Whoever waits gets this place.
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

/** Exactly these bytes of a small file, or of its beginning. */
export async function readBytes(file: OpenFile, length = file.size): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.read(bytes, 0);
  return bytes;
}

/**
 * The results in the order of the items, at most `lanes` at a time. Nothing new is begun after a failure; of several
 * failures the one of the first item is thrown, so that it is the same one every time.
 */
export async function inLanes<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const failures = new Map<number, unknown>();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (failures.size === 0 && next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (thrown) {
        failures.set(index, thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failures.size > 0) throw failures.get(Math.min(...failures.keys()));
  return results;
}
