/** What the stages of a run share. Types only. */
import type { JobConfig } from '../../config/job.ts';
import type { Checkpoint } from '../../core/checkpoint.ts';
import type { OpenStore, ReaderConfig, Store, StoreConfig, Target } from '../../core/contracts.ts';
import type { PlannedCollection } from '../../core/plan.ts';
import type { Journal } from '../places/uploads.ts';
import type { ProgressMeter } from '../progress/progress.ts';
import type { Pool } from '../threads/pool.ts';
import type { IdBits, Marked } from '../threads/tasks.ts';
import type { Ledger } from './ledger.ts';
import type { OnBack } from './patience.ts';

/** How rows reach the target: `files`: not at all, they stay files. */
export type Route = 'files' | 'import' | 'stream';

/** The store that parts are written to. */
export interface FilesContext {
  readonly store: Store;
  readonly config: StoreConfig;
  readonly journal: Journal;
}

/** Bits of the ids that passed, by target collection. */
export type IdMarks = ReadonlyMap<string, IdBits & { -readonly [K in keyof Marked]: number }>;

export interface RunContext {
  readonly config: JobConfig;
  readonly jobId: string;
  readonly checkpoint: Checkpoint;
  readonly ledger: Ledger;
  readonly collections: readonly PlannedCollection[];
  readonly pool: Pool;
  readonly route: Route;
  /** Reader of the source, or of its dumped files where only those are at hand. */
  readonly reader: ReaderConfig;
  readonly files: FilesContext | undefined;
  readonly openStore: OpenStore;
  readonly target: Target | undefined;
  /** Folder for this job's own files below the state folder. */
  readonly jobDir: string;
  readonly meter: ProgressMeter;
  readonly signal: AbortSignal;
  /** Ids that are looked at while their rows pass. Absent: none are. */
  readonly marks?: IdMarks;
  warn(text: string): void;
  /** Told for how long the target was away, each time that it is back. */
  readonly onBack?: OnBack;
  /** Records the first failure, which is the cause of those that follow, and stops everything. */
  fail(error: unknown): void;
}
