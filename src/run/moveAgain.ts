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
