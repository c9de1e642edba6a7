/** `run`: dump, load, index and verify in one go. */
export { runJobCommand as runCommand } from '../runJob.ts';
