/**
 * Blocking reads of files that must not come up short. This runs where waiting is the only thing to do: in workers, and
 * on the main thread for a few bytes of each file.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ErrorPlace, MigrateError, messageOf, systemCode } from '../../core/errors.ts';

export interface OpenFile {
  readonly size: number;
  /** `<time of change in ns>`, for fingerprints. */
  readonly changed: string;
  /** Fills the whole target from `offset` on. Errors: E_SOURCE_CHANGED where the file ends before, E_READ. */
  read(target: Uint8Array, offset: number): void;
  close(): void;
}

/** undefined: there is no such file. Other failures: E_SOURCE_ACCESS. */
export function openIfThere(file: string, at: ErrorPlace): OpenFile | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return undefined;
    throw new MigrateError('E_SOURCE_ACCESS', 'a file of the source can not be opened', {
      at,
      found: messageOf(thrown),
      wanted: 'to be allowed to read it',
      cause: thrown,
    });
  }
  const { size, mtimeNs } = fstatSync(fd, { bigint: true });
  return {
    size: Number(size),
    changed: String(mtimeNs),
    read: (target, offset) => readFully({ fd, at }, target, offset),
    close: () => closeSync(fd),
  };
}

function readFully({ fd, at }: { fd: number; at: ErrorPlace }, target: Uint8Array, offset: number): void {
  for (let filled = 0; filled < target.length; ) {
    const got = readOnce({ fd, at }, target, { filled, offset });
    if (got === 0)
      throw new MigrateError('E_SOURCE_CHANGED', 'a file of the source became shorter while it was read', {
        at: { ...at, offset: offset + filled },
        found: 'its end',
        wanted: `${target.length - filled} more bytes`,
        hint: 'stop the old Milvus server and try again',
      });
    filled += got;
  }
}

function readOnce(
  { fd, at }: { fd: number; at: ErrorPlace },
  target: Uint8Array,
  { filled, offset }: { filled: number; offset: number },
): number {
  try {
    return readSync(fd, target, filled, target.length - filled, offset + filled);
  } catch (thrown) {
    throw new MigrateError('E_READ', 'a file of the source could not be read', {
      at: { ...at, offset: offset + filled },
      found: messageOf(thrown),
      retry: true,
      cause: thrown,
    });
  }
}
