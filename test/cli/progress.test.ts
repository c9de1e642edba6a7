import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonProgress, logError } from '../../src/cli/progressJson.ts';
import { progressLines } from '../../src/cli/progressLines.ts';
import { barLine, nextStages, type Stages, withLiveCounts } from '../../src/cli/progressModel.ts';
import { visibleLength } from '../../src/cli/table.ts';
import type { ProgressEvent } from '../../src/core/report.ts';
import { TRUNCATED } from './samples.ts';

function dumped(done: number): ProgressEvent {
  const bytes = done * 612e6;
  const counts = { done, total: 100, rows: done * 10, totalRows: 1000, bytes, totalBytes: 61.2e9, resumedBytes: 0 };
  return { kind: 'progress', stage: 'dump', ...counts, detail: '2 threads' };
}

function after(events: readonly [ProgressEvent, number][]): Stages {
  return events.reduce((stages, [event, now]) => nextStages(stages, event, now), new Map() as Stages);
}

test('a bar line says how far, how fast and how long', () => {
  const stages = after([
    [{ kind: 'stage', stage: 'dump', state: 'started' }, 0],
    [dumped(61), 30_000],
  ]);
  const view = stages.get('dump')!;
  const line =
    'dump    ████████████░░░░░░░░    61 %   37.3 / 61.2 GB   1.24 GB/s   0:19 left   61 / 100 parts   2 threads';
  assert.equal(barLine(view, 30_000, 120), line);
  for (const width of [30, 50, 80]) assert.ok(visibleLength(barLine(view, 30_000, width)) <= width);
  const ended = after([
    [{ kind: 'stage', stage: 'dump', state: 'started' }, 0],
    [dumped(100), 30_000],
    [{ kind: 'stage', stage: 'dump', state: 'finished' }, 60_000],
  ]);
  assert.match(barLine(ended.get('dump')!, 99_000, 120), /100 % .* in 1:00/);
});

test('between events the bar follows what was read, never past the end and never back', () => {
  const view = after([[dumped(10), 0]]).get('dump')!;
  assert.equal(withLiveCounts(view, { bytes: 7e9, rows: 0 }).bytes, 7e9);
  assert.equal(withLiveCounts(view, { bytes: 1e9, rows: 0 }).bytes, 6.12e9);
  assert.equal(withLiveCounts(view, { bytes: 99e9, rows: 0 }).bytes, 61.2e9);
  const resumed = { ...view, resumedBytes: 5e9 };
  assert.equal(withLiveCounts(resumed, { bytes: 2e9, rows: 0 }).bytes, 7e9);
});

test('more bytes than were planned are no more than all: no time below zero, no bar beyond its end', () => {
  const counts = { done: 1, total: 2, rows: 0, totalRows: 0, bytes: 117_000, totalBytes: 116_000, resumedBytes: 0 };
  const event: ProgressEvent = { kind: 'progress', stage: 'load', ...counts, detail: '' };
  const view = after([[event, 0]]).get('load')!;
  assert.equal(
    barLine(view, 1000, 120),
    'load    ████████████████████   100 %   116 / 116 KB   116 KB/s   0.0 s left   1 / 2 parts',
  );
});

test('collections have no bytes: share and units', () => {
  const counts = { done: 2, total: 5, rows: 0, totalRows: 0, bytes: 0, totalBytes: 0, resumedBytes: 0 };
  const event: ProgressEvent = { kind: 'progress', stage: 'index', ...counts, detail: 'docs: IVF_SQ8' };
  const stages = after([[event, 0]]);
  assert.equal(
    barLine(stages.get('index')!, 1000, 79),
    'index   ████████░░░░░░░░░░░░    40 %   2 / 5 collections   docs: IVF_SQ8',
  );
  const ended = nextStages(stages, { kind: 'stage', stage: 'index', state: 'finished' }, 12_000);
  assert.equal(
    barLine(ended.get('index')!, 99_000, 79),
    'index   ████████████████████   100 %   in 0:12   2 / 5 collections',
  );
});

test('plain lines: start, each 5 %, end, warnings', () => {
  const lines: string[] = [];
  let now = 0;
  const view = progressLines(
    (line) => lines.push(line),
    () => now,
  );
  view.onProgress({ kind: 'job', id: '7f3a90c1', resumed: true });
  view.onProgress({ kind: 'stage', stage: 'dump', state: 'started' });
  for (let done = 0; done <= 100; done++) {
    now = done * 500;
    view.onProgress(dumped(done));
  }
  view.onProgress({ kind: 'warning', text: 'the metadata promised 3 rows more' });
  view.onProgress({ kind: 'stage', stage: 'dump', state: 'finished' });
  view.stop();
  assert.equal(lines.length, 24);
  assert.deepEqual(
    [...lines.slice(0, 4), ...lines.slice(-3)],
    [
      'job     7f3a90c1 goes on',
      'dump    started',
      'dump    5 %   3.06 / 61.2 GB   1.22 GB/s   0:48 left   5 / 100 parts   2 threads   50 of 1,000 rows',
      'dump    10 %   6.12 / 61.2 GB   1.22 GB/s   0:45 left   10 / 100 parts   2 threads   100 of 1,000 rows',
      'dump    100 %   61.2 / 61.2 GB   1.22 GB/s   0.0 s left   100 / 100 parts   2 threads   1,000 of 1,000 rows',
      'warning: the metadata promised 3 rows more',
      'dump    finished: 61.2 / 61.2 GB, 1.22 GB/s, in 0:50, 100 / 100 parts',
    ],
  );
});

test('JSON lines', () => {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) };
  const view = jsonProgress(stream);
  view.onProgress(dumped(1));
  view.onProgress({ kind: 'warning', text: 'careful' });
  logError(stream, TRUNCATED, false);
  const [progress, warning, error] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(progress?.level, 'info');
  assert.equal(progress?.stage, 'dump');
  assert.equal(progress?.totalRows, 1000);
  assert.deepEqual([warning?.level, warning?.msg], ['warn', 'careful']);
  assert.deepEqual([error?.level, error?.code, error?.stack], ['error', 'E_SEGMENT_TRUNCATED', undefined]);
  assert.equal(error?.msg, TRUNCATED.message);
});
