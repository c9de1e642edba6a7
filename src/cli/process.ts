/** The process: signals, standard streams, and the only place that exits. */
import { EXIT } from '../core/errors.ts';
import { engine } from './engine.ts';
import { runProgram } from './program.ts';
import { listenForSignals } from './signals.ts';
import type { Terminal } from './terminal.ts';

export async function main(): Promise<void> {
  const { stdout, stderr, env } = process;
  // A reader that closes its end (`… | head`) has seen what it wanted.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.other));
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
