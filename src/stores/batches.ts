/** Many small requests, a few at once. */
import { tellAgain } from '../core/again.ts';
import { MigrateError } from '../core/errors.ts';
import { pause } from '../core/pause.ts';

const AT_ONCE = 16;

/** Rounds in a row that get no further, after which whoever called has to wait longer than this does. */
const FRUITLESS_ROUNDS = 3;

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

/**
 * All of the work, in rounds: what failed and may be repeated is done again, after a wait that grows and is drawn by lot,
 * as long as the rounds get any further: whoever repeats the whole would have to begin with the first item, and over a
 * bad network never see the last one. Then the first failure is thrown, for him to wait and repeat it; at once where the
 * service says how long to wait, or where it is one that is not worth repeating.
 */
export async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let [left, fruitless] = [items, 0];
  for (let round = 1; ; round++) {
    const failed = await oneRound(left, work);
    if (failed.length === 0) return;
    const waiting = failed.find(({ error }) => error.retryAfterMs !== undefined);
    if (waiting !== undefined) throw waiting.error;
    fruitless = failed.length === left.length ? fruitless + 1 : 0;
    if (fruitless === FRUITLESS_ROUNDS) throw failed[0]!.error;
    for (const { error } of failed) tellAgain(error, round);
    left = failed.map(({ item }) => item);
    await pause(Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (round - 1)));
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
