/** A file system of a few megabytes, where this user may mount one. */
import { execFileSync } from 'node:child_process';
import { type TemporaryFolder, temporaryFolder } from '../temporary.ts';

/**
 * @param size as mount takes it: «3m»
 * @returns undefined where mounting is refused
 */
export function smallDisk(size: string, options: readonly string[] = []): TemporaryFolder | undefined {
  const folder = temporaryFolder();
  const { path } = folder;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', [`size=${size}`, 'mode=755', ...options].join(','), 'tmpfs', path], {
      stdio: 'ignore',
    });
  } catch {
    // Not root, or a container without the right: the caller says what it does then.
    folder[Symbol.dispose]();
    return undefined;
  }
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('umount', [path]);
      folder[Symbol.dispose]();
    },
  };
}
