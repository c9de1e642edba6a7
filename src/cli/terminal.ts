/** What a command may write to, and what it knows of the world around it. */
import type { Environment } from '../config/defaults.ts';
import { type Look, lookOf } from './style.ts';

export interface Terminal {
  /** Results only. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Progress, warnings, errors. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Environment;
  readonly cwd: string;
}

export function stdoutLook(terminal: Terminal): Look {
  return lookOf(terminal.stdout, terminal.env);
}

export function stderrLook(terminal: Terminal): Look {
  return lookOf(terminal.stderr, terminal.env);
}

export function printLines(stream: NodeJS.WritableStream, lines: readonly string[]): void {
  if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
}

export function printJson(stream: NodeJS.WritableStream, value: unknown): void {
  stream.write(`${JSON.stringify(value, null, 2)}\n`);
}
