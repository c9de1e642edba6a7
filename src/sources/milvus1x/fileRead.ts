/** Reads of the source's files, local or in a bucket, that must not come up short; and what their failures mean. */
import { join } from 'node:path';
import type { OpenStore, Store, StoreConfig } from '../../core/contracts.ts';
import { type ErrorCode, type ErrorPlace, MigrateError, messageOf } from '../../core/errors.ts';

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

/** undefined: there is no such file. Other failures: E_SOURCE_ACCESS. */
export async function openIfThere(
  { store }: Pick<SourceFolder, 'store'>,
  path: string,
  at: ErrorPlace,
): Promise<OpenFile | undefined> {
  const file = await store.openFile(path).catch((thrown: unknown) => {
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
        throw await readFailure(thrown, { store, path, version, at: { ...at, offset } });
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
  readonly version: string;
  readonly at: ErrorPlace;
}

/** Whatever the store says of it: a file that is not what it was any more is the cause. */
async function readFailure(thrown: unknown, { store, path, version, at }: FailedRead): Promise<unknown> {
  const failure = sourceError(thrown, { code: 'E_READ', message: 'a file of the source could not be read', at });
  const now = await store.stat(path).catch(() => 'unknown' as const);
  if (now === 'unknown' || now?.version === version) return failure;
  return new MigrateError('E_SOURCE_CHANGED', 'a file of the source changed while it was read', {
    at,
    found: now === undefined ? 'it is gone' : `another one, of ${now.size} bytes`,
    wanted: 'the file that was opened',
    hint: 'stop the old Milvus server, or whatever writes there, and try again',
    cause: thrown,
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
