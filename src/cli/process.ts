/** The process: signals, standard streams, and the only place that exits. */
import { EXIT } from '../core/errors.ts';
import { engine } from './engine.ts';
import { runProgram } from './program.ts';
import { listenForSignals } from './signals.ts';
import type { Terminal } from './terminal.ts';

export async function main(): Promise<void> {
  const { stdout, stderr, env } = process;
  // A reader that closes its end (`… | head`) has seen what it wanted: how it ended is in the exit code all the same.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(EXIT.other);
  });
  // Nobody hears how far it is (a `tee` that Ctrl-C ended, a log on a full disk): the work goes on without being told.
  stderr.on('error', () => undefined);
  const controller = new AbortController();
  listenForSignals(process, {
    wind: () => controller.abort(),
    kill: () => process.exit(EXIT.interrupted),
  });
  const terminal: Terminal = { stdout, stderr, env, cwd: process.cwd() };
  const exitCode = await runProgram({ argv: process.argv.slice(2), terminal, engine, signal: controller.signal });
  // Written out before the exit, also where stdout is a slow pipe.
  stdout.write('', () => stderr.write('', () => process.exit(exitCode)));
}
