/** The program without its process: finds the command, runs it, prints the error that ended it, and says the exit code. */
import { cac } from 'cac';
import { type MigrateError, type PlainError, toMigrateError, toPlain } from '../core/errors.ts';
import { loadAtOnce } from '../core/loadAtOnce.ts';
import type { CommandContext, CommandEnd, RunCommand } from './command.ts';
import { COMMANDS, type CommandLine, isCommand, parseCommandLine, unknownCommand } from './commandLine.ts';
import type { Engine } from './engine.ts';
import type { CommandName } from './flags.ts';
import { SUMMARIES } from './summaries.ts';
import { printJson, printLines, stderrLook, type Terminal } from './terminal.ts';

const LOADERS: Readonly<Record<CommandName, () => Promise<{ runCommand: RunCommand }>>> = {
  run: () => import('./commands/run.ts'),
  plan: () => import('./commands/plan.ts'),
  dump: () => import('./commands/dump.ts'),
  load: () => import('./commands/load.ts'),
  start: () => import('./commands/start.ts'),
  verify: () => import('./commands/verify.ts'),
  export: () => import('./commands/export.ts'),
  inspect: () => import('./commands/inspect.ts'),
  jobs: () => import('./commands/jobs.ts'),
  server: () => import('./commands/server.ts'),
  version: () => import('./commands/version.ts'),
  help: () => import('./commands/help.ts'),
};

export interface Program {
  readonly argv: readonly string[];
  readonly terminal: Terminal;
  readonly engine: Engine;
  readonly signal: AbortSignal;
}

/** Runs one command line to its end: everything but the exit. @param argv without node and script */
export async function runProgram(program: Program): Promise<number> {
  const { argv, terminal } = program;
  try {
    const { exitCode, error } = await dispatch(parseCommandLine(argv), program);
    if (error !== undefined) await printError(error, argv, terminal);
    return exitCode;
  } catch (thrown) {
    const error = toMigrateError(thrown);
    // Whoever reads JSON gets some, whatever happened: what is thrown left nothing else there.
    if (isGiven(argv, 'json')) await printErrorJson(error, terminal);
    await printError(toPlain(error), argv, terminal);
    return error.exitCode;
  }
}

/** cac knows the commands and finds the one that is meant; flags are read from the raw arguments (rawArgs.ts says why). */
async function dispatch(line: CommandLine, { terminal, engine, signal }: Program): Promise<CommandEnd> {
  const word = wantedCommand(line);
  const cli = cac('milvus-migrate');
  for (const name of COMMANDS) {
    cli.command(name, SUMMARIES[name]).action(async (): Promise<CommandEnd> => {
      const context: CommandContext = { name, line, terminal, engine, signal };
      const asked = line.raw.has('help') ? 'help' : name;
      loadAtOnce(new URL(`./commands/${asked}.js`, import.meta.url));
      const { runCommand } = await LOADERS[asked]();
      return runCommand(context);
    });
  }
  cli.parse(['node', 'milvus-migrate', word], { run: false });
  if (cli.matchedCommand === undefined) throw unknownCommand(word);
  return (await cli.runMatchedCommand()) as CommandEnd;
}

function wantedCommand({ word, raw }: CommandLine): string {
  if (word === undefined) return raw.has('version') ? 'version' : 'help';
  if (!isCommand(word)) throw unknownCommand(word);
  return word;
}

async function printErrorJson(error: MigrateError, { stdout }: Terminal): Promise<void> {
  const { publicError } = await import('./errorBlock.ts');
  printJson(stdout, { error: publicError(toPlain(error)), exitCode: error.exitCode });
}

/** `--json`, `--json=true`; the last one counts. */
function isGiven(argv: readonly string[], name: string): boolean {
  const last = argv.findLast((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  return last === `--${name}` || last === `--${name}=true`;
}

/** An error that came when the command had ended. */
export function reportError(error: MigrateError, argv: readonly string[], terminal: Terminal): Promise<void> {
  return printError(toPlain(error), argv, terminal);
}

/** Flags are looked for in the words themselves: the error may be that they could not be read. */
async function printError(error: PlainError, argv: readonly string[], terminal: Terminal): Promise<void> {
  const debug = isGiven(argv, 'debug');
  if (/(^|\n)--log-format[=\n]json(\n|$)/.test(argv.join('\n'))) {
    const { logError } = await import('./progressJson.ts');
    logError(terminal.stderr, error, debug);
    return;
  }
  const { errorBlock } = await import('./errorBlock.ts');
  printLines(terminal.stderr, errorBlock(error, stderrLook(terminal), debug));
}
