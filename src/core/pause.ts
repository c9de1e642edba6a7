/**
 * Waits between two attempts that end early when the run is to stop. Workers are told so by a flag in the memory that
 * all threads share, where no signal reaches: it is waited for, not looked at from time to time.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { MigrateError } from './errors.ts';

/** int32: 1 when all is to stop. Undefined: nobody stops this thread's waits. */
let stop: Int32Array<SharedArrayBuffer> | undefined;

/** From now on the waits of this thread end when the flag is 1, and those who set it say so (`Atomics.notify`). */
export function stopPausesBy(flag: SharedArrayBuffer): void {
  stop = new Int32Array(flag);
}

/** In the main thread: whose signal ends the waits of what is done on its behalf. A library runs jobs side by side. */
const heeded = new AsyncLocalStorage<AbortSignal>();
let working = 0;

/** Waits within `work` end with the signal. Not for what winds up: that may have to wait for a server all the same. */
export async function stopPausesWith<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  working++;
  try {
    return await heeded.run(signal, work);
  } finally {
    // A storage that is in use slows down every promise of the thread.
    if (--working === 0) heeded.disable();
  }
}

/** Error: E_INTERRUPTED, where all is to stop. */
export async function pause(ms: number): Promise<void> {
  if (stop === undefined) return pauseHere(ms, heeded.getStore());
  await Atomics.waitAsync(stop, 0, 0, ms).value;
  if (Atomics.load(stop, 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
}

async function pauseHere(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (cause) {
    throw new MigrateError('E_INTERRUPTED', 'interrupted', { cause });
  }
}
