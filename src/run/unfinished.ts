/** Jobs of the same place that have begun with a collection and not finished it: nobody may take it for whole. */
import type { JobConfig } from '../config/job.ts';
import type { CollectionRecord, JobRecord } from '../core/checkpoint.ts';
import { MigrateError } from '../core/errors.ts';
import { isOver } from '../core/jobState.ts';
import type { RunContext } from './context.ts';

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
    for (const { loadInto, id, phase } of (await checkpoint.collections(job.id)).values()) {
      const found = left.get(loadInto);
      const same = phase === 'creating' ? making : phase === 'loading' && found?.id === id;
      if (found === undefined || !same) continue;
      throw new MigrateError('E_LOAD_IN_DOUBT', 'the collection that is to be left as it is was not finished', {
        at: { collection: loadInto },
        found: `job ${job.id} has begun to fill it, and has not verified it yet`,
        wanted: 'a collection that is whole, or that no job of this tool has in hand',
        hint: `finish it (milvus-migrate jobs resume ${job.id}) and run the same command again; or forget that job (jobs forget ${job.id}): then the collection is left as it is`,
      });
    }
  }
}

function hasSameTarget(job: JobRecord, { target }: JobConfig): boolean {
  const before = (job.config as unknown as Partial<JobConfig>).target;
  return before?.endpoint === target?.endpoint && (before?.database ?? 'default') === (target?.database ?? 'default');
}
