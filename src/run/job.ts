/** The engine's doors: plan, migrate. Everything that a run opens is opened and closed here. */
import { setMaxListeners } from 'node:events';
import { join, resolve } from 'node:path';
import { openCheckpoint } from '../checkpoints/index.ts';
import { checkConfig, checkStages } from '../config/checkConfig.ts';
import type { JobConfig, JobStages } from '../config/job.ts';
import type { Checkpoint, JobRecord, JobState } from '../core/checkpoint.ts';
import type { Json, Target } from '../core/contracts.ts';
import { couldNotWrite, EXIT, MigrateError, toMigrateError, toPlain } from '../core/errors.ts';
import { makeFolders } from '../core/folders.ts';
import { stopPausesWith } from '../core/pause.ts';
import type { PlanReport } from '../core/plan.ts';
import type { ProgressEvent, Report } from '../core/report.ts';
import { openTarget } from '../targets/index.ts';
import { TOOL_VERSION } from '../version.ts';
import { isIncomplete, reportCollection } from './buildReport.ts';
import { gatherRejects } from './dump/gatherRejects.ts';
import { isSamePlace, type OpenedJob, openJob } from './openJob.ts';
import { filesStore, sweepJob } from './places/layout.ts';
import { storeOpener } from './places/openStores.ts';
import { leftInWords, openJournal } from './places/uploads.ts';
import { type AgainListener, listenForAgain } from './progress/again.ts';
import { guardListener, type Listener } from './progress/listener.ts';
import { createMeter } from './progress/progress.ts';
import { createWarnings, type Warnings } from './progress/warnings.ts';
import { type Running, refuseCaughtUp, runStages } from './runFiles.ts';
import type { FilesContext, Route } from './shared/context.ts';
import { type Ledger, openLedger } from './shared/ledger.ts';
import { openPool, type Pool } from './threads/pool.ts';
import { workerStart } from './threads/workerStart.ts';

/** See `exportMeta.ts`. Loaded when it is called, as `plan` is: a dump starts without them. */
export async function exportMeta(...given: Parameters<typeof import('./dump/exportMeta.ts').exportMeta>) {
  return (await import('./dump/exportMeta.ts')).exportMeta(...given);
}

/** See `planReport.ts`. */
export async function plan(...given: Parameters<typeof import('./planReport.ts').plan>): Promise<PlanReport> {
  return (await import('./planReport.ts')).plan(...given);
}

export interface RunOptions {
  /** Aborting stops the run between two buffers; what is whole is recorded. */
  readonly signal?: AbortSignal;
  /** An error that it throws stops the run and stands in its report. */
  readonly onProgress?: (event: ProgressEvent) => void;
  /** Handed out once, for a display that redraws between events. */
  readonly onCounters?: (counters: LiveCounters) => void;
}

/** Read by the workers since this run began, current whenever asked. */
export interface LiveCounters {
  readonly bytes: () => number;
  readonly rows: () => number;
}

/**
 * Runs the stages of a job, going on where an earlier run of the same job stopped.
 *
 * Before there is a job (configuration, source, target, space) errors are thrown; once there is one they stand in the
 * report, with the exit code.
 */
export async function migrate(config: JobConfig, stages: JobStages, options: RunOptions = {}): Promise<Report> {
  checkConfig(config);
  checkStages(config, stages);
  // First of all: its threads start while the source is planned.
  return migrateIn(openPool(config.threads, workerStart(config, stages)), { config, stages, options });
}

export interface Migration {
  readonly config: JobConfig;
  readonly stages: JobStages;
  readonly options: RunOptions;
}

/** As `migrate`. @param started with the `workerStart` of this configuration and these stages; closed here */
export async function migrateIn(started: Pool, migration: Migration): Promise<Report> {
  const { config, stages, options } = leavingFiles(migration);
  const listener = guardListener(options.onProgress);
  const warnings = createWarnings(listener.tell);
  using again = listenForAgain(warnings.warn);
  await using pool = started;
  await using checkpoint = await stopPausesWith(options.signal, () => openCheckpoint(config));
  const target = await connect(config, stages, options);
  try {
    const opened = await openJob({ config, stages, checkpoint, target, signal: options.signal });
    await using _lock = opened.lock;
    const kept = keepingFiles(config, opened.record);
    return await runOpened({
      config: kept,
      stages,
      options,
      checkpoint,
      target,
      opened,
      pool,
      listener,
      warnings,
      again,
    });
  } finally {
    await target?.[Symbol.asyncDispose]();
  }
}

/** `load` removes none of the files that it is given, also where the library's caller did not say so. */
function leavingFiles(migration: Migration): Migration {
  const { config, stages } = migration;
  if (stages !== 'load' || config.files === undefined) return migration;
  return { ...migration, config: { ...config, files: { ...config.files, keep: true } } };
}

