/** The jobs of a state folder: listed, shown, forgotten, resumed. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { JobConfig, JobStages } from '../config/job.ts';
import type { Checkpoint, JobRecord, JobState } from '../core/checkpoint.ts';
import type { Json } from '../core/contracts.ts';
import { MigrateError, type PlainError } from '../core/errors.ts';
import type { JobPlan, PlanReport } from '../core/plan.ts';
import type { Report } from '../core/report.ts';
import { forgetJob as removeJob } from './openJob.ts';

export interface JobSummary {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly state: JobState;
  /** 0 to 1: of the work to be done, dump and load each half where there is a target. */
  readonly progress: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The command that goes on with it; undefined where nothing is left to do. */
  readonly resume: string | undefined;
  readonly error: PlainError | undefined;
}

/** The configuration as it was stored: without secrets. */
export type StoredConfig = Json;

export async function listJobs(stateDir: string): Promise<JobSummary[]> {
  return withState(stateDir, [], async (state) =>
    Promise.all((await state.list()).map((job) => summarize(state, job))),
  );
}

export async function showJob(
  stateDir: string,
  id: string,
): Promise<JobSummary & { plan: JobPlan; report: Report | undefined; config: StoredConfig }> {
  return withJob(stateDir, id, async (state, job) => {
    const partitions = (await state.partitions(job.id)).map(({ planned }) => planned);
    const { collections, report, config } = job;
    return { ...(await summarize(state, job)), plan: { collections, partitions }, report, config };
  });
}

/** Forgets the job and removes its intermediate files; refuses while a process is at work on it. */
export async function forgetJob(stateDir: string, id: string): Promise<void> {
  await withJob(stateDir, id, async (state, job) => {
    await using _lock = await state.lock(job.key);
    const { files } = job.config as unknown as JobConfig;
    await removeJob(
      state,
      { ...(job.config as unknown as JobConfig), stateDir, files: files?.keep === true ? undefined : files },
      job.id,
    );
  });
}

export async function resumeConfig(stateDir: string, id: string): Promise<{ config: Json; stages: JobStages }> {
  return withJob(stateDir, id, async (state, job) => {
    const { target, stages } = job.config as { readonly target?: Json; readonly stages?: Json };
    // A dump whose files were handed to a target since is on its way there.
    const loading = (await state.partitions(job.id)).some(({ load }) => load !== undefined);
    const dumping = target === undefined || (stages === 'dump' && !loading);
    return { config: job.config, stages: dumping ? 'dump' : 'all' };
  });
}

/** The job of that key, for the plan. */
export async function findJob(stateDir: string, key: string): Promise<PlanReport['job']> {
  return withState(stateDir, undefined, async (state) => {
    const job = await state.find(key);
    if (job === undefined) return undefined;
    const { id, progress } = await summarize(state, job);
    return { id, state: job.state, progress };
  });
}

/** Target collections that the job of that key has created or begun to fill. */
export async function begunCollections(stateDir: string, key: string): Promise<ReadonlySet<string>> {
  return withState(stateDir, new Set<string>(), async (state) => {
    const job = await state.find(key);
    return new Set(job === undefined ? [] : (await state.collections(job.id)).keys());
  });
}

/** A state folder that is not there has no jobs, and asking does not make one. */
async function withState<T>(stateDir: string, none: T, work: (state: Checkpoint) => Promise<T>): Promise<T> {
  if (!existsSync(join(resolve(stateDir), 'state.sqlite'))) return none;
  const { openSqliteCheckpoint } = await import('../checkpoints/sqlite.ts');
  await using state = openSqliteCheckpoint(resolve(stateDir));
  return await work(state);
}

async function withJob<T>(
  stateDir: string,
  id: string,
  work: (state: Checkpoint, job: JobRecord) => Promise<T>,
): Promise<T> {
  const unknown = (known: readonly JobRecord[], message: string): MigrateError =>
    new MigrateError('E_UNKNOWN_JOB', message, {
      at: { file: resolve(stateDir) },
      found: id,
      wanted: known.length === 0 ? 'there are no jobs here' : known.map((job) => job.id).join(', '),
    });
  const found = await withState<{ value: T } | undefined>(stateDir, undefined, async (state) => {
    const jobs = await state.list();
    const matching = jobs.filter((job) => job.id.startsWith(id));
    if (matching.length > 1) throw unknown(matching, 'more than one job begins like that');
    if (matching[0] === undefined) throw unknown(jobs, 'no such job');
    return { value: await work(state, matching[0]) };
  });
  if (found === undefined) throw unknown([], 'no such job');
  return found.value;
}

async function summarize(state: Checkpoint, job: JobRecord): Promise<JobSummary> {
  const { id, source, target, createdAt, updatedAt, error } = job;
  const records = await state.partitions(id);
  const dumped = records.filter(({ part }) => part !== undefined).length;
  const loaded = records.filter(({ load }) => load?.state === 'loaded').length;
  const files = (job.config as { target?: Json }).target === undefined;
  const whole = files ? records.length : 2 * records.length;
  const progress = whole === 0 ? 1 : (dumped + (files ? 0 : loaded)) / whole;
  const state_ = await stateNow(state, job);
  const over = state_ === 'finished' || state_ === 'dumped';
  const resume = over ? undefined : `milvus-migrate jobs resume ${id}`;
  return { id, source, target, state: state_, progress, createdAt, updatedAt, error, resume };
}

/** A job that was running when its process was killed still says so; its lock tells. */
async function stateNow(state: Checkpoint, job: JobRecord): Promise<JobState> {
  if (job.state !== 'running' && job.state !== 'planned') return job.state;
  try {
    await using _lock = await state.lock(job.key);
    return 'interrupted';
  } catch (thrown) {
    if (thrown instanceof MigrateError && thrown.code === 'E_JOB_LOCKED') return job.state;
    throw thrown;
  }
}
