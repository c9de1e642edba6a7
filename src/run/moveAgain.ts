/** What to do where a collection has to be moved once more, in words. */
import type { CollectionRecord } from '../core/checkpoint.ts';

/** Rows that the collection held before the job's first one. */
export function heldRows({ before }: Pick<CollectionRecord, 'before'>): number {
  return Object.values(before).reduce((sum, rows) => sum + rows, 0);
}

/** `--mode overwrite` takes away whatever the collection holds: nobody is led there who had rows in it before. */
export function moveAgain(record: Pick<CollectionRecord, 'before'> | undefined): string {
  const held = record === undefined ? 0 : heldRows(record);
  if (held === 0) return 'move the collection again with --mode overwrite --fresh, which replaces all that it holds';
  return `bring the collection back to the ${held} rows that it held before this job, then run the same command again with --fresh`;
}

/**
 * Another job's, or anybody's: who replaces the collection takes them away, and none of this job's rows are missing.
 * @param failed how many collections differ, these among them
 */
export function leaveOthers(names: readonly string[], failed: number): string {
  const more = failed > names.length ? '; what else differs has to be moved again by itself' : '';
  return `rows that this job did not load are there, in partitions that are not its own: ${names.join(', ')}; where another job or somebody put them there, nothing need be done, and --mode overwrite would take them away${more}`;
}
