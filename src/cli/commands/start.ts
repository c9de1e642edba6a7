/** `start`: the old tool's name for dump and load in one go, after its migration.yaml. */
export { runJobCommand as runCommand } from '../runJob.ts';
