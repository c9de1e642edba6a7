/**
 * Bulk insert of the parts of one collection, each exactly once.
 *
 * Milvus loads the same files twice if it is asked twice, so every submission is announced in the checkpoint first:
 * ```
 *   intended ──► (submit) ──► submitted ──► loaded
 *      │ crash: was it submitted? look for a task with these files      │ crash: ask for the task
 *      └ none: the files get another path (attempt + 1) before they are submitted again, so that a submission
 *        that is still on its way can find nothing to load
 * ```
 */
import type { LoadRecord, PartitionRecord } from '../../core/checkpoint.ts';
import type { ImportState, ImportTask, Part, Target } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { moveAgain } from '../dump/moveAgain.ts';
import { attemptFolder, attemptOf, seenFiles } from '../places/layout.ts';
import { gatherFiles, isThere } from '../places/partFolders.ts';
import { announce } from '../progress/events.ts';
import type { RunContext } from '../shared/context.ts';
import { createBackoff, whileAway } from '../shared/patience.ts';
import { troubleOf } from './explainStaging.ts';

/** An import that failed is tried again this often, unless its reason says that it would fail again. */
const ATTEMPTS = 3;

export interface ImportContext extends RunContext {
  readonly target: Target;
  readonly files: NonNullable<RunContext['files']>;
  /** Failed imports per partition, in this run. */
  readonly tries: Map<string, number>;
  /** Tasks that are waited for, with their states as last seen. */
  readonly imports: Map<string, ImportState>;
}

/** What became of one try. */
type Outcome =
  | { readonly kind: 'loaded'; readonly rows: number }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Loads one part, going on from whatever its record says.
 * @returns `failed` only where another try may help: the caller repeats it when it is shown that nothing was left behind
 */
export async function importPart(run: ImportContext, record: PartitionRecord, into: string): Promise<Outcome> {
  const part = wholePart(record);
  if (record.load?.state === 'loaded') return { kind: 'loaded', rows: record.load.rows };
  if (record.load?.state === 'streaming')
    throw new MigrateError('E_LOAD_IN_DOUBT', 'some rows of a part were streamed by an earlier run', {
      at: { collection: into },
      found: `${record.load.acked} rows, and perhaps ${record.load.inFlight} more`,
      hint: `run again without --staging, as before; or ${moveAgain(run.ledger.collection(record.planned.collection))}`,
    });
  // Milvus refuses nothing about an empty file, but there is nothing to ask it for either.
  if (part.rows === 0) return loaded(run, part, part.dir);
  const submitted = record.load?.state === 'submitted' ? record.load : await submit(run, record, into);
  if (submitted === undefined) return { kind: 'failed', reason: 'the connection broke while it was submitted' };
  const task = await waitForImport(run, submitted.task);
  if (task === undefined)
    return { kind: 'failed', reason: `Milvus does not know import task ${submitted.task} any more` };
  if (task.state === 'failed') return importFailure(run, record, { task, attempt: submitted.attempt });
  announce('import completed', part.partition);
  if (task.rows !== part.rows)
    throw new MigrateError('E_IMPORT_FAILED', 'Milvus imported another number of rows than the files hold', {
      at: { collection: into, file: part.dir },
      found: `${task.rows} rows by import task ${task.id}`,
      wanted: `${part.rows} rows`,
      hint: `look at the log of Milvus; then ${moveAgain(run.ledger.collection(record.planned.collection))}`,
    });
  return loaded(run, part, await settledFolder(run, part, submitted.dir));
}

/** Files that stay get back the name under which the manifest knows them. @param dir where the import had them */
export async function settledFolder(run: ImportContext, part: Part, dir: string): Promise<string> {
  if (run.config.files?.keep !== true || dir === part.dir) return dir;
  await gatherFiles(run.files.store, part, { from: attemptsBefore(part, attemptOf(dir) + 1), to: part.dir });
  return part.dir;
}

function attemptsBefore(part: Part, attempt: number): readonly string[] {
  return Array.from({ length: attempt - 1 }, (_, index) => attemptFolder(part.dir, index + 1));
}

async function loaded(run: ImportContext, part: Part, dir: string): Promise<Outcome> {
  await run.ledger.recordLoad(part.partition, { state: 'loaded', rows: part.rows, how: 'import', dir });
  return { kind: 'loaded', rows: part.rows };
}

type Submitted = Extract<LoadRecord, { state: 'submitted' }>;

/** @returns undefined where the connection broke and Milvus, back again, knows of no such task */
async function submit(run: ImportContext, record: PartitionRecord, into: string): Promise<Submitted | undefined> {
  const part = wholePart(record);
  const before = record.load?.state === 'intended' ? record.load : undefined;
  const attempt = before === undefined ? attemptOf(part.dir) : before.attempt + 1;
  const dir = attemptFolder(part.dir, attempt);
  const prior = (await tasksWith(run, into, dir)).map(({ id }) => id);
  await run.ledger.recordLoad(part.partition, { state: 'intended', attempt, dir, prior });
  announce('import intended', part.partition);
  if (before !== undefined) {
    await moveFiles(run, part, attempt);
    const late = await lateTask(run, into, before);
    if (late !== undefined) return recordSubmitted(run, part, { state: 'submitted', attempt, dir, task: late });
  }
  const task = await submitOnce(run, record, { into, dir, prior });
  if (task === undefined) return undefined;
  announce('import submitted', part.partition);
  return recordSubmitted(run, part, { state: 'submitted', attempt, dir, task });
}

async function recordSubmitted(run: ImportContext, part: Part, submitted: Submitted): Promise<Submitted> {
  await run.ledger.recordLoad(part.partition, submitted);
  announce('import recorded', part.partition);
  return submitted;
}

