/** What the state of a job says. */
import type { JobState } from './checkpoint.ts';
import type { Json } from './contracts.ts';

/** Its last run came to its end, and left nothing unfinished. */
export function isOver(state: JobState): boolean {
  return state === 'dumped' || state === 'finished' || state === 'incomplete';
}

/** Whether it may hold anything open at its source: a dump that has a target does, for loading and verifying what it read. */
export function mayHoldSource(state: JobState, config: Json): boolean {
  const { target } = config as { readonly target?: Json };
  return !isOver(state) || (state === 'dumped' && target !== undefined);
}

/** Whether the job's files are not to be removed: those of `dump` and `load`, and with `--keep`. */
export function keepsFiles(config: Json): boolean {
  const { files } = config as { readonly files?: { readonly keep?: boolean } };
  return files?.keep === true;
}
