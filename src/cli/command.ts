/** What a command is: it reads its part of the command line, does its work and says how it ended. */
import type { PlainError } from '../core/errors.ts';
import type { CommandLine } from './commandLine.ts';
import type { Engine } from './engine.ts';
import type { CommandName } from './flags.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly name: CommandName;
  readonly line: CommandLine;
  readonly terminal: Terminal;
  readonly engine: Engine;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

export interface CommandEnd {
  readonly exitCode: number;
  /** What stopped it, if the command has not shown it itself: `main` prints it as one block. */
  readonly error?: PlainError;
}

export type RunCommand = (context: CommandContext) => Promise<CommandEnd>;