/** A submission that was on its way when it was looked for, and became a task before its files were renamed. */
async function lateTask(
  run: ImportContext,
  into: string,
  before: Extract<LoadRecord, { state: 'intended' }>,
): Promise<string | undefined> {
  const tasks = (await tasksWith(run, into, before.dir)).filter(({ id }) => !before.prior.includes(id));
  for (const { id } of tasks) if ((await waitForImport(run, id))?.state === 'completed') return id;
  return undefined;
}

/** From the earlier attempts: a run that died before this rename left them there, several such runs further back. */
async function moveFiles({ files: { store } }: ImportContext, part: Part, attempt: number): Promise<void> {
  const to = attemptFolder(part.dir, attempt);
  const from = attemptsBefore(part, attempt);
  await gatherFiles(store, part, { from, to });
  // The store's own error says that nothing is anywhere.
  if (!(await isThere(store, part, to))) await store.move(from.at(-1) ?? part.dir, to);
}

interface Submission {
  readonly into: string;
  readonly dir: string;
  readonly prior: readonly string[];
}

/** Where the answer got lost, the task is looked for by its files before anything else is done. */
async function submitOnce(
  run: ImportContext,
  record: PartitionRecord,
  { into, dir, prior }: Submission,
): Promise<string | undefined> {
  const files = seenFiles(filesConfig(run), wholePart(record), dir);
  try {
    return await run.target.submitImport(into, record.planned.targetPartition, files);
  } catch (thrown) {
    if (!(thrown instanceof MigrateError) || !thrown.retry) throw thrown;
    run.warn(`the connection to Milvus broke while an import was submitted (${thrown.message}); looking for its task`);
    const [task] = (await tasksWith(run, into, dir)).filter(({ id }) => !prior.includes(id));
    return task?.id;
  }
}

/** Tasks of the collection whose files lie in `dir`. */
export async function tasksWith(run: ImportContext, into: string, dir: string): Promise<ImportTask[]> {
  const tasks = await asking(run, () => run.target.listImports(into));
  // A bucket's keys have nothing before them where its root is that of the bucket.
  return tasks.filter(({ files }) => files.some((file) => `/${file}`.includes(`/${dir}/`)));
}

/** An import that has not moved for so long is worth a word: Milvus itself gives it up after 15 minutes (2.3.5). */
const STUCK_MS = 5 * 60_000;

async function waitForImport(run: ImportContext, id: string): Promise<ImportTask | undefined> {
  const backoff = createBackoff(run.signal);
  let moved = performance.now();
  let seen = '';
  for (;;) {
    const task = await asking(run, () => run.target.importTask(id));
    const over = task === undefined || task.state === 'completed' || task.state === 'failed';
    if (over) run.imports.delete(id);
    else run.imports.set(id, task.state);
    run.meter.detail('load', importsInWords([...run.imports.values()]));
    if (over) return task;
    const now = `${task.state} ${task.percent} %`;
    if (now !== seen) [seen, moved] = [now, performance.now()];
    if (performance.now() - moved > STUCK_MS)
      run.warn(
        `import task ${id} has stayed at «${now}» for 5 minutes: look at Milvus's log for its data nodes; one that was handed to a node of before a restart Milvus gives up by itself (2.3: within 20 minutes), and it is tried again then`,
      );
    await backoff.wait();
  }
}

/** «import tasks: 4 running, 2 queued». */
function importsInWords(states: readonly ImportState[]): string {
  if (states.length === 0) return '';
  const running = states.filter((state) => state === 'running').length;
  const queued = states.length - running;
  return `import tasks: ${running} running${queued > 0 ? `, ${queued} queued` : ''}`;
}

/** A question to a server that may be restarting. */
export function asking<T>(run: RunContext, ask: () => Promise<T>): Promise<T> {
  return whileAway(ask, {
    signal: run.signal,
    onAway: (error) => run.warn(`Milvus does not answer (${error.message}); waiting for it`),
    onBack: run.onBack,
  });
}

/** Reasons that lie in the files or in their path: the same files fail again. */
const PERMANENT =
  /no such file|NoSuchKey|illegal dimension|not supported|unexpected EOF|not equal to row count|no file corresponding|NaN|exceeds the maximum|duplicate file/i;

function importFailure(
  run: ImportContext,
  record: PartitionRecord,
  { task, attempt }: { task: ImportTask; attempt: number },
): Outcome {
  const tries = (run.tries.get(record.planned.partition.id) ?? 0) + 1;
  run.tries.set(record.planned.partition.id, tries);
  if (!PERMANENT.test(task.reason) && tries < ATTEMPTS) return { kind: 'failed', reason: task.reason };
  const unseen = troubleOf(task.reason) === 'unseen';
  throw new MigrateError('E_IMPORT_FAILED', 'Milvus could not import a part', {
    at: {
      collection: record.planned.collection,
      milvusPartition: record.planned.targetPartition,
      file: wholePart(record).dir,
    },
    found: `import task ${task.id} failed at attempt ${attempt}: ${task.reason}`,
    hint: unseen
      ? 'Milvus does not see the files there: give the path or prefix as Milvus sees it with --staging-as'
      : 'look at the log of Milvus for that task; then run the same command again',
  });
}

/** The part of a record that is known to have one. */
export function wholePart(record: PartitionRecord): Part {
  if (record.part === undefined) throw new TypeError(`partition ${record.planned.partition.id} has no part yet`);
  return record.part;
}

function filesConfig(run: ImportContext): NonNullable<ImportContext['config']['files']> {
  if (run.config.files === undefined) throw new TypeError('an import without files');
  return run.config.files;
}
