/** What to do where a collection has to be moved once more, in words. */
import type { CollectionRecord } from '../../core/checkpoint.ts';

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

/** What was found of a collection that differs. */
export interface Difference {
  readonly inWords: string;
  readonly more: MoreRows;
  /** Whether anything differs besides. */
  readonly besides: boolean;
  /** Whether not all of it is loaded: it was not looked at. */
  readonly unfinished: boolean;
}

/**
 * Whether there are rows that the job did not load. `elsewhere`: in partitions which it loads nothing into. `here`: some are
 * in a partition of its own, where rows of its own that came twice look the same.
 */
export type MoreRows = 'none' | 'elsewhere' | 'here';

/**
 * Rows that are too many may be another job's, or anybody's: who replaces the collection takes them away, and none of this
 * job's may be missing.
 * @param known a record of a collection; one that held rows before speaks for all: what is said of it harms none
 */
export function whatToDo(failed: ReadonlyMap<string, Difference>, known: Parameters<typeof moveAgain>[0]): string {
  const names = (which: (one: Difference) => boolean): string[] =>
    [...failed].filter(([, one]) => which(one)).map(([name]) => name);
  const [elsewhere, here] = [names(({ more }) => more === 'elsewhere'), names(({ more }) => more === 'here')];
  const unfinished = names((one) => one.unfinished);
  if (elsewhere.length + here.length + unfinished.length === 0) return moveAgain(known);
  const besides = [...failed.values()].some((one) => one.besides);
  const left = `where another job or somebody put them there, nothing need be done${besides ? ' about them' : ''}, and --mode overwrite would take them away`;
  return [
    unfinished.length > 0
      ? `load it to its end first: ${unfinished.join(', ')}; the same command with run, start or load goes on`
      : '',
    elsewhere.length > 0
      ? `rows that this job did not load are there, in partitions that are not its own: ${elsewhere.join(', ')}; ${left}`
      : '',
    here.length > 0
      ? `more rows are there than this job loaded: ${here.join(', ')}; ${left}; where rows of this job came twice, ${moveAgain(known)}`
      : '',
    besides ? 'what else differs has to be moved again by itself' : '',
  ]
    .filter((text) => text !== '')
    .join('; ');
}
