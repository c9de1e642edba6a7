/** The command by which a job goes on, as it can be typed here: with the place of the jobs, where no other is looked in. */
import { resolve } from 'node:path';
import { type Environment, stateOf } from './defaults.ts';
import type { JobConfig } from './job.ts';

/** Where jobs are looked for without a word about it. */
export interface Around {
  readonly env: Environment;
  readonly cwd: string;
}

/** @param place where the job is recorded; the address of a database is not shown, for it may hold a password */
export function resumeCommand(
  id: string,
  { stateDir, state }: Pick<JobConfig, 'stateDir' | 'state'>,
  { env, cwd }: Around,
): string {
  const command = `milvus-migrate jobs resume ${id}`;
  const usual = stateOf(env, cwd);
  if (state !== undefined) return usual.state?.reveal() === state.reveal() ? command : `${command} --state mysql://…`;
  const dir = resolve(cwd, stateDir);
  return usual.state === undefined && usual.stateDir === dir ? command : `${command} --state ${quoted(dir)}`;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
