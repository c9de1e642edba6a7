/** Where the files of a job lie below its output or staging folder. */
import { resolve } from 'node:path';
import type { JobConfig } from '../config/job.ts';
import type { Part, Store } from '../core/contracts.ts';
import type { PlannedPartition } from '../core/plan.ts';

/** Root of the store: the old tool put everything below `migration`. */
export function filesRoot(files: NonNullable<JobConfig['files']>): string {
  return resolve(files.dir, ...(files.oldLayout ? ['migration'] : []));
}

/** The same folder as Milvus sees it. */
export function seenRoot(files: NonNullable<JobConfig['files']>): string {
  const root = files.seenAs.replace(/\/+$/, '');
  return files.oldLayout ? `${root}/migration` : root;
}

/**
 * `tables/<collection>/<partition>/<part>.<job>.a1`: the job's id and the attempt are in the path, so that a task that
 * a Milvus remembers says by its files which part, of which job, at which attempt it loads.
 */
export function partFolder(
  run: { readonly jobId: string },
  { collection, targetPartition, partition }: PlannedPartition,
): string {
  return `tables/${collection}/${targetPartition}/${partition.id}.${run.jobId}.a1`;
}

/** The folder of a later attempt: what was submitted before can't find its files there any more. */
export function attemptFolder(dir: string, attempt: number): string {
  return dir.replace(/\.a\d+$/, `.a${attempt}`);
}

/** The part's files as Milvus is told of them. */
export function seenFiles(files: NonNullable<JobConfig['files']>, part: Part, dir: string): string[] {
  return part.files.map(({ name }) => `${seenRoot(files)}/${dir}/${name}`);
}

/** Removes what dead runs of the job left unfinished: only where the job writes, others' folders are not looked into. */
export async function sweepJob(
  store: Store,
  records: readonly { readonly planned: PlannedPartition }[],
  id: string,
): Promise<void> {
  const folders = records.map(({ planned }) => `tables/${planned.collection}/${planned.targetPartition}`);
  for (const folder of ['', ...new Set(folders)]) await store.sweep(folder, id);
}

export function manifestFile(jobId: string): string {
  return `manifest-${jobId}.json`;
}

/** The scratch collection and the folder of a preflight check. */
export function preflightName(jobId: string): string {
  return `migrate_preflight_${jobId}`;
}
