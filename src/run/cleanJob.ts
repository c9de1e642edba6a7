/** `jobs clean`: the intermediate files of a job whose rows are proven to have arrived, and what it left half uploaded. */
import type { JobConfig } from '../config/job.ts';
import type { Checkpoint, JobRecord } from '../core/checkpoint.ts';
import { keepsFiles } from '../core/jobState.ts';
import { type JobsPlace, withJob } from './jobs.ts';
import { filesStore } from './places/layout.ts';
import { storeOpener } from './places/openStores.ts';
import { removeJobFiles, removeUnfinished } from './places/removeFiles.ts';
import { asItIs } from './places/uploads.ts';

export interface CleanedJob {
  readonly id: string;
  /** Where its files are or were: a folder, `s3://bucket/prefix`; undefined: it had none. */
  readonly where: string | undefined;
  /** Parts whose files were removed. */
  readonly removed: number;
  /** Why files stay; undefined: none stays. */
  readonly kept: string | undefined;
  /** What stays that should not, in words: uploads in another store that can not be opened. */
  readonly left: readonly string[];
}

/**
 * Removes nothing that the job did not write, and no part of a job that is not finished or whose files are what it made.
 * Refuses while a process is at work on it.
 * @param credentials of the job's stores, given anew: none are recorded
 */
export async function cleanJob(
  place: JobsPlace,
  id: string,
  credentials: JobConfig['credentials'],
): Promise<CleanedJob> {
  return withJob(place, id, async (state, job) => {
    await using _lock = await state.lock(job.key);
    const { files } = job.config as unknown as JobConfig;
    if (files === undefined) return { id: job.id, where: undefined, removed: 0, kept: undefined, left: [] };
    const open = storeOpener({ credentials });
    const config = filesStore(files);
    await using store = await open(asItIs(config));
    const filesPlace = { store, config, open };
    const where = store.describe('');
    const kept = await whyKept(state, job);
    // What is not whole is of no use to anybody: a run that goes on begins it anew.
    const remove = kept === undefined ? removeJobFiles : removeUnfinished;
    const { parts, left } = await remove(state, filesPlace, job.id);
    return { id: job.id, where, removed: parts, kept, left };
  });
}

async function whyKept(state: Checkpoint, job: JobRecord): Promise<string | undefined> {
  const { target } = job.config as unknown as JobConfig;
  if (target === undefined) return 'they are what the job made';
  if (keepsFiles(job.config)) return 'they were to be kept (dump, load or --keep)';
  const records = await state.partitions(job.id);
  const collections = await state.collections(job.id);
  const arrived = ({ target: name }: { readonly target: string }): boolean => {
    const phase = collections.get(name)?.phase;
    if (phase === 'left') return true;
    const own = records.filter(({ planned }) => planned.collection === name);
    return (phase === 'verified' || phase === 'swapped') && own.every(({ load }) => load?.state === 'loaded');
  };
  const open = job.collections.filter((collection) => !arrived(collection)).map(({ target: name }) => name);
  if (open.length === 0) return undefined;
  return `not verified in Milvus yet: ${open.join(', ')}; finish the job, or forget it (jobs forget ${job.id})`;
}
