/**
 * Makes calls again that failed with `retry: true`, after a wait that grows and is drawn by lot, so that many workers do
 * not come back at the same moment. What a repeated call means is the driver's promise: see `Store` in core/contracts.ts.
 */
import { tellAgain } from '../../core/again.ts';
import type { Store } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import { aroundStore } from './around.ts';

export interface RetryLimits {
  /** Calls in all. */
  readonly tries: number;
  /** Milliseconds in all; after them no further try is begun. */
  readonly totalMs: number;
  /** The first wait is below this, the next below twice this, … */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

export const RETRY_LIMITS: RetryLimits = { tries: 10, totalMs: 300_000, firstWaitMs: 200, longestWaitMs: 30_000 };

export function withRetry(store: Store, limits: RetryLimits = RETRY_LIMITS): Store {
  const again = <T>(make: () => Promise<T>): Promise<T> => retrying(make, limits);
  return aroundStore(
    store,
    (_call, make) => again(make),
    (prefix) => listWhole(store, prefix, limits),
  );
}

async function retrying<T>(make: () => Promise<T>, limits: RetryLimits): Promise<T> {
  const began = Date.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await make();
    } catch (thrown) {
      await waitOrThrow(thrown, { attempt, began, limits });
    }
  }
}

/** Waits before the next try, or throws where there is to be none. */
async function waitOrThrow(
  thrown: unknown,
  { attempt, began, limits }: { attempt: number; began: number; limits: RetryLimits },
): Promise<void> {
  if (!(thrown instanceof MigrateError) || !thrown.retry) throw thrown;
  const ceiling = Math.min(limits.longestWaitMs, limits.firstWaitMs * 2 ** (attempt - 1));
  const wait = Math.max(Math.random() * ceiling, thrown.retryAfterMs ?? 0);
  const spent = Date.now() - began;
  if (attempt >= limits.tries || spent + wait > limits.totalMs) throw givenUp(thrown, attempt, spent);
  tellAgain(thrown, attempt);
  await pause(wait);
}

/** As it was, with the number of tries; nobody above needs to try it once more. */
function givenUp(error: MigrateError, attempts: number, spentMs: number): MigrateError {
  const found = [error.found, `${attempts} tries in ${(spentMs / 1000).toFixed(1)} s`].filter(Boolean).join('; ');
  const { at, wanted, hint, cause } = error;
  const given = { ...(wanted === undefined ? {} : { wanted }), ...(hint === undefined ? {} : { hint }) };
  return new MigrateError(error.code, error.message, { at, found, cause, ...given });
}

/**
 * A listing that broke is begun anew, without what was given before: its order is not promised, and a broken iterator
 * can't go on. The names are kept for it, about 100 bytes each.
 */
async function* listWhole(store: Store, prefix: string, limits: RetryLimits): ReturnType<Store['list']> {
  const given = new Set<string>();
  let began = Date.now();
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const file of store.list(prefix)) {
        if (given.has(file.path)) continue;
        given.add(file.path);
        yield file;
        // It moves on: what counts is how often it fails in the same place.
        [attempt, began] = [1, Date.now()];
      }
      return;
    } catch (thrown) {
      await waitOrThrow(thrown, { attempt, began, limits });
    }
  }
}
