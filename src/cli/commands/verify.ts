/** `verify`: compares what is in the target with what was read, and moves nothing. */
export { runJobCommand as runCommand } from '../runJob.ts';
