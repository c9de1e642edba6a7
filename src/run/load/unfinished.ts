/** Jobs of the same place that have begun with a collection and not finished it: nobody may take it for whole. */
import type { JobConfig } from '../../config/job.ts';
import type { CollectionRecord, JobRecord, PartitionRecord } from '../../core/checkpoint.ts';
import { MigrateError } from '../../core/errors.ts';
import { isOver } from '../../core/jobState.ts';
import type { RunContext } from '../shared/context.ts';

/**
 * Throws E_LOAD_IN_DOUBT where another job was to fill a collection that `--mode skip` would leave as it is. Another mode
 * is another job: what one left half loaded is, to the next, a collection that is there already.
 */
export async function refuseUnfinished(
  { checkpoint, config, jobId }: Pick<RunContext, 'checkpoint' | 'config' | 'jobId'>,
  left: ReadonlyMap<string, CollectionRecord>,
): Promise<void> {
  if (left.size === 0) return;
  for (const job of await checkpoint.list()) {
    if (job.id === jobId) continue;
    // One that died while it made a collection does not know its id yet.
    const making = !isOver(job.state) && hasSameTarget(job, config);
    for (const [name, record] of await checkpoint.collections(job.id)) {
      const { loadInto, id, phase } = record;
      const found = left.get(loadInto);
      if (found === undefined) continue;
      const begun = found.id === id && isBegun(record, name, await checkpoint.partitions(job.id));
      const same = phase === 'creating' ? making : begun;
      if (!same) continue;
      throw new MigrateError('E_LOAD_IN_DOUBT', 'the collection that is to be left as it is was not finished', {
        at: { collection: loadInto },
        found: `job ${job.id} has begun to fill it, and has not verified it yet`,
        wanted: 'a collection that is whole, or that no job of this tool has in hand',
        hint: `finish it (milvus-migrate jobs resume ${job.id}) and run the same command again; or forget that job (jobs forget ${job.id}): then the collection is left as it is`,
      });
    }
  }
}

/**
 * Whether a job has put something into a collection and not verified it. One that was there before and that nothing was
 * handed to (it is withheld for its NaN) is what it was; one that the job made is not whole before it is full.
 */
export function isBegun(
  { phase, created }: CollectionRecord,
  name: string,
  partitions: readonly PartitionRecord[],
): boolean {
  const filled = partitions.some(({ planned, load }) => planned.collection === name && load !== undefined);
  return phase === 'loading' && (created || filled);
}

function hasSameTarget(job: JobRecord, { target }: JobConfig): boolean {
  const before = (job.config as unknown as Partial<JobConfig>).target;
  return before?.endpoint === target?.endpoint && (before?.database ?? 'default') === (target?.database ?? 'default');
}
