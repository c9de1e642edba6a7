/**
 * Preloaded with `--import`, worker threads included: kills the process at the moment that `KILL_AT` names.
 *
 * `KILL_AT=import submitted`, or `KILL_AT=part written 2`: the second time that it comes in one thread. `KILL_WITH` is
 * another signal than SIGKILL; 0: none, the moment is only told.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { MOMENTS_CHANNEL, type Moment } from '../../src/run/events.ts';

const { moment: wanted, count } = /^(?<moment>.*?)(?: (?<count>\d+))?$/.exec(process.env.KILL_AT ?? '')!.groups!;
const signal = process.env.KILL_WITH ?? 'SIGKILL';
let left = Number(count ?? 1);

subscribe(MOMENTS_CHANNEL, (message) => {
  const { moment, subject } = message as { readonly moment: Moment; readonly subject: string };
  if (moment !== wanted || --left !== 0) return;
  // Written past the stream: a worker's stderr goes through the main thread, which is about to be gone.
  writeSync(2, `reached: ${moment} (${subject})\n`);
  process.kill(process.pid, signal === '0' ? 0 : signal);
});
