/**
 * Waits between two attempts that end early when the run is to stop. Workers are told so by a flag in the memory that
 * all threads share, where no signal reaches: it is waited for, not looked at from time to time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { MigrateError } from './errors.ts';

/** int32: 1 when all is to stop. Undefined: nobody stops this thread's waits. */
let stop: Int32Array<SharedArrayBuffer> | undefined;

/** From now on the waits of this thread end when the flag is 1, and those who set it say so (`Atomics.notify`). */
export function stopPausesBy(flag: SharedArrayBuffer): void {
  stop = new Int32Array(flag);
}

/** Error: E_INTERRUPTED, where all is to stop. */
export async function pause(ms: number): Promise<void> {
  if (stop === undefined) return delay(ms);
  await Atomics.waitAsync(stop, 0, 0, ms).value;
  if (Atomics.load(stop, 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
}
