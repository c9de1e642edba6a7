/** What every source is opened with, besides its own configuration. Types only. */
import type { OpenStore } from '../core/contracts.ts';

export interface SourceOptions {
  /** Names of the collections to take; undefined: all. */
  readonly collections?: readonly string[] | undefined;
  /** A folder of ours, for what a source has to keep. */
  readonly stateDir?: string | undefined;
  /** Opens the store that the files are in. */
  readonly openStore: OpenStore;
}
