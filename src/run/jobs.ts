/** The jobs of one place (a state folder, a database): listed, shown, forgotten, resumed. */
import { describeState, openKnownCheckpoint, type StatePlace } from '../checkpoints/index.ts';
import { stateOf } from '../config/defaults.ts';
import type { ElasticCredentials } from '../config/elasticsearch.ts';
import type { JobConfig, JobStages } from '../config/job.ts';
import { resumeCommand } from '../config/resumeCommand.ts';
import { withState as changeState } from '../config/stateWord.ts';
import { elasticOf } from '../config/stored.ts';
import type { Checkpoint, JobRecord, JobState } from '../core/checkpoint.ts';
import type { Json } from '../core/contracts.ts';
import { MigrateError, type PlainError } from '../core/errors.ts';
import { isOver, keepsFiles, mayHoldSource } from '../core/jobState.ts';
import type { JobPlan, PlanReport } from '../core/plan.ts';
import type { Report } from '../core/report.ts';
import { letGo } from '../sources/index.ts';
import type { CleanedJob } from './cleanJob.ts';
import { isBegun } from './load/unfinished.ts';
import { forgetJob as removeJob } from './openJob.ts';
import { leaveFiles } from './places/removeFiles.ts';

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

/** Where jobs are kept; a text is a folder, or the address of a database. */
export type JobsPlace = StatePlace | string;

/** The configuration as it was stored: without secrets. */
export type StoredConfig = Json;

export async function listJobs(place: JobsPlace): Promise<JobSummary[]> {
  return withState(place, [], async (state) => {
    const jobs: JobSummary[] = [];
    for (const job of await state.list()) jobs.push(await summarize(state, job, placeOf(place)));
    return jobs;
  });
}

export async function showJob(
  place: JobsPlace,
  id: string,
): Promise<JobSummary & { plan: JobPlan; report: Report | undefined; config: StoredConfig }> {
  return withJob(place, id, async (state, job) => {
    const partitions = (await state.partitions(job.id)).map(({ planned }) => planned);
    const { collections, report, config } = job;
    return { ...(await summarize(state, job, placeOf(place))), plan: { collections, partitions }, report, config };
  });
}

const NO_CREDENTIALS: JobConfig['credentials'] = { source: undefined, files: undefined };

/**
 * Forgets the job and removes its intermediate files, and what it did not finish of those that stay; refuses while a process is at work on it.
 * @param credentials of the job's stores, given anew: none are recorded
 * @param elastic the same of its Elasticsearch
 * @returns what stays that should not, in words: uploads in a store that these credentials do not open, snapshots of the
 * source that nobody could close, collections that are not whole
 */
export async function forgetJob(
  place: JobsPlace,
  id: string,
  credentials: JobConfig['credentials'] = NO_CREDENTIALS,
  elastic?: ElasticCredentials,
): Promise<readonly string[]> {
  return withJob(place, id, async (state, job) => {
    await using _lock = await state.lock(job.key);
    const stored = job.config as unknown as JobConfig;
    const open = [...(await letGoOf(state, job, elastic)), ...(await leftInTarget(state, job))];
    const keep = keepsFiles(job.config);
    // With nothing to remove, nothing need open the place of the files.
    const files = keep && isOver(job.state) ? undefined : stored.files;
    const config = { ...stored, ...placeOf(place), credentials, files };
    return [...open, ...(await removeJob(state, config, job.id, keep ? leaveFiles : undefined))];
  });
}

/** Without its job nobody can finish them, nor tell what they are. */
async function leftInTarget(state: Checkpoint, job: JobRecord): Promise<string[]> {
  const partitions = await state.partitions(job.id);
  const unfinished = [...(await state.collections(job.id))].filter(
    ([name, record]) => isBegun(record, name, partitions) || (record.phase === 'verified' && record.loadInto !== name),
  );
  return unfinished.map(([, { loadInto }]) => `${loadInto} stays in Milvus as it is: this job had not finished it.`);
}

/** Nobody should have to wait long for a cluster that may not be there any more. */
const LETTING_GO_MS = 5_000;

