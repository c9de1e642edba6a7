/**
 * Tells of calls that failed and are made again, on a diagnostics channel: a run listens, so that nobody wonders what it
 * waits for; a channel that nobody listens to costs nothing. Workers pass on what they hear to the thread that started them.
 */
import { channel } from 'node:diagnostics_channel';
import type { MigrateError } from './errors.ts';

export const AGAIN_CHANNEL = 'milvus-migrate:again';

/** What a subscriber gets. Plain, since it goes from thread to thread. */
export interface CallAgain {
  /** What failed, in words: «could not read: the service is not available». */
  readonly what: string;
  /** What was found: «HTTP 503 SlowDown from http://host:9000». */
  readonly found: string;
  /** Of this one call, so far. */
  readonly failures: number;
}

const calls = channel(AGAIN_CHANNEL);

/** To be called when it is settled that there will be another attempt, before the wait. */
export function tellAgain(error: MigrateError, failures: number): void {
  if (!calls.hasSubscribers) return;
  const call: CallAgain = { what: error.message, found: error.found ?? error.code, failures };
  calls.publish(call);
}

/** For those who got it from another thread. */
export function passOnAgain(call: CallAgain): void {
  calls.publish(call);
}