/** Files that an earlier run of the job was to keep there (it was a dump) stay, whatever this one says. */
function keepingFiles(config: JobConfig, { config: stored }: JobRecord): JobConfig {
  const { files } = config;
  const before = (stored as unknown as Partial<JobConfig>).files;
  if (files === undefined || before?.keep !== true || !isSamePlace(before, files)) return config;
  return { ...config, files: { ...files, keep: true } };
}

/** Where a job that had other plans is dumped, its files are what was asked for: recorded before the first is made. */
async function recordDump({ config, checkpoint, opened }: Opened): Promise<void> {
  const { id, config: stored } = opened.record;
  const before = (stored as unknown as Partial<JobConfig>).files;
  if (config.files === undefined || (before?.keep === true && isSamePlace(before, config.files))) return;
  const files = JSON.parse(JSON.stringify({ ...config.files, keep: true })) as Json;
  await checkpoint.update(id, { state: 'running', config: { ...(stored as object), files } as Json });
}

async function connect(config: JobConfig, stages: JobStages, { signal }: RunOptions): Promise<Target | undefined> {
  if (config.target === undefined || stages === 'dump') return undefined;
  return openTarget('milvus', config.target, signal === undefined ? {} : { signal });
}

interface Opened {
  readonly config: JobConfig;
  readonly stages: JobStages;
  readonly options: RunOptions;
  readonly checkpoint: Checkpoint;
  readonly target: Target | undefined;
  readonly opened: OpenedJob;
  readonly pool: Pool;
  readonly listener: Listener;
  readonly warnings: Warnings;
  readonly again: AgainListener;
}

async function runOpened(job: Opened): Promise<Report> {
  const { config, stages, options, checkpoint, target, opened, pool, listener, warnings, again } = job;
  const { record } = opened;
  const emit = listener.tell;
  const { warn } = warnings;
  emit({ kind: 'job', id: record.id, resumed: opened.resumed });
  const startedAt = new Date().toISOString();
  const stop = createStop(options.signal, opened.lock.lost);
  listener.onFailure(stop.fail);
  const ledger = await openLedger(checkpoint, record.id);
  await checkpoint.update(record.id, { state: 'running' });
  const meter = createMeter(emit);
  options.onCounters?.(pool.counters);
  stop.onStop(pool.abort);
  let files: FilesContext | undefined;
  /** Where it was written. */
  let rejectFile: string | undefined;
  try {
    if (stages === 'dump') {
      refuseCaughtUp(ledger);
      await recordDump(job);
    }
    const jobDir = makeJobFolder(config, record.id);
    files = await openFiles(config, checkpoint, record.id);
    for (const { kind, text } of opened.notes) if (kind !== 'info') warn(text);
    for (const { target: name, notes } of record.collections)
      for (const { kind, text } of notes) if (kind === 'warning') warn(`${name}: ${text}`);
    const route = await routeOf(job, warn);
    const { collections } = record;
    const common = { config, jobId: record.id, checkpoint, ledger, collections, pool, route, reader: opened.reader };
    const run: Running = {
      ...common,
      files,
      openStore: storeOpener(config),
      target,
      jobDir,
      meter,
      signal: stop.signal,
      warn,
      fail: stop.fail,
      sourceTitle: opened.title,
    };
    // Also where it ends here: the rejected rows of what was made before are gathered below.
    try {
      if (files !== undefined) await tidy(files, ledger, run);
      await runStages(run, stages);
    } catch (thrown) {
      stop.fail(thrown);
    }
    if (await gatherRejects(run, stop.failure() !== undefined)) rejectFile = config.rejectFile;
  } catch (thrown) {
    stop.fail(thrown);
  } finally {
    await files?.store[Symbol.asyncDispose]();
    stop.close();
  }
  const madeAgain = again.summary();
  if (madeAgain !== undefined) warn(madeAgain);
  const error = stop.failure();
  const report = buildReport({
    job,
    startedAt,
    warnings: warnings.all,
    error,
    rejectFile,
    where: files?.store.describe('') ?? config.files?.dir,
    meter,
    collections: record.collections.map((one) => reportCollection(ledger, one)),
  });
  try {
    await checkpoint.update(record.id, {
      state: stateOf(report, stages),
      report,
      ...(error === undefined ? {} : { error: toPlain(error) }),
    });
  } catch (thrown) {
    // What failed first is what there is to be heard of.
    if (error === undefined) throw thrown;
    warn(`the end of this run is not recorded: ${toMigrateError(thrown).message}`);
  }
  if (error !== undefined) emit({ kind: 'error', error: toPlain(error) });
  return report;
}

/** Below the state folder, for the job's own files. */
function makeJobFolder({ stateDir }: JobConfig, jobId: string): string {
  const folder = join(resolve(stateDir), 'jobs', jobId);
  try {
    makeFolders(folder);
  } catch (thrown) {
    const hint = 'look at the state folder, or name another with --state';
    throw couldNotWrite(thrown, { what: 'could not make a folder', file: folder, hint });
  }
  return folder;
}

