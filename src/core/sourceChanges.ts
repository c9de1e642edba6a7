/** What came to a source since a job's rows were planned. Types only. */
import type { Note, Partition } from './contracts.ts';

/** What was changed or added in a source since its rows were planned. */
export interface SourceChanges {
  /** They cover it (and may cover some that did not change, again); their rows are upserted. */
  readonly partitions: readonly Partition[];
  /**
   * All rows that there are now, of the datasets whose keys are to be looked through: an upsert leaves one row of a key.
   * Empty: nothing was changed or added.
   */
  readonly all: readonly Partition[];
  /** Why some of `partitions` are taken though nobody knows whether anything in them changed, and what helps. */
  readonly unsure?: string;
  readonly notes: readonly Note[];
}

/** What changes are looked for in. */
export interface ChangesOf {
  /** All of a job, those of earlier changes included. */
  readonly partitions: readonly Partition[];
  /** All of the job, those without partitions among them. */
  readonly datasets: readonly string[];
  /** Those whose keys may be in more than one of them. Absent: nothing is upserted, and no keys are looked through. */
  readonly sharing?: ReadonlySet<string> | undefined;
}
