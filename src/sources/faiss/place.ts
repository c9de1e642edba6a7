/** Where the files of a Faiss source are: one way to open them, local or in a bucket. */
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { FaissSource } from '../../config/job.ts';
import type { Store, StoreConfig, StoreFile } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import type { PlannedFile } from './detail.ts';
import { grouped } from './quantity.ts';

export interface Place {
  readonly store: StoreConfig;
  /** Of the index, relative to the store's root. */
  readonly path: string;
}

export function placeOf({ store, path }: FaissSource): Place {
  if (store !== undefined) return { store, path: path.replace(/^\/+/, '') };
  return { store: { scheme: 'file', root: dirname(path) }, path: basename(path) };
}

/** The file must be there. Errors: E_SOURCE_NOT_FOUND, E_SOURCE_ACCESS. */
export async function openSourceFile(store: Store, path: string, what: string): Promise<StoreFile> {
  const file = await tryOpen(store, path, what);
  if (file !== undefined) return file;
  throw new MigrateError('E_SOURCE_NOT_FOUND', `${what} is not there`, {
    at: { file: store.describe(path) },
    // A bucket has no folders, and its URL is no path that exists.
    found: existsSync(store.describe(path)) ? 'something that is no file: a folder, or a pipe' : 'no such file',
    wanted: 'a file that faiss wrote',
  });
}

/** undefined: not there. Failures, also those of reading it, are the source's. */
export async function tryOpen(store: Store, path: string, what: string): Promise<StoreFile | undefined> {
  try {
    const file = await store.openFile(path);
    return file === undefined ? undefined : asSource(file, store, path);
  } catch (thrown) {
    if (thrown instanceof MigrateError && thrown.retry) throw thrown;
    throw new MigrateError('E_SOURCE_ACCESS', `${what} can not be opened`, {
      at: { file: store.describe(path) },
      found: thrown instanceof MigrateError ? (thrown.found ?? thrown.message) : messageOf(thrown),
      wanted: 'a file, and to be allowed to read it',
      cause: thrown,
    });
  }
}

function asSource(file: StoreFile, store: Store, path: string): StoreFile {
  const { size, version } = file;
  return {
    size,
    version,
    close: () => file.close(),
    expect: (start, end) => file.expect(start, end),
    async readInto(target, start) {
      try {
        await file.readInto(target, start);
      } catch (thrown) {
        throw await readFailure(thrown, { store, path, version, start });
      }
    },
  };
}

interface FailedRead {
  readonly store: Store;
  readonly path: string;
  /** As it was opened. */
  readonly version: string;
  readonly start: number;
}

/** Whatever the store says of it: a file that is not what it was any more is the cause. */
async function readFailure(thrown: unknown, { store, path, version, start }: FailedRead): Promise<unknown> {
  if (!(thrown instanceof MigrateError) || thrown.code !== 'E_STORE') return thrown;
  const at = { file: store.describe(path), offset: start };
  const now = await store.stat(path).catch(() => 'unknown' as const);
  if (now === 'unknown' || now?.version === version)
    return new MigrateError('E_READ', 'a file of the source could not be read', {
      at,
      found: [thrown.message, thrown.found].filter((text) => text !== undefined).join(': '),
      ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
      retry: thrown.retry,
      cause: thrown,
    });
  return new MigrateError('E_SOURCE_CHANGED', 'a file of the source changed while it was read', {
    at,
    found: now === undefined ? 'it is gone' : `another one, of ${grouped(now.size)} bytes`,
    wanted: 'the file that was opened',
    hint: 'stop whatever writes to it, and start over with --fresh',
    cause: thrown,
  });
}

/** The file as it was when the plan was made. Errors: as `openSourceFile`, and E_SOURCE_CHANGED. */
export async function openAsPlanned(store: Store, planned: PlannedFile): Promise<StoreFile> {
  const file = await openSourceFile(store, planned.path, 'the index');
  if (file.size === planned.size && file.version === planned.version) return file;
  await file.close();
  throw new MigrateError('E_SOURCE_CHANGED', 'a file of the source is not what it was when this run began', {
    at: { file: store.describe(planned.path) },
    found: `${grouped(file.size)} bytes, version ${file.version}`,
    wanted: `${grouped(planned.size)} bytes, version ${planned.version}`,
    hint: 'put the file back as it was, or start over with --fresh',
  });
}
