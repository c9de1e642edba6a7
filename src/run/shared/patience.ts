/** How long a run bears with a server that is away, and how it waits. */
import { setTimeout as delay } from 'node:timers/promises';
import { MigrateError } from '../../core/errors.ts';

/** A restart of Milvus takes seconds to a few minutes; after this long the job stops, to be resumed. */
export const AWAY_MS = 5 * 60_000;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;

/** Waits that grow: 0.2 s, ×1.5, at most 5 s. Ends at once, with E_INTERRUPTED, when the run is to stop. */
export function createBackoff(signal: AbortSignal): { wait(): Promise<void>; reset(): void } {
  let next = FIRST_DELAY_MS;
  return {
    reset: () => {
      next = FIRST_DELAY_MS;
    },
    async wait() {
      await pause(next, signal);
      next = Math.min(next * 1.5, LONGEST_DELAY_MS);
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (cause) {
    throw new MigrateError('E_INTERRUPTED', 'interrupted', { cause });
  }
}

export type OnBack = ((ms: number) => void) | undefined;

/**
 * Repeats a question, or a change that comes to the same when it is made twice, while the server is away.
 * @param onAway called once when it is found to be away
 * @param onBack called when it answers again, with how long that took
 */
export async function whileAway<T>(
  ask: () => Promise<T>,
  { signal, onAway, onBack }: { signal: AbortSignal; onAway: (error: MigrateError) => void; onBack?: OnBack },
): Promise<T> {
  const asked = performance.now();
  const backoff = createBackoff(signal);
  let since: number | undefined;
  for (;;) {
    try {
      const answer = await ask();
      if (since !== undefined) onBack?.(performance.now() - asked);
      return answer;
    } catch (thrown) {
      if (signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted', { cause: thrown });
      if (!(thrown instanceof MigrateError) || !thrown.retry) throw thrown;
      if (since === undefined) onAway(thrown);
      since ??= performance.now();
      if (performance.now() - since > AWAY_MS) throw thrown;
      await backoff.wait();
    }
  }
}
