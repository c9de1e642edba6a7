/**
 * The contract of a checkpoint: where a job stands, durable at every step. Types only.
 *
 * Every method has happened, durably, when its promise resolves. All are asynchronous so that a database server can
 * stand behind them; hosts that share one exclude each other by `lock`.
 */
import type { Json, Part, Upload } from './contracts.ts';
import type { PlainError } from './errors.ts';
import type { PlannedCollection, PlannedPartition } from './plan.ts';
import type { CollectionReport, Report, StageName } from './report.ts';

export type JobState = 'planned' | 'running' | 'interrupted' | 'failed' | 'dumped' | 'finished' | 'incomplete';

export interface NewJob {
  /** Short random hex: in paths and on the command line. */
  readonly id: string;
  /** Hash of what the job moves. Unique. */
  readonly key: string;
  readonly source: string;
  readonly target: string;
  /** The configuration without secrets: what `jobs resume` starts from. */
  readonly config: Json;
  /** Per dataset, what its data looked like when the plan was made. */
  readonly fingerprint: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly collections: readonly PlannedCollection[];
  readonly partitions: readonly PlannedPartition[];
}

export interface JobRecord extends Omit<NewJob, 'partitions'> {
  readonly state: JobState;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly error: PlainError | undefined;
  readonly report: Report | undefined;
}

/** How far the rows of one partition are on their way into the target. */
export type LoadRecord =
  /** About to hand the files to the server. `prior`: tasks on the same collection that were there before. */
  | { readonly state: 'intended'; readonly attempt: number; readonly dir: string; readonly prior: readonly string[] }
  | { readonly state: 'submitted'; readonly attempt: number; readonly dir: string; readonly task: string }
  /**
   * Rows [0, acked) are there; rows [acked, acked + inFlight) may be. `fresh` of them all (upserts only): how many had no
   * row under their key before.
   */
  | { readonly state: 'streaming'; readonly acked: number; readonly inFlight: number; readonly fresh?: number }
  /** `dir`: where its files ended up; `''` where there were none. `fresh`: as above; absent: all. */
  | {
      readonly state: 'loaded';
      readonly rows: number;
      readonly how: 'import' | 'stream';
      readonly dir: string;
      readonly fresh?: number;
    };

export interface PartitionRecord {
  readonly planned: PlannedPartition;
  readonly part: Part | undefined;
  readonly load: LoadRecord | undefined;
}

export interface PartitionCounts {
  readonly all: number;
  /** With a part. */
  readonly made: number;
  readonly loaded: number;
}

/** What is known about a target collection of the job. */
export interface CollectionRecord {
  /** The collection that the rows go into: the target itself, or a scratch one for `--mode overwrite`. */
  readonly loadInto: string;
  readonly id: string;
  /** Whether this job created it. */
  readonly created: boolean;
  /** Rows per target partition before the first row of this job, and how they were counted. */
  readonly before: Readonly<Record<string, number>>;
  readonly countedBy: 'count' | 'statistics';
  /** Rows of the whole collection before, by the server's statistics. */
  readonly statisticsBefore: number;
  /** `--mode overwrite`: the id of the collection to be replaced. */
  readonly replaces: string | undefined;
  /** `creating`: about to be created, `id` is not known yet. `left`: `--mode skip` found one that is not ours. */
  readonly phase: 'creating' | 'loading' | 'left' | 'verified' | 'swapped';
  readonly report: CollectionReport | undefined;
  readonly ms: Readonly<Partial<Record<StageName, number>>>;
}

/** A job held against other processes, until disposed or this process dies. Disposing never fails. */
export interface JobLock extends AsyncDisposable {
  /**
   * Aborted when the lock was lost before it was given back (its connection broke and another process may have it); the
   * reason is a MigrateError E_JOB_LOCKED. What this process writes for the job from then on is refused with the same.
   */
  readonly lost: AbortSignal;
}

export interface Checkpoint extends AsyncDisposable {
  /** E_JOB_LOCKED if another process has it. */
  lock(key: string): Promise<JobLock>;
  /** Whether any process has it; takes nothing from anybody. */
  isLocked(key: string): Promise<boolean>;
  find(key: string): Promise<JobRecord | undefined>;
  /** All jobs, newest first. */
  list(): Promise<readonly JobRecord[]>;
  /** Job and plan, in one step. */
  create(job: NewJob): Promise<JobRecord>;
  /** @param change `config`: absent: it stays */
  update(
    id: string,
    change: { state: JobState; error?: PlainError | undefined; report?: Report | undefined; config?: Json | undefined },
  ): Promise<void>;
  /** Forgets a job and all that was recorded of it. Absent is fine. */
  forget(id: string): Promise<void>;
  /** More of them, behind those that are there, all in one step: what changed in the source since it was planned. */
  addPartitions(id: string, partitions: readonly PlannedPartition[]): Promise<void>;
  /** In the order of the plan. */
  partitions(id: string): Promise<readonly PartitionRecord[]>;
  /** How far they are, without reading what is recorded of each: that may be a gigabyte. */
  counts(id: string): Promise<PartitionCounts>;
  recordPart(id: string, part: Part): Promise<void>;
  /** The part is to be made again; only while nothing of it was handed to a target. */
  discardPart(id: string, partition: string): Promise<void>;
  recordLoad(id: string, partition: string, load: LoadRecord): Promise<void>;
  collections(id: string): Promise<ReadonlyMap<string, CollectionRecord>>;
  recordCollection(id: string, target: string, record: CollectionRecord): Promise<void>;
  /** An upload to the files' store is about to begin. */
  recordUpload(id: string, upload: Upload): Promise<void>;
  /** Uploads that were recorded and not yet dropped: of parts that were never finished, after a crash. */
  uploads(id: string): Promise<readonly Upload[]>;
  /** They are complete, or aborted. Unknown ones are fine. */
  dropUploads(id: string, uploads: readonly Upload[]): Promise<void>;
}
