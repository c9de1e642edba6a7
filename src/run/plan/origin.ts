/** What a new job is made of. Types only. */
import type { JobRecord, NewJob } from '../../core/checkpoint.ts';
import type { Note, Part, ReaderConfig } from '../../core/contracts.ts';
import type { JobPlan } from '../../core/plan.ts';
import type { TargetAbilities } from './buildPlan.ts';

/** What a job is made of, before it is one. It must be disposed. */
export interface Origin extends AsyncDisposable {
  readonly locator: string;
  readonly title: string;
  readonly reader: ReaderConfig;
  readonly notes: readonly Note[];
  fingerprint(): Promise<NewJob['fingerprint']>;
  plan(facts: TargetAbilities | undefined): Promise<JobPlan>;
  /** See `Source.adopted`. */
  adopted(): void;
  /** See `Source.asPlanned`. */
  asPlanned?(known: JobRecord): Promise<AsPlanned>;
  /** Parts that are there from the start: those of a dumped folder. */
  readonly parts: readonly Part[];
}

/** The same source, found again by a job that goes on. */
export type AsPlanned = Pick<Origin, 'reader' | 'notes'> & { readonly fingerprint: NewJob['fingerprint'] };
