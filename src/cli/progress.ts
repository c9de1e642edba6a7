/** How a run is shown while it goes on: bars on a terminal, lines in a pipe, JSON lines for programs. */
import type { ProgressEvent } from '../core/report.ts';
import type { LiveCounters } from './engine.ts';
import type { Terminal } from './terminal.ts';

export interface ProgressView {
  onProgress(event: ProgressEvent): void;
  onCounters(counters: LiveCounters): void;
  /** Something to be seen besides the run itself. */
  note(text: string): void;
  /** Nothing is drawn after it. */
  stop(): void;
}

/** @param signal aborted by the first Ctrl-C: what happens then is told */
export async function openProgress(
  terminal: Terminal,
  logFormat: 'text' | 'json',
  signal: AbortSignal,
): Promise<ProgressView> {
  const view = await openView(terminal, logFormat);
  const tell = (): void => view.note('finishing the current buffers; again to stop at once');
  signal.addEventListener('abort', tell, { once: true });
  return {
    ...view,
    stop() {
      signal.removeEventListener('abort', tell);
      view.stop();
    },
  };
}

async function openView(terminal: Terminal, logFormat: 'text' | 'json'): Promise<ProgressView> {
  if (logFormat === 'json') {
    const { jsonProgress } = await import('./progressJson.ts');
    return jsonProgress(terminal.stderr);
  }
  if (terminal.stderr.isTTY === true && terminal.env.TERM !== 'dumb') {
    const { progressBars } = await import('./progressBars.ts');
    return progressBars(terminal);
  }
  const { progressLines } = await import('./progressLines.ts');
  return progressLines(
    (line) => terminal.stderr.write(`${line}\n`),
    () => performance.now(),
  );
}
