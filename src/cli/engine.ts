/** What commands ask of `run/`. It is loaded when a command calls it: a help text needs no database driver. */
import type { ElasticCredentials } from '../config/elasticsearch.ts';
import type { JobConfig, JobStages } from '../config/job.ts';
import type { Json, StoreConfig } from '../core/contracts.ts';
import type { PlainError } from '../core/errors.ts';
import { loadAtOnce } from '../core/loadAtOnce.ts';
import type { JobPlan, PlanReport } from '../core/plan.ts';
import type { ProgressEvent, Report } from '../core/report.ts';
import { foreseenHere, loadForeseen } from '../run/places/foreseen.ts';

/** Bytes and rows read since this run began, current whenever asked. */
export interface LiveCounters {
  readonly bytes: () => number;
  readonly rows: () => number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly onCounters?: (counters: LiveCounters) => void;
}

export interface JobEngine {
  migrate(config: JobConfig, stages: JobStages, options?: RunOptions): Promise<Report>;
  plan(
    config: JobConfig,
    options: RunOptions & { readonly preflight: boolean; readonly scan: boolean },
  ): Promise<PlanReport>;
  exportMeta(
    config: JobConfig,
    out: string | StoreConfig,
  ): Promise<{ readonly file: string; readonly collections: number; readonly rows: number }>;
}

export interface JobSummary {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly state: 'planned' | 'running' | 'interrupted' | 'failed' | 'dumped' | 'finished' | 'incomplete';
  /** 0 to 1. */
  readonly progress: number;
  /** ISO times. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** A command; undefined: there is nothing to go on with. */
  readonly resume: string | undefined;
  readonly error: PlainError | undefined;
}

export interface JobDetails extends JobSummary {
  readonly plan: JobPlan;
  readonly report: Report | undefined;
}

/** What `jobs clean` did about one job. */
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

/** Where jobs are kept. */
export type StatePlace = Pick<JobConfig, 'stateDir' | 'state'>;

export interface JobStore {
  listJobs(place: StatePlace): Promise<readonly JobSummary[]>;
  showJob(place: StatePlace, id: string): Promise<JobDetails>;
  /**
   * @param credentials of the job's stores, given anew: intermediate and unfinished files may lie in a bucket
   * @param elastic the same of its Elasticsearch, where snapshots may be open
   * @returns what stays that should not, in words
   */
  forgetJob(
    place: StatePlace,
    id: string,
    credentials?: JobConfig['credentials'],
    elastic?: ElasticCredentials,
  ): Promise<readonly string[]>;
  /**
   * Removes the intermediate files of one finished and verified job, and what it has not finished uploading. Nothing
   * that the job did not write; nothing of a job with `keep`, or one that is not verified, and then it says why.
   */
  cleanJob(place: StatePlace, id: string, credentials: JobConfig['credentials']): Promise<CleanedJob>;
  /** The job's configuration as `toStored` of config/stored.ts wrote it. */
  resumeConfig(place: StatePlace, id: string): Promise<{ readonly config: Json; readonly stages: JobStages }>;
}

export interface Engine {
  job(): Promise<JobEngine>;
  jobs(): Promise<JobStore>;
}

export const engine: Engine = {
  job: async () => ({
    migrate: migrateEarly,
    plan: async (...given) => (await loadJob()).plan(...given),
    exportMeta: async (...given) => (await loadJob()).exportMeta(...given),
  }),
  jobs: () => import('../run/jobs.ts'),
};

function loadJob(): Promise<typeof import('../run/job.ts')> {
  loadAtOnce(new URL('../run/job.js', import.meta.url));
  return import('../run/job.ts');
}

/** The threads first: they load what they need on another core while this one does. */
async function migrateEarly(config: JobConfig, stages: JobStages, options: RunOptions = {}): Promise<Report> {
  for (const name of ['pool', 'workerStart']) loadAtOnce(new URL(`../run/threads/${name}.js`, import.meta.url));
  const [{ openPool }, { workerStart }] = await Promise.all([
    import('../run/threads/pool.ts'),
    import('../run/threads/workerStart.ts'),
  ]);
  const pool = openPool(config.threads, workerStart(config, stages));
  let job: typeof import('../run/job.ts');
  try {
    job = await loadJob();
    loadForeseen(foreseenHere(config));
  } catch (thrown) {
    await pool[Symbol.asyncDispose]();
    throw thrown;
  }
  return job.migrateIn(pool, { config, stages, options });
}
