/** The caller's listener for progress: when it throws, that stops the run, and nothing else. */
import type { ProgressEvent } from '../../core/report.ts';

export interface Listener {
  /** Never throws: events are told from the middle of the work, and from channels on which an error would end the process. */
  tell(event: ProgressEvent): void;
  /** Called with the first error, also where it came before. Nothing is told after it. */
  onFailure(stop: (error: unknown) => void): void;
}

export function guardListener(onProgress: ((event: ProgressEvent) => void) | undefined): Listener {
  let failure: { readonly error: unknown } | undefined;
  let stop: ((error: unknown) => void) | undefined;
  return {
    tell(event) {
      if (failure !== undefined) return;
      try {
        onProgress?.(event);
      } catch (error) {
        failure = { error };
        stop?.(error);
      }
    },
    onFailure(given) {
      stop = given;
      if (failure !== undefined) given(failure.error);
    },
  };
}
