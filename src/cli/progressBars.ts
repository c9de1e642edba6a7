/** Progress on a terminal: one line per stage, redrawn in place at most ten times a second, warnings above. */
import cliProgress from 'cli-progress';
import type { LiveCounters } from './engine.ts';
import type { ProgressView } from './progress.ts';
import { barLine, nextStages, STAGE_ORDER, type Stages, withLiveCounts } from './progressModel.ts';
import { lookOf } from './style.ts';
import { wrap } from './table.ts';
import type { Terminal } from './terminal.ts';

const REDRAWS_PER_SECOND = 10;

/** cli-progress owns the cursor and the rhythm; each of its redraws asks here for the line as it is at that moment. */
export function progressBars({ stderr, env }: Pick<Terminal, 'stderr' | 'env'>): ProgressView {
  let stages: Stages = new Map();
  let counters: LiveCounters | undefined;
  let drawn = 0;
  const { style } = lookOf(stderr, env);
  const bars = new cliProgress.MultiBar({
    stream: stderr,
    fps: REDRAWS_PER_SECOND,
    hideCursor: true,
    linewrap: false,
    // Lines that were logged above have moved the bars: they must be drawn again though they say the same.
    forceRedraw: true,
    // Signals are the command's: it stops the bars when the run has wound up.
    gracefulExit: false,
    format: (_options, _params, payload: { place: number }) => lineOf(payload.place),
  });

  /** A bar shows the stage whose place it is: a stage that begins later may stand above others. */
  function lineOf(place: number): string {
    const view = stages.get(STAGE_ORDER.filter((stage) => stages.has(stage))[place]!);
    if (view === undefined) return '';
    const { stage } = view;
    const live = stage === 'dump' && view.state === 'running' && counters !== undefined;
    const now = live ? withLiveCounts(view, { bytes: counters!.bytes(), rows: counters!.rows() }) : view;
    return barLine(now, performance.now(), (stderr.columns ?? 80) - 1);
  }

  return {
    onProgress(event) {
      stages = nextStages(stages, event, performance.now());
      for (; drawn < stages.size; drawn++) bars.create(1, 0, { place: drawn });
      if (event.kind === 'warning') note(style.warn(`warning: ${event.text}`));
    },
    onCounters(live) {
      counters = live;
    },
    note,
    stop() {
      if (drawn === 0) return;
      bars.update();
      bars.stop();
    },
  };

  function note(long: string): void {
    const text = wrap(long, stderr.columns ?? 80).join('\n');
    // Before the first bar there is nothing that it could disturb, and nothing that would draw it.
    if (drawn === 0) stderr.write(`${text}\n`);
    else bars.log(`${text}\n`);
  }
}
