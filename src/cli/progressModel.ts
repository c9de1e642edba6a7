/** What is known of a run while it goes on: progress events folded into one state per stage, and the line that shows it. */
import type { ProgressEvent, StageName } from '../core/report.ts';
import { bytesOf, count, duration, percent, rate } from './numbers.ts';
import { visibleLength } from './table.ts';

type ProgressCounts = Omit<Extract<ProgressEvent, { kind: 'progress' }>, 'kind' | 'stage'>;

export interface StageView extends ProgressCounts {
  readonly stage: StageName;
  readonly state: 'waiting' | 'running' | 'finished';
  /** Milliseconds of the clock given; undefined: not begun, not ended. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

export type Stages = ReadonlyMap<StageName, StageView>;

/** The order in which they are shown: that of the data, not of their beginning. */
export const STAGE_ORDER: readonly StageName[] = ['scan', 'dump', 'load', 'index', 'verify'];

const NOTHING: ProgressCounts = {
  done: 0,
  total: 0,
  rows: 0,
  totalRows: 0,
  bytes: 0,
  totalBytes: 0,
  resumedBytes: 0,
  detail: '',
};

/** The stages after `event`, which came at `now` (milliseconds). */
export function nextStages(stages: Stages, event: ProgressEvent, now: number): Stages {
  if (event.kind !== 'stage' && event.kind !== 'progress') return stages;
  const before = stages.get(event.stage) ?? waiting(event.stage);
  return new Map(stages).set(event.stage, nextStage(before, event, now));
}

function waiting(stage: StageName): StageView {
  return { ...NOTHING, stage, state: 'waiting', startedAt: undefined, finishedAt: undefined };
}

function nextStage(
  before: StageView,
  event: Extract<ProgressEvent, { kind: 'stage' | 'progress' }>,
  now: number,
): StageView {
  if (event.kind === 'progress') {
    const { kind: _, ...counts } = event;
    // Planned totals are estimates in a few places (rows that were streamed twice): what is done is never beyond them.
    const bytes = Math.min(counts.bytes, counts.totalBytes);
    const running = before.state === 'waiting' ? { state: 'running' as const, startedAt: now } : {};
    return { ...before, ...counts, bytes, ...running };
  }
  if (event.state === 'started') return { ...before, state: 'running', startedAt: before.startedAt ?? now };
  return { ...before, state: 'finished', finishedAt: now };
}

/** With what was read since the last event: `live` bytes and rows of this run. */
export function withLiveCounts(view: StageView, live: { readonly bytes: number; readonly rows: number }): StageView {
  const bytes = Math.min(view.totalBytes, Math.max(view.bytes, view.resumedBytes + live.bytes));
  return { ...view, bytes };
}

/** Share of 0 to 1: by bytes where they are known, by work units else. */
export function shareOf(view: StageView): number {
  if (view.state === 'finished') return 1;
  if (view.totalBytes > 0) return view.bytes / view.totalBytes;
  return view.total === 0 ? 0 : view.done / view.total;
}

/** Words for how far a stage is, most needed first: a narrow terminal cuts the end. */
export function stageFacts(view: StageView, now: number): string[] {
  const seconds = view.startedAt === undefined ? 0 : ((view.finishedAt ?? now) - view.startedAt) / 1000;
  const moved = view.bytes - view.resumedBytes;
  const speed = seconds > 0 && moved > 0 ? moved / seconds : 0;
  const units = view.stage === 'verify' || view.stage === 'index' ? 'collections' : 'parts';
  const left =
    view.state === 'running' && speed > 0 ? `${duration(((view.totalBytes - view.bytes) / speed) * 1000)} left` : '';
  return [
    percent(shareOf(view)),
    view.totalBytes > 0 ? bytesOf(view.bytes, view.totalBytes) : '',
    speed > 0 ? rate(speed) : '',
    view.state === 'finished' ? `in ${duration(seconds * 1000)}` : left,
    view.total > 0 ? `${count(view.done)} / ${count(view.total)} ${units}` : '',
    // What it was doing last is no news at the end.
    view.state === 'finished' ? '' : view.detail,
  ].filter((fact) => fact !== '');
}

const NAME_WIDTH = 8;
const BAR_WIDTH = 20;
const PERCENT_WIDTH = 5;
const GAP = '   ';

/** One line of the redrawn display, never wider than `width`. */
export function barLine(view: StageView, now: number, width: number): string {
  const name = view.stage.padEnd(NAME_WIDTH);
  if (view.state === 'waiting') return `${name}waiting`;
  const filled = Math.floor(shareOf(view) * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const [share, ...facts] = stageFacts(view, now);
  let line = `${name}${bar}`;
  // As wide at 5 % as at 100 %: what follows does not jump.
  for (const fact of [share!.padStart(PERCENT_WIDTH), ...facts]) {
    const longer = `${line}${GAP}${fact}`;
    if (visibleLength(longer) > width) break;
    line = longer;
  }
  return line;
}
