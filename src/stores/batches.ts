/** Many small requests, a few at once. */
import { MigrateError } from '../core/errors.ts';

const AT_ONCE = 16;

/**
 * Throws the first failure at the end: what can be done is done, so that the same call made again has less to do. One
 * that is not worth repeating ends it at once.
 */
export async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let failure: { readonly reason: unknown } | undefined;
  for (let first = 0; first < items.length; first += AT_ONCE) {
    for (const result of await Promise.allSettled(items.slice(first, first + AT_ONCE).map(work))) {
      if (result.status === 'fulfilled') continue;
      if (!(result.reason instanceof MigrateError && result.reason.retry)) throw result.reason;
      failure ??= result;
    }
  }
  if (failure !== undefined) throw failure.reason;
}
