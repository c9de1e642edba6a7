/** Where the files of a job lie below its output or staging folder. */
import { resolve } from 'node:path';
import type { JobConfig } from '../../config/job.ts';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import type { Part, Store, StoreConfig } from '../../core/contracts.ts';
import type { PlannedPartition } from '../../core/plan.ts';
import { sideBySide } from './sideBySide.ts';

export type FilesConfig = NonNullable<JobConfig['files']>;

/** The old tool put everything below this folder. */
const OLD_LAYOUT = 'migration';

/** Folder of all parts, in the store of the files. */
export const PARTS_FOLDER = 'tables';

/** The store of the files: a folder, or a bucket and a prefix in it. */
export function filesStore({ dir, store, oldLayout }: FilesConfig): StoreConfig {
  const below = oldLayout ? [OLD_LAYOUT] : [];
  if (store === undefined) return { scheme: 'file', root: resolve(dir, ...below) };
  return { ...store, root: joinKeys(store.root, ...below) };
}

/** The root of that store as Milvus sees it: a path, or a prefix in its own bucket (`''`: the whole bucket). */
export function seenRoot({ seenAs, store, oldLayout }: FilesConfig): string {
  const below = oldLayout ? [OLD_LAYOUT] : [];
  if (store !== undefined) return joinKeys(seenAs, ...below);
  return [seenAs.replace(/\/+$/, ''), ...below].join('/');
}

/** A file or folder of the store as Milvus is told of it: a bucket's keys have no slash before them. */
export function seenPath(files: FilesConfig, path: string): string {
  return files.store === undefined ? `${seenRoot(files)}/${path}` : joinKeys(seenRoot(files), path);
}

function joinKeys(...keys: readonly string[]): string {
  return keys
    .map((key) => key.replace(/^\/+|\/+$/g, ''))
    .filter((key) => key !== '')
    .join('/');
}

/**
 * `tables/<collection>/<partition>/<part>.<job>.a1`: the job's id and the attempt are in the path, so that a task that
 * a Milvus remembers says by its files which part, of which job, at which attempt it loads.
 */
export function partFolder(
  run: { readonly jobId: string },
  { collection, targetPartition, partition }: PlannedPartition,
): string {
  return `${PARTS_FOLDER}/${collection}/${targetPartition}/${partition.id}.${run.jobId}.a1`;
}

export const ATTEMPT = /\.a(\d+)$/;

/** The folder of a later attempt: what was submitted before can't find its files there any more. */
export function attemptFolder(dir: string, attempt: number): string {
  return dir.replace(ATTEMPT, `.a${attempt}`);
}

export function attemptOf(dir: string): number {
  return Number(ATTEMPT.exec(dir)?.[1] ?? 1);
}

/**
 * Where a part is written to. One whose import was announced is written under the name of the attempt that comes next:
 * a submission of before that is still on its way must not find its files there again.
 */
export function writtenFolder(
  run: { readonly jobId: string },
  { planned, load }: Pick<PartitionRecord, 'planned' | 'load'>,
): string {
  const first = partFolder(run, planned);
  return load?.state === 'intended' ? attemptFolder(first, load.attempt + 1) : first;
}

/** The part's files as Milvus is told of them. */
export function seenFiles(files: FilesConfig, part: Part, dir: string): string[] {
  return part.files.map(({ name }) => seenPath(files, `${dir}/${name}`));
}

/** Removes what dead runs of the job left unfinished: only where the job writes, others' folders are not looked into. */
export async function sweepJob(
  { store, config }: { readonly store: Store; readonly config: StoreConfig },
  records: readonly { readonly planned: PlannedPartition }[],
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  const folders = records.map(({ planned }) => `${PARTS_FOLDER}/${planned.collection}/${planned.targetPartition}`);
  const sweep = async (folder: string): Promise<void> => void (await store.sweep(folder, id));
  await sideBySide(config, new Set(['', ...folders]), sweep, signal);
}

export function manifestFile(jobId: string): string {
  return `manifest-${jobId}.json`;
}

/** The scratch collection and the folder of a preflight check. */
export function preflightName(jobId: string): string {
  return `migrate_preflight_${jobId}`;
}
