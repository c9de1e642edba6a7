/** Errors of the small readers, which know no file, as errors about a key of one. */
import { type ErrorPlace, MigrateError } from '../core/errors.ts';

/** What `read` gives; its E_USAGE is E_CONFIG about that place. @throws MigrateError E_CONFIG */
export function readAt<T>(at: ErrorPlace, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof MigrateError) || thrown.code !== 'E_USAGE') throw thrown;
    const { message, found, wanted, hint, cause } = thrown;
    throw new MigrateError('E_CONFIG', message, {
      at,
      cause,
      ...(found === undefined ? {} : { found }),
      ...(wanted === undefined ? {} : { wanted }),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
