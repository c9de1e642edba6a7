/**
 * Preloaded with `--import`, worker threads included: kills the process at the moment that `KILL_AT` names.
 *
 * `KILL_AT=import submitted`, or `KILL_AT=part written 2`: the second time that it comes in one thread. `KILL_WITH` is
 * another signal than SIGKILL; 0: none, the moment is only told.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { MOMENTS_CHANNEL, type Moment } from '../../src/run/progress/events.ts';

const { moment: wanted, count } = /^(?<moment>.*?)(?: (?<count>\d+))?$/.exec(process.env.KILL_AT ?? '')!.groups!;
const signal = process.env.KILL_WITH ?? 'SIGKILL';
let left = Number(count ?? 1);

/** Threads count for themselves, but it happens once: a process that was stopped and goes on is not stopped again. */
const ONCE = 'kill at: done';
if (isMainThread) setEnvironmentData(ONCE, new Int32Array(new SharedArrayBuffer(4)));
const done = getEnvironmentData(ONCE) as unknown as Int32Array;

subscribe(MOMENTS_CHANNEL, (message) => {
  const { moment, subject } = message as { readonly moment: Moment; readonly subject: string };
  if (moment !== wanted || --left !== 0 || Atomics.exchange(done, 0, 1) !== 0) return;
  // Written past the stream: a worker's stderr goes through the main thread, which is about to be gone.
  writeSync(2, `reached: ${moment} (${subject})\n`);
  process.kill(process.pid, signal === '0' ? 0 : signal);
});
