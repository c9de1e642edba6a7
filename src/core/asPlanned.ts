/** What of a source a job has recorded, and the source as that job planned it. Types only. */
import type { Dataset, Source } from './contracts.ts';
import type { Schema } from './schema.ts';

/** What a job has recorded of a dataset. */
export interface PlannedDataset {
  /** What the readers are to emit, by its names in the target. */
  readonly schema: Schema;
  readonly fingerprint: Dataset['fingerprint'];
}

export interface SourceAsPlanned extends Pick<Source, 'reader' | 'notes'> {
  /** By the dataset's name: those of `planned` where nothing else has changed. */
  readonly fingerprints: Readonly<Record<string, Dataset['fingerprint']>>;
}
