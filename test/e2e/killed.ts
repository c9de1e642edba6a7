/** Runs the command line up to a moment of its work, and does something to it there. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Moment } from '../../src/run/progress/events.ts';
import { type Ended, milvusMigrate, watched } from './harness.ts';

const KILL_AT = new URL('./killAt.js', import.meta.url).href;

/** A moment, or its n-th occurrence. */
export type Kill = Moment | `${Moment} ${number}`;

type Environment = Readonly<Record<string, string>>;

const reached = (kill: Kill): RegExp => new RegExp(`reached: ${kill.replace(/ \d+$/, '')} `);

/** kill -9 at that moment; asserts that it was just so. */
export async function runKilled(words: readonly string[], kill: Kill, env: Environment = {}): Promise<void> {
  const ended = await milvusMigrate(words, { preload: [KILL_AT], env: { ...env, KILL_AT: kill } });
  assert.equal(ended.signal, 'SIGKILL', `to be killed at ${kill}, it ended with ${ended.code}: ${ended.stderr}`);
  assert.match(ended.stderr, reached(kill));
}

/** Calls `act` when the moment comes, while the run goes on (`SIGSTOP`: stands still). */
export async function runUntil(
  words: readonly string[],
  {
    moment,
    signal,
    env = {},
  }: { readonly moment: Kill; readonly signal: 'SIGSTOP' | 'none'; readonly env?: Environment },
  act: (child: ChildProcess) => Promise<void>,
): Promise<Ended> {
  const told = { ...env, KILL_AT: moment, KILL_WITH: signal === 'none' ? '0' : signal };
  const whenStopped = async (child: ChildProcess): Promise<void> => {
    if (signal === 'SIGSTOP') await stopped(child);
    await act(child);
  };
  return watched(words, { preload: [KILL_AT], env: told, when: reached(moment), act: whenStopped });
}

const LOOK_AGAIN_MS = 5;
const STOPPED_MS = 30_000;

/** It tells its moment just before it stops: a SIGCONT in between would be lost, and it would stand still for ever. */
async function stopped({ pid }: ChildProcess): Promise<void> {
  for (const end = Date.now() + STOPPED_MS; Date.now() < end; await setTimeout(LOOK_AGAIN_MS))
    if (/^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return;
  assert.fail(`process ${pid} did not stop`);
}
