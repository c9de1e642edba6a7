/** `load`: what `dump` wrote goes into a Milvus 2.x. */
export { runJobCommand as runCommand } from '../runJob.ts';
