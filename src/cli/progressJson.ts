/** Progress, warnings and errors as JSON lines (pino's shape) on stderr. */
import { pino } from 'pino';
import type { PlainError } from '../core/errors.ts';
import type { ProgressEvent } from '../core/report.ts';
import { publicError } from './errorBlock.ts';
import type { ProgressView } from './progress.ts';

type Line = { write(text: string): unknown };

function logTo(stream: Line) {
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    stream,
  );
}

export function jsonProgress(stream: Line): ProgressView {
  const log = logTo(stream);
  return {
    onProgress(event) {
      // The error that ends a run is logged by `logError` after it.
      if (event.kind === 'error') return;
      const { level, message, fields } = lineOf(event);
      log[level](fields, message);
    },
    onCounters: () => undefined,
    note: (text) => log.info(text),
    stop: () => undefined,
  };
}

/** One error that ends a command. @param debug with its stack */
export function logError(stream: Line, error: PlainError, debug: boolean): void {
  const { message, ...fields } = debug ? error : publicError(error);
  logTo(stream).error({ event: 'error', ...fields }, message);
}

interface LogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: object;
}

function lineOf(event: Exclude<ProgressEvent, { kind: 'error' }>): LogLine {
  const { kind, ...rest } = event;
  switch (event.kind) {
    case 'warning':
      return { level: 'warn', message: event.text, fields: { event: kind } };
    case 'stage':
      return { level: 'info', message: `${event.stage} ${event.state}`, fields: { event: kind, ...rest } };
    case 'job':
      return {
        level: 'info',
        message: event.resumed ? 'the job goes on' : 'the job starts',
        fields: { event: kind, ...rest },
      };
    case 'progress':
    case 'part':
      return { level: 'info', message: `${event.stage} ${event.kind}`, fields: { event: kind, ...rest } };
  }
}
