/** The process: signals, standard streams, and the only place that exits. */
import { createWriteStream, fstatSync } from 'node:fs';
import { EXIT, isFull, MAKE_ROOM, MigrateError, messageOf } from '../core/errors.ts';
import { engine } from './engine.ts';
import { reportError, runProgram } from './program.ts';
import { listenForSignals } from './signals.ts';
import type { Terminal } from './terminal.ts';

export async function main(): Promise<void> {
  const { stderr, env } = process;
  const stdout = openStdout();
  let lost: NodeJS.ErrnoException | undefined;
  // A reader that closes its end (`… | head`) has seen what it wanted: how it ended is in the exit code all the same.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error;
  });
  // Nobody hears how far it is (a `tee` that Ctrl-C ended, a log on a full disk): the work goes on without being told.
  stderr.on('error', () => undefined);
  const controller = new AbortController();
  listenForSignals(process, {
    wind: () => controller.abort(),
    kill: () => process.exit(EXIT.interrupted),
  });
  const terminal: Terminal = { stdout, stderr, env, cwd: process.cwd() };
  const argv = process.argv.slice(2);
  const ended = await runProgram({ argv, terminal, engine, signal: controller.signal });
  // Written out before the exit, also where stdout is a slow pipe; and what failed is known a turn after it was tried.
  await new Promise<void>((resolve) => stdout.write('', () => setImmediate(resolve)));
  const exitCode = lost === undefined ? ended : await reportLost(lost, { ended, argv, terminal });
  stderr.write('', () => process.exit(exitCode));
}

/** Node's own stream for a file takes what the disk had room for to be all of it. */
function openStdout(): Terminal['stdout'] {
  const { stdout } = process;
  return isFile(1) ? createWriteStream('', { fd: 1, autoClose: false }) : stdout;
}

/** A closed one is none. */
function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

interface Ended {
  readonly ended: number;
  readonly argv: readonly string[];
  readonly terminal: Terminal;
}

/** Who waits for a result must not take its absence for one. */
async function reportLost(lost: NodeJS.ErrnoException, { ended, argv, terminal }: Ended): Promise<number> {
  const full = isFull(lost);
  const error = new MigrateError(full ? 'E_NO_SPACE' : 'E_STORE', 'the result can not be written to stdout', {
    found: messageOf(lost),
    ...(full ? { hint: MAKE_ROOM } : {}),
    cause: lost,
  });
  await reportError(error, argv, terminal);
  return ended === EXIT.ok ? error.exitCode : ended;
}
