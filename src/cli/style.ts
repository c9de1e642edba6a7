/** Colours for a terminal, or none. */

export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

/** How wide a line may be, and whether it may have colours. */
export interface Look {
  readonly width: number;
  readonly style: Style;
}

const same = (text: string): string => text;
const ansi =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;

export const PLAIN: Style = { good: same, bad: same, warn: same, strong: same, faint: same };
const COLOURED: Style = { good: ansi(32), bad: ansi(31), warn: ansi(33), strong: ansi(1), faint: ansi(2) };

/** Width of lines that go to a file or a pipe. */
export const PIPE_WIDTH = 120;

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** NO_COLOR (not empty) and TERM=dumb mean none (no-color.org). */
export function lookOf(output: Output, env: Readonly<Record<string, string | undefined>>): Look {
  const coloured = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return { width: output.isTTY === true ? (output.columns ?? 80) : PIPE_WIDTH, style: coloured ? COLOURED : PLAIN };
}
