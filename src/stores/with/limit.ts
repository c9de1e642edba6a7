/**
 * Bounds what a store moves: bytes a second, for all threads of the process together, and calls under way, per thread.
 *
 * The bytes are booked on one clock in shared memory, in which each call reserves the time that its bytes take:
 *
 *   now          booked until
 *    |░░░░░░░░░░░░|────── next call: begins here, ends bytes ÷ rate later
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import type { Store } from '../../core/contracts.ts';
import { pause } from '../../core/pause.ts';
import { aroundStore } from './around.ts';

export interface Limits {
  /** Megabytes (10^6) a second; undefined: as many as go. */
  readonly maxMbps: number | undefined;
  /** Calls that move bytes under way at once on this store; undefined: as many as come. */
  readonly callsInFlight: number | undefined;
}

/** Nanoseconds that may be saved up while nothing moves. */
const BURST_NS = 50_000_000n;
const CLOCK = 'milvus-migrate:transfer-clock';

/**
 * One BigInt64: the nanosecond of the monotonic clock until which transfers are booked. Threads that are started later
 * inherit it, so the main thread must have called this before it starts any; `openStore` does.
 */
export function transferClock(): SharedArrayBuffer {
  const inherited = getEnvironmentData(CLOCK);
  if (inherited instanceof SharedArrayBuffer) return inherited;
  const clock = new SharedArrayBuffer(8);
  if (isMainThread) setEnvironmentData(CLOCK, clock as never);
  return clock;
}

export function withLimit(store: Store, { maxMbps, callsInFlight }: Limits, clock = transferClock()): Store {
  if (maxMbps === undefined && callsInFlight === undefined) return store;
  const enter = callsInFlight === undefined ? undefined : turnstile(callsInFlight);
  return aroundStore(store, async ({ bytes }, make) => {
    if (bytes === 0) return make();
    if (maxMbps !== undefined) await book(clock, bytes, maxMbps);
    if (enter === undefined) return make();
    const leave = await enter();
    try {
      return await make();
    } finally {
      leave();
    }
  });
}

/** Waits until it is the turn of these bytes, which with many threads may be a minute away. Error: E_INTERRUPTED. */
async function book(clock: SharedArrayBuffer, bytes: number, maxMbps: number): Promise<void> {
  const booked = new BigInt64Array(clock);
  const takes = BigInt(Math.ceil((bytes * 1000) / maxMbps));
  for (;;) {
    const now = process.hrtime.bigint();
    const until = Atomics.load(booked, 0);
    const begins = until > now - BURST_NS ? until : now - BURST_NS;
    if (Atomics.compareExchange(booked, 0, until, begins + takes) !== until) continue;
    // Behind its own bytes, not before them: what was moved never runs ahead of the rate.
    const wait = Number(begins + takes - now) / 1e6;
    if (wait > 1) await pause(wait);
    return;
  }
}

/** Lets so many in at once; the others wait in the order they came. */
function turnstile(room: number): () => Promise<() => void> {
  const queue: (() => void)[] = [];
  let free = room;
  const leave = (): void => {
    const next = queue.shift();
    if (next === undefined) free++;
    else next();
  };
  return async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => queue.push(resolve));
    return leave;
  };
}
