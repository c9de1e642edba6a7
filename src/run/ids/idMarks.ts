/**
 * Main side of a look at stored ids that costs no reading: whoever dumps the rows sets a bit for each id of 0 … n−1 that
 * passes. Where in the end each of these has passed once, there is nothing to tell; else `scanIds.ts` looks again.
 */
import type { PartitionRecord } from '../../core/checkpoint.ts';
import { primaryKeyOf } from '../../core/schema.ts';
import type { IdMarks, RunContext } from '../shared/context.ts';
import { isSearched, plannedSchemas } from '../shared/plannedSchemas.ts';
import type { IdBits, Marked } from '../threads/tasks.ts';

/** Bits of 64 MiB. */
export const MOST_MARKED = 64 * 1024 * 1024 * 8;

export function bitsFor(count: number): IdBits {
  return { bits: new SharedArrayBuffer(Math.ceil(count / 32) * 4), count };
}

/** Of collections whose rows all pass now, as the source has them. */
export function beginMarks(run: RunContext): IdMarks {
  const marks = new Map<string, IdBits & Marked>();
  for (const planned of run.collections) {
    const { target, storedIds } = planned;
    const { sourceSchema, steps } = plannedSchemas(planned, run.reader);
    const records = plannedRows(run, target);
    const count = records.reduce((sum, { planned }) => sum + planned.partition.rows, 0);
    const allPass = records.every(({ part }) => part === undefined);
    if (storedIds !== true || isSearched(run, target) || !allPass || steps.length > 0) continue;
    if (primaryKeyOf(sourceSchema).type !== 'Int64' || count > MOST_MARKED) continue;
    marks.set(target, { ...bitsFor(count), odd: 0, keys: 0 });
  }
  return marks;
}

/** What a part of the collection came to is added. */
export function addMarks(run: Pick<RunContext, 'marks'>, collection: string, marked: Marked | undefined): void {
  const all = run.marks?.get(collection);
  if (all === undefined || marked === undefined) return;
  all.odd += marked.odd;
  all.keys += marked.keys;
}

/** Whether each id of 0 … n−1 has passed once. A part that was read a second time after a failure makes it false. */
export function allMarked(run: Pick<RunContext, 'marks'>, collection: string): boolean {
  const all = run.marks?.get(collection);
  return all !== undefined && all.odd === 0 && all.keys === all.count;
}

/** Without what is upserted later. */
function plannedRows({ ledger }: RunContext, collection: string): readonly PartitionRecord[] {
  return ledger.of(collection).filter(({ planned }) => planned.upsert !== true);
}
