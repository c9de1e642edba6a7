/** What a source, a plan or a run has to say to people besides its counts. Types only. */

/** Something the user should know: shown in the plan and in the report. */
export interface Note {
  /**
   * `lossy`: something is not carried over exactly or under another name. `warning`: all that is there is carried over,
   * but the source says itself that there should be other rows; a run warns of it. `info`: nothing is lost.
   */
  readonly kind: 'info' | 'lossy' | 'warning';
  readonly text: string;
}
