/** Failures of system calls on local files, named. */
import { MigrateError, messageOf, systemCode } from '../core/errors.ts';

/** E_NO_SPACE or E_STORE. @param what as in «could not …» */
export function failure(what: string, file: string, cause: unknown): MigrateError {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new MigrateError('E_NO_SPACE', `no space left to ${what}`, {
      at: { file },
      found: messageOf(cause),
      hint: 'make room and run the same command again: finished parts are kept',
      cause,
    });
  const hint =
    code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'give this user the right to write there' : undefined;
  return new MigrateError('E_STORE', `could not ${what}`, {
    at: { file },
    found: messageOf(cause),
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Runs one system call (or a few on the same file) with its error named. */
export function attempt<T>(what: string, file: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof MigrateError) throw thrown;
    throw failure(what, file, thrown);
  }
}
