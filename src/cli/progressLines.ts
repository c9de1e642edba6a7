/** Progress as plain lines, for pipes and CI: at a stage's start and end, and at each part or each 5 %. Events drive it. */
import type { ProgressEvent, StageName } from '../core/report.ts';
import { count, counted } from './numbers.ts';
import type { ProgressView } from './progress.ts';
import { nextStages, type Stages, type StageView, shareOf, stageFacts } from './progressModel.ts';

/** Where a new line is due: each twentieth of a stage. */
const STEPS = 20;

/** @param now milliseconds of a steady clock */
export function progressLines(write: (line: string) => void, now: () => number): ProgressView {
  let stages: Stages = new Map();
  const steps = new Map<StageName, number>();
  return {
    onProgress(event) {
      const before = stages;
      stages = nextStages(stages, event, now());
      for (const line of linesFor(event, { before, after: stages, steps, now: now() })) write(line);
    },
    // Between events nothing is written: a line is for good.
    onCounters: () => undefined,
    note: write,
    stop: () => undefined,
  };
}

interface Moment {
  readonly before: Stages;
  readonly after: Stages;
  readonly steps: Map<StageName, number>;
  readonly now: number;
}

function linesFor(event: ProgressEvent, moment: Moment): string[] {
  switch (event.kind) {
    case 'job':
      return [`job     ${event.id}${event.resumed ? ' goes on' : ''}`];
    case 'warning':
      return [`warning: ${event.text}`];
    case 'stage':
      return [stageLine(event.stage, moment)];
    case 'progress':
      return stepLine(moment.after.get(event.stage)!, moment);
    // The error that ends a run is printed as a block after it.
    case 'error':
    case 'part':
      return [];
  }
}

function stageLine(stage: StageName, { after, steps, now }: Moment): string {
  const view = after.get(stage)!;
  const name = stage.padEnd(8);
  if (view.state === 'finished')
    return `${name}finished: ${stageFacts(view, now).slice(1).join(', ')}`.replace(/: $/, '');
  steps.set(stage, Math.floor(shareOf(view) * STEPS));
  return `${name}started`;
}

function stepLine(view: StageView, { steps, now }: Moment): string[] {
  const before = steps.get(view.stage);
  const step = Math.floor(shareOf(view) * STEPS);
  steps.set(view.stage, step);
  if (before === undefined && step === 0) return [];
  if (before !== undefined && step <= before) return [];
  return [`${view.stage.padEnd(8)}${stageFacts(view, now).join('   ')}${rowsOf(view)}`];
}

function rowsOf(view: StageView): string {
  return view.totalRows === 0 ? '' : `   ${count(view.rows)} of ${counted(view.totalRows, 'row')}`;
}
