/** What the state of a job says. */
import type { JobState } from './checkpoint.ts';

/** Its last run came to its end, and left nothing unfinished. */
export function isOver(state: JobState): boolean {
  return state === 'dumped' || state === 'finished' || state === 'incomplete';
}