async function letGoOf(state: Checkpoint, job: JobRecord, elastic: ElasticCredentials | undefined): Promise<string[]> {
  const { source } = job.config as unknown as JobConfig;
  if (source?.kind !== 'elasticsearch' || source.read === 'scroll' || !mayHoldSource(job.state, job.config)) return [];
  const partitions = (await state.partitions(job.id)).map(({ planned }) => planned.partition);
  if (partitions.length === 0) return [];
  const access = { ...source.access, timeoutMs: Math.min(source.access.timeoutMs, LETTING_GO_MS) };
  try {
    await letGo({ ...elasticOf(source, elastic), access }, partitions);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof MigrateError)) throw thrown;
    const why = thrown.found === undefined ? thrown.message : `${thrown.message} (${thrown.found})`;
    return [`Its snapshots in Elasticsearch are not closed: ${why}. They end by themselves.`];
  }
}

export async function resumeConfig(place: JobsPlace, id: string): Promise<{ config: Json; stages: JobStages }> {
  return withJob(place, id, async (state, job) => {
    const { target, stages } = job.config as { readonly target?: Json; readonly stages?: Json };
    // A dump whose files were handed to a target since is on its way there.
    const loading = (await state.partitions(job.id)).some(({ load }) => load !== undefined);
    const dumping = target === undefined || (stages === 'dump' && !loading);
    return { config: job.config, stages: dumping ? 'dump' : 'all' };
  });
}

/** See `cleanJob.ts`. */
export async function cleanJob(...given: Parameters<typeof import('./cleanJob.ts').cleanJob>): Promise<CleanedJob> {
  return (await import('./cleanJob.ts')).cleanJob(...given);
}

/** The job of that key, for the plan. */
export async function findJob(place: StatePlace, key: string): Promise<PlanReport['job']> {
  return withState(place, undefined, async (state) => {
    const job = await state.find(key);
    if (job === undefined) return undefined;
    const { id, progress } = await summarize(state, job, place);
    return { id, state: job.state, progress };
  });
}

/** Target collections that the job of that key has created or begun to fill. */
export async function begunCollections(place: StatePlace, key: string): Promise<ReadonlySet<string>> {
  return withState(place, new Set<string>(), async (state) => {
    const job = await state.find(key);
    return new Set(job === undefined ? [] : (await state.collections(job.id)).keys());
  });
}

/** A place that is not there has no jobs. */
async function withState<T>(place: JobsPlace, none: T, work: (state: Checkpoint) => Promise<T>): Promise<T> {
  await using state = await openKnownCheckpoint(placeOf(place));
  return state === undefined ? none : await work(state);
}

function placeOf(place: JobsPlace): StatePlace {
  if (typeof place !== 'string') return place;
  // A database's working files lie where this host has its own.
  return changeState(stateOf(process.env, process.cwd()), place, process.cwd());
}

/** Error: E_UNKNOWN_JOB. */
export async function withJob<T>(
  place: JobsPlace,
  id: string,
  work: (state: Checkpoint, job: JobRecord) => Promise<T>,
): Promise<T> {
  const unknown = (known: readonly JobRecord[], message: string): MigrateError =>
    new MigrateError('E_UNKNOWN_JOB', message, {
      at: { file: describeState(placeOf(place)) },
      found: id,
      wanted: known.length === 0 ? 'there are no jobs here' : known.map((job) => job.id).join(', '),
    });
  const found = await withState<{ value: T } | undefined>(place, undefined, async (state) => {
    const jobs = await state.list();
    const matching = jobs.filter((job) => job.id.startsWith(id));
    if (matching.length > 1) throw unknown(matching, 'more than one job begins like that');
    if (matching[0] === undefined) throw unknown(jobs, 'no such job');
    return { value: await work(state, matching[0]) };
  });
  if (found === undefined) throw unknown([], 'no such job');
  return found.value;
}

async function summarize(state: Checkpoint, job: JobRecord, place: StatePlace): Promise<JobSummary> {
  const { id, source, target, createdAt, updatedAt, error } = job;
  const { all, made, loaded } = await state.counts(id);
  const files = (job.config as { target?: Json }).target === undefined;
  const whole = files ? all : 2 * all;
  const progress = whole === 0 ? 1 : (made + (files ? 0 : loaded)) / whole;
  const state_ = await stateNow(state, job);
  const over = state_ === 'finished' || state_ === 'dumped';
  const around = { env: process.env, cwd: process.cwd() };
  const resume = over ? undefined : resumeCommand(id, place, around);
  return { id, source, target, state: state_, progress, createdAt, updatedAt, error, resume };
}

/** A job that was running when its process was killed still says so; its lock tells. */
async function stateNow(state: Checkpoint, job: JobRecord): Promise<JobState> {
  if (job.state !== 'running' && job.state !== 'planned') return job.state;
  return (await state.isLocked(job.key)) ? job.state : 'interrupted';
}
