/** `dump`: files only. */
export { runJobCommand as runCommand } from '../runJob.ts';
