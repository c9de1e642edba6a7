/** Progress events and the final report. Types only. */
import type { NonFiniteRow, Note, SkippedSegment } from './contracts.ts';
import type { PlainError } from './errors.ts';

export type StageName = 'dump' | 'scan' | 'load' | 'index' | 'verify';

/** What a run tells while it goes on. All counters are totals of the job, earlier runs included. */
export type ProgressEvent =
  | { readonly kind: 'job'; readonly id: string; readonly resumed: boolean }
  | { readonly kind: 'stage'; readonly stage: StageName; readonly state: 'started' | 'finished' }
  | {
      readonly kind: 'progress';
      readonly stage: StageName;
      /** Work units: parts for dump, scan and load, collections for index and verify. */
      readonly done: number;
      readonly total: number;
      readonly rows: number;
      readonly totalRows: number;
      readonly bytes: number;
      readonly totalBytes: number;
      /** Of `bytes`, what was there before this run: speed and ETA leave it out. */
      readonly resumedBytes: number;
      /** «import tasks: 4 running, 2 queued», and what limits the run where it is clear. */
      readonly detail: string;
    }
  | {
      readonly kind: 'part';
      readonly stage: 'dump' | 'scan' | 'load';
      readonly collection: string;
      readonly part: string;
      readonly rows: number;
      readonly bytes: number;
      readonly ms: number;
    }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'error'; readonly error: PlainError };

export type CheckResult = 'ok' | 'failed' | 'skipped';

export interface CollectionReport {
  readonly collection: string;
  readonly datasets: readonly string[];
  readonly read: number;
  readonly deleted: number;
  readonly dropped: number;
  readonly rejected: number;
  /** Left out by a filter. */
  readonly filtered: number;
  /** Rows that Milvus would refuse, for whose sake the collection was not loaded. */
  readonly nonFinite: number;
  /** Those of them that can not be rows of the collection: they are in no file, and nowhere else. */
  readonly refused: number;
  /** Values changed on the way, as named counts. */
  readonly changes: Readonly<Record<string, number>>;
  readonly firstNonFinite: readonly NonFiniteRow[];
  readonly loaded: number;
  readonly bytes: number;
  readonly parts: number;
  readonly skipped: readonly SkippedSegment[];
  readonly notes: readonly Note[];
  /** `dumped`: files only. `left`: `--mode skip` found it there. `withheld`: not loaded because of non-finite rows. */
  readonly outcome: 'loaded' | 'dumped' | 'left' | 'withheld' | 'failed';
  readonly verify: {
    readonly count: CheckResult;
    /** count wanted and found, as decimal strings; «» where not looked at. */
    readonly wanted: string;
    readonly found: string;
    readonly samples: CheckResult;
    readonly sampled: number;
    /** Rows that are not in the source any more as they were read: a full verification can not compare them. Absent: none. */
    readonly gone?: number;
    /** «counts only, …: the collection is not loaded», … */
    readonly remark: string;
    /** The first differences, in words. */
    readonly differences: readonly string[];
  };
  /** Milliseconds per stage, of this and earlier runs. */
  readonly ms: Readonly<Partial<Record<StageName, number>>>;
}

export interface Report {
  readonly job: string;
  readonly version: string;
  readonly source: string;
  readonly target: string | undefined;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly threads: number;
  readonly collections: readonly CollectionReport[];
  readonly warnings: readonly string[];
  /** Where rejected rows were written. */
  readonly rejectFile: string | undefined;
  /** Files that were left for the user, if any. */
  readonly output: string | undefined;
  /** Wall milliseconds of this run per stage; stages overlap. */
  readonly ms: Readonly<Partial<Record<StageName, number>>>;
  readonly bytesPerSecond: number;
  readonly error: PlainError | undefined;
  readonly exitCode: number;
}
