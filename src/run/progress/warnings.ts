/** What a run says besides its progress: at once, and in its report. */
import type { ProgressEvent } from '../../core/report.ts';

export interface Warnings {
  /** In their order. */
  readonly all: readonly string[];
  /** Says it, once. */
  warn(text: string): void;
}

export function createWarnings(onProgress?: (event: ProgressEvent) => void): Warnings {
  const all: string[] = [];
  return {
    all,
    warn(text) {
      if (all.includes(text)) return;
      all.push(text);
      onProgress?.({ kind: 'warning', text });
    },
  };
}
