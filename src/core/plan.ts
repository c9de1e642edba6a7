/** The plan of a job: what goes where. Frozen in the checkpoint when the job starts. Types only. */
import type { Note, Partition, ServerFacts, SkippedSegment } from './contracts.ts';
import type { IndexSpec, MetricType, Schema } from './schema.ts';
import type { TransformStep } from './transformSteps.ts';

export type FileFormat = 'npy' | 'parquet' | 'json';

/** `append`: add to it. `skip`: leave an existing one alone. `overwrite`: replace it once the new one is proven. */
export type WriteMode = 'append' | 'skip' | 'overwrite';

/** A target collection and everything that goes into it. */
export interface PlannedCollection {
  /** Name in the target. */
  readonly target: string;
  /** Datasets it comes from, in plan order; more than one only with `--merge`. */
  readonly datasets: readonly string[];
  /** Of the target: what the rows are after all steps. */
  readonly schema: Schema;
  /** What the source's reader emits, where that is not `schema`. */
  readonly sourceSchema?: Schema | undefined;
  /** From `sourceSchema` to `schema`. Absent: none. */
  readonly steps?: readonly TransformStep[] | undefined;
  /** Of its files. Absent: NumPy. */
  readonly format?: FileFormat | undefined;
  /** Tried before `schema.metric`, where not every server has it. */
  readonly preferredMetric: MetricType | undefined;
  readonly index: IndexSpec | undefined;
  readonly description: string;
  /** Whether ids are what somebody stored: then they are looked through for some that occur twice or are negative. */
  readonly storedIds?: boolean | undefined;
  /** Partitions to be created in the target besides `_default`. */
  readonly milvusPartitions: readonly string[];
  readonly rows: number;
  readonly rowsExact: boolean;
  readonly deleted: number;
  readonly bytes: number;
  readonly parts: number;
  readonly notes: readonly Note[];
  readonly skipped: readonly SkippedSegment[];
}

export interface PlannedPartition {
  readonly partition: Partition;
  /** Name of the target collection. */
  readonly collection: string;
  /** Partition of the target collection; `_default` for the default one. */
  readonly targetPartition: string;
  /** How many of its rows to record for verification. */
  readonly samples: number;
  /** What of the source it came by: the dataset, or `dataset/partition` where only that is merged. */
  readonly input: string;
  /** Whether its rows replace those of the same keys: they changed in the source after it was planned. Absent: false. */
  readonly upsert?: boolean | undefined;
  /** Position in the plan: the order for `--on-duplicate first`. */
  readonly ordinal: number;
}

export interface JobPlan {
  readonly collections: readonly PlannedCollection[];
  readonly partitions: readonly PlannedPartition[];
}

/** What `plan` shows: the plan, what was learnt about both ends, and what stands in the way. */
export interface PlanReport {
  readonly source: { readonly title: string; readonly locator: string; readonly notes: readonly Note[] };
  readonly target: (ServerFacts & { readonly existing: readonly ExistingCollection[] }) | undefined;
  readonly staging: StagingFacts | undefined;
  readonly plan: JobPlan;
  /** A job that already moves this, if there is one. */
  readonly job: { readonly id: string; readonly state: string; readonly progress: number } | undefined;
  /** What would stop a run, as plain errors in the order in which a run would meet them. Empty: it can run. */
  readonly obstacles: readonly import('./errors.ts').PlainError[];
}

export interface ExistingCollection {
  readonly name: string;
  readonly statisticRows: number;
  readonly fits: boolean;
}

export interface StagingFacts {
  readonly path: string;
  /** The path as Milvus sees it. */
  readonly seenAs: string;
  readonly needed: number;
  readonly free: number | undefined;
  /** Whether a zero-row import showed that Milvus can read it; undefined: not tried. */
  readonly readable: boolean | undefined;
}
