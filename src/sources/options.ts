/** What every source is opened with, besides its own configuration. Types only. */

export interface SourceOptions {
  /** Names of the collections to take; undefined: all. */
  readonly collections?: readonly string[] | undefined;
  /** A folder of ours, for what a source has to keep. */
  readonly stateDir?: string | undefined;
}
