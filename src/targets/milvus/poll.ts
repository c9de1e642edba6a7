/** Waits for a state of the server by asking again, at growing intervals. */
import { setTimeout as delay } from 'node:timers/promises';
import { interrupted } from './errors.ts';

const FIRST_MS = 100;
const GROWTH = 1.5;
const LONGEST_MS = 5_000;

/** Asks until the answer is not undefined. Bounded by nothing but the signal: how long a server needs, it alone knows. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let interval = FIRST_MS; ; interval = Math.min(interval * GROWTH, LONGEST_MS)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(interval, what, signal);
  }
}

/** Sleeps, or fails at once with E_INTERRUPTED where the signal is given. */
export async function pause(ms: number, what: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted) throw interrupted(what);
    throw error;
  }
}
