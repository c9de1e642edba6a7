/** Turns what the stages do into progress events with totals, so that nobody who shows them has to add up. */
import type { ProgressEvent, StageName } from '../../core/report.ts';

export interface Totals {
  readonly units: number;
  readonly rows: number;
  readonly bytes: number;
}

type PartDone = Omit<Extract<ProgressEvent, { kind: 'part' }>, 'kind'>;

export interface ProgressMeter {
  /** `before`: what earlier runs did already. */
  start(stage: StageName, total: Totals, before: Totals): void;
  add(stage: StageName, done: Totals): void;
  detail(stage: StageName, text: string): void;
  /** A part is through a stage. */
  part(done: PartDone): void;
  finish(stage: StageName): void;
  /** Milliseconds between start and finish of each stage of this run. */
  readonly ms: () => Partial<Record<StageName, number>>;
  /** Bytes that this run itself moved in a stage. */
  moved(stage: StageName): number;
}

interface StageState {
  readonly total: Totals;
  readonly before: Totals;
  done: Totals;
  detail: string;
  readonly started: number;
  ended: number | undefined;
}

export function createMeter(emit: (event: ProgressEvent) => void): ProgressMeter {
  const stages = new Map<StageName, StageState>();
  const tell = (stage: StageName, { total, before, done, detail }: StageState): void =>
    emit({
      kind: 'progress',
      stage,
      done: done.units,
      total: total.units,
      rows: done.rows,
      totalRows: total.rows,
      bytes: done.bytes,
      totalBytes: total.bytes,
      resumedBytes: before.bytes,
      detail,
    });
  const change = (stage: StageName, alter: (state: StageState) => void): void => {
    const state = stages.get(stage);
    if (state === undefined) return;
    alter(state);
    tell(stage, state);
  };
  return {
    start(stage, total, before) {
      const state = { total, before, done: before, detail: '', started: performance.now(), ended: undefined };
      stages.set(stage, state);
      emit({ kind: 'stage', stage, state: 'started' });
      tell(stage, state);
    },
    add: (stage, more) =>
      change(stage, (state) => {
        const { units, rows, bytes } = state.done;
        state.done = { units: units + more.units, rows: rows + more.rows, bytes: bytes + more.bytes };
      }),
    detail: (stage, text) =>
      change(stage, (state) => {
        state.detail = text;
      }),
    part: (done) => emit({ kind: 'part', ...done }),
    finish(stage) {
      const state = stages.get(stage);
      if (state === undefined || state.ended !== undefined) return;
      state.ended = performance.now();
      emit({ kind: 'stage', stage, state: 'finished' });
    },
    ms: () =>
      Object.fromEntries(
        [...stages].map(([stage, { started, ended }]) => [stage, Math.round((ended ?? performance.now()) - started)]),
      ),
    moved(stage) {
      const state = stages.get(stage);
      return state === undefined ? 0 : state.done.bytes - state.before.bytes;
    },
  };
}
