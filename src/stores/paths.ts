/** The paths that a store is given: relative to its root, and never out of it. */
import { MigrateError } from '../core/errors.ts';

/** The path as it is, or an error: whatever a name in the source was, it stays below the root. */
export function checkedPath(path: string): string {
  const steps = path.split('/');
  if (path.startsWith('/') || path.includes('\0') || path.includes('\\') || steps.includes('..') || steps.includes('.'))
    throw new MigrateError('E_STORE', 'a path that leaves its folder', { found: JSON.stringify(path) });
  return path;
}
