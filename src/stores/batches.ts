/** Many small requests, a few at once. */
import { tellAgain } from '../core/again.ts';
import { MigrateError } from '../core/errors.ts';

const AT_ONCE = 16;

/**
 * All of the work, in rounds: what failed and may be repeated is done again as long as a round got any further, since
 * whoever repeats the whole would have to begin with the first item, and over a bad network never see the last one. Then
 * the first failure is thrown, for him to wait and repeat it; at once where the service asks to wait, or where it is one
 * that is not worth repeating.
 */
export async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let [left, round] = [items, 1]; left.length > 0; round++) {
    const failed = await oneRound(left, work);
    const waiting = failed.find(({ error }) => error.retryAfterMs !== undefined);
    if (waiting !== undefined) throw waiting.error;
    if (failed.length === left.length) throw failed[0]!.error;
    for (const { error } of failed) tellAgain(error, round);
    left = failed.map(({ item }) => item);
  }
}

interface Failed<T> {
  readonly item: T;
  readonly error: MigrateError;
}

async function oneRound<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<readonly Failed<T>[]> {
  const failed: Failed<T>[] = [];
  for (let first = 0; first < items.length; first += AT_ONCE) {
    const batch = items.slice(first, first + AT_ONCE);
    for (const [index, result] of (await Promise.allSettled(batch.map(work))).entries()) {
      if (result.status === 'fulfilled') continue;
      const error: unknown = result.reason;
      if (!(error instanceof MigrateError && error.retry)) throw error;
      failed.push({ item: batch[index]!, error });
    }
  }
  return failed;
}
