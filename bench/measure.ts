/** Runs a whole process and says what it took. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { MEASURE } from './places.ts';

export interface Usage {
  /** Seconds. */
  readonly wall: number;
  readonly user: number;
  readonly sys: number;
  /** Peak resident memory of the largest process, bytes. Python's own (about 10 MB) is the least that can be seen. */
  readonly rss: number;
}

/** Throws with the end of the command's output where it does not exit with 0. */
export async function measure(command: readonly string[]): Promise<Usage> {
  const child = spawn('python3', [MEASURE, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const [answer, log] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const tail = log.trimEnd().split('\n').slice(-20).join('\n');
  if (answer === '') throw new Error(`could not measure ${command.join(' ')}\n${tail}`);
  const { wall, user, sys, rss, exit } = JSON.parse(answer) as Usage & { readonly exit: number };
  if (exit !== 0) throw new Error(`${command.join(' ')} ended with ${exit}\n${tail}`);
  return { wall: thousandths(wall), user: thousandths(user), sys: thousandths(sys), rss };
}

/** Seconds of processor time. */
export function cpu({ user, sys }: Usage): number {
  return user + sys;
}

function thousandths(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
