/** What commands ask of `run/`. It is loaded when a command calls it: a help text needs no database driver. */
import type { JobConfig, JobStages } from '../config/job.ts';
import type { Json } from '../core/contracts.ts';
import type { PlainError } from '../core/errors.ts';
import type { JobPlan, PlanReport } from '../core/plan.ts';
import type { ProgressEvent, Report } from '../core/report.ts';

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
  plan(config: JobConfig, options: RunOptions & { readonly preflight: boolean }): Promise<PlanReport>;
  exportMeta(
    config: JobConfig,
    outDir: string,
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

export interface JobStore {
  listJobs(stateDir: string): Promise<readonly JobSummary[]>;
  showJob(stateDir: string, id: string): Promise<JobDetails>;
  forgetJob(stateDir: string, id: string): Promise<void>;
  /** The job's configuration as `toStored` of config/stored.ts wrote it. */
  resumeConfig(stateDir: string, id: string): Promise<{ readonly config: Json; readonly stages: JobStages }>;
}

export interface Engine {
  job(): Promise<JobEngine>;
  jobs(): Promise<JobStore>;
}

export const engine: Engine = {
  job: () => import('../run/job.ts'),
  jobs: () => import('../run/jobs.ts'),
};
