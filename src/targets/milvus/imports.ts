/**
 * Bulk insert: hands files over, and asks what became of them.
 *
 * Not idempotent: the same files twice are rows twice. Therefore a task is sent once and found again by its files.
 *
 * Seen of 2.3.5: one task runs at a time, the others are pending. Pending → Started → Persisted (row_count is final, the
 * rows are not visible) → Completed, the only final success. A server that is killed and started again marks what was
 * Started or Persisted as Failed («task marked failed as service restarted»); its rows never become visible, though the
 * statistics go on counting those of a Persisted one. Pending tasks are kept; most go on about a minute later, but one
 * can be handed to the data node of before and stay until it expires (rootCoord.importTaskExpiration, 15 minutes, looked
 * at every five). A task that stays Persisted holds up all others until then.
 */
import type { ImportState, ImportTask } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { isSuccess, refused } from './errors.ts';
import type { Rpc } from './rpc.ts';

interface WireTask {
  readonly id: string;
  readonly state: string;
  readonly row_count: string;
  readonly infos: readonly { readonly key: string; readonly value: string }[];
}

/** The proxy of 2.3.5 asks ten times, over 53 s, before it says that there is no such collection. */
const SUBMIT_MS = 120_000;

const DEFAULT_PARTITION = '_default';

const KEY_NOT_FOUND = 1000;

/** @returns the id of the task */
export async function submitImport(
  rpc: Rpc,
  into: { readonly collection: string; readonly milvusPartition: string },
  files: readonly string[],
): Promise<string> {
  const at = { collection: into.collection, milvusPartition: into.milvusPartition };
  const awkward = files.find((file) => file.includes(','));
  if (awkward !== undefined) {
    throw new MigrateError('E_STAGING', 'a path with a comma cannot be imported safely', {
      at: { ...at, file: awkward },
      hint: 'Milvus lists the files of a task joined by commas, and a task must be found again after a crash: choose another folder',
    });
  }
  const { tasks } = await rpc.ask<{ tasks: readonly string[] }>(
    'Import',
    {
      collection_name: into.collection,
      ...(into.milvusPartition === DEFAULT_PARTITION ? {} : { partition_name: into.milvusPartition }),
      files,
    },
    { at, write: true, timeoutMs: SUBMIT_MS },
  );
  const [task] = tasks;
  if (tasks.length !== 1 || task === undefined) {
    throw new MigrateError('E_TARGET', 'one import became another number of tasks', {
      at,
      found: `${tasks.length} tasks: ${tasks.join(', ')}`,
      wanted: '1 task',
    });
  }
  return task;
}

/** All tasks that the server remembers for the collection. */
export async function listImports(rpc: Rpc, collection: string): Promise<readonly ImportTask[]> {
  // No limit: 0 and absent give all of them, oldest first; a limit of n gives the n newest (2.3.5).
  const { tasks } = await rpc.ask<{ tasks: readonly WireTask[] }>(
    'ListImportTasks',
    { collection_name: collection },
    { at: { collection } },
  );
  return tasks.map(importFacts);
}

/** undefined: the server does not know the task. Its reply then says ImportPending, and only the status tells. */
export async function importTask(rpc: Rpc, id: string): Promise<ImportTask | undefined> {
  const { status, reply } = await rpc.askStatus<WireTask>('GetImportState', { task: id });
  if (isSuccess(status)) return importFacts({ ...reply, id });
  if (status.code === KEY_NOT_FOUND || /key not found|not exist/i.test(status.reason)) return undefined;
  throw refused(status, { method: 'GetImportState', address: rpc.address, at: {} });
}

function importFacts(task: WireTask): ImportTask {
  const info = new Map(task.infos.map(({ key, value }) => [key, value]));
  const state = stateOf(task.state);
  return {
    id: task.id,
    state,
    rows: Number(task.row_count),
    files: (info.get('files') ?? '').split(',').filter((file) => file !== ''),
    percent: state === 'completed' ? 100 : Number(info.get('progress_percent') ?? 0),
    reason: info.get('failed_reason') ?? '',
  };
}

function stateOf(state: string): ImportState {
  switch (state) {
    case 'ImportPending':
      return 'pending';
    case 'ImportStarted':
    // Rows are in segments, and these are not yet all flushed, nor visible.
    case 'ImportPersisted':
    case 'ImportFlushed':
      return 'running';
    case 'ImportCompleted':
      return 'completed';
    case 'ImportFailed':
    case 'ImportFailedAndCleaned':
      return 'failed';
    default:
      throw new MigrateError('E_TARGET', 'an import task is in a state that is not known', { found: state });
  }
}