interface Stop {
  readonly signal: AbortSignal;
  /** The first failure counts; all work stops. */
  fail(error: unknown): void;
  failure(): MigrateError | undefined;
  onStop(work: () => void): void;
  close(): void;
}

/** One way to stop, whether the user asks for it, something failed, or the job is not ours any more. */
function createStop(user: AbortSignal | undefined, lost: AbortSignal): Stop {
  const controller = new AbortController();
  // Every call and every wait that runs listens.
  setMaxListeners(0, controller.signal, ...(user === undefined ? [] : [user]));
  let first: MigrateError | undefined;
  const interrupted = (): void => {
    first ??= new MigrateError('E_INTERRUPTED', 'interrupted', {
      hint: 'run the same command again: it goes on where it stopped',
    });
    controller.abort();
  };
  if (user?.aborted === true) interrupted();
  user?.addEventListener('abort', interrupted, { once: true });
  const fail = (error: unknown): void => {
    first ??= toMigrateError(error);
    controller.abort();
  };
  if (lost.aborted) fail(lost.reason);
  lost.addEventListener('abort', () => fail(lost.reason), { once: true });
  return {
    signal: controller.signal,
    fail,
    failure: () => first,
    onStop(work) {
      if (controller.signal.aborted) work();
      controller.signal.addEventListener('abort', work, { once: true });
    },
    close: () => user?.removeEventListener('abort', interrupted),
  };
}

async function openFiles(config: JobConfig, checkpoint: Checkpoint, jobId: string): Promise<FilesContext | undefined> {
  if (config.files === undefined) return undefined;
  const where = filesStore(config.files);
  const open = storeOpener(config);
  const store = await open(where);
  return { store, config: where, journal: openJournal(checkpoint, jobId, { store, config: where, open }) };
}

/** What dead runs of the job left goes first: nothing of this run is under way yet. */
async function tidy(
  files: FilesContext,
  ledger: Ledger,
  { warn, signal }: Pick<Running, 'warn' | 'signal'>,
): Promise<void> {
  for (const left of await files.journal.discardLeft()) warn(leftInWords(left));
  await sweepJob(files, ledger.partitions(), ledger.jobId, signal);
}

/** Bulk insert where there are files and the server has it; else the rows are streamed. */
async function routeOf({ config, stages, target }: Opened, warn: (text: string) => void): Promise<Route> {
  if (target === undefined || stages === 'dump') return 'files';
  if (config.files === undefined) return 'stream';
  const { bulkInsert, product, version } = await target.facts();
  if (bulkInsert) return 'import';
  warn(`${product} ${version} has no bulk insert: the rows are streamed, the staging folder is not used`);
  return 'stream';
}

interface Reporting {
  readonly job: Opened;
  readonly startedAt: string;
  readonly warnings: readonly string[];
  readonly error: MigrateError | undefined;
  readonly rejectFile: string | undefined;
  /** The files' store, for people. */
  readonly where: string | undefined;
  readonly meter: Running['meter'];
  readonly collections: Report['collections'];
}

function buildReport(reporting: Reporting): Report {
  const { job, startedAt, warnings, error, rejectFile, where, meter, collections } = reporting;
  const { config, opened } = job;
  const ms = meter.ms();
  const reading = ms.dump ?? ms.scan ?? 0;
  const moved = meter.moved('dump') + meter.moved('scan');
  const incomplete = isIncomplete({ collections });
  return {
    job: opened.record.id,
    version: TOOL_VERSION,
    source: opened.record.source,
    target: config.target?.endpoint,
    startedAt,
    finishedAt: new Date().toISOString(),
    threads: config.threads,
    collections,
    warnings,
    rejectFile,
    output: filesLeft(job, { where, error }),
    ms,
    bytesPerSecond: reading === 0 ? 0 : Math.round((moved * 1000) / reading),
    error: error === undefined ? undefined : toPlain(error),
    exitCode: error?.exitCode ?? (incomplete ? EXIT.incomplete : EXIT.ok),
  };
}

/** Where files lie that stay: intermediate ones go once all of them are proven to have arrived. */
function filesLeft(
  { config, stages, target }: Opened,
  { where, error }: Pick<Reporting, 'where' | 'error'>,
): string | undefined {
  if (config.files === undefined) return undefined;
  const intermediate = !config.files.keep && stages !== 'dump' && target !== undefined;
  return intermediate && error === undefined ? undefined : where;
}

function stateOf(report: Report, stages: JobStages): JobState {
  if (report.exitCode === EXIT.interrupted) return 'interrupted';
  if (report.error !== undefined) return 'failed';
  if (report.exitCode === EXIT.incomplete) return 'incomplete';
  return stages === 'dump' ? 'dumped' : 'finished';
}

export type { JobRecord };
