/** The command line as one command with its flags, before any of them means anything. */

import { withoutLogin } from '../config/elasticUrl.ts';
import { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import { COMMAND_FLAGS, type CommandName, dashed, FLAGS, type FlagName, flagOf } from './flags.ts';
import { type RawArgs, readRawArgs, UnknownFlag } from './rawArgs.ts';
import { EXAMPLES, usageError } from './usage.ts';

export interface CommandLine {
  /** The first word, whether it is a command or not; undefined: there is none. */
  readonly word: string | undefined;
  readonly args: readonly string[];
  readonly raw: RawArgs;
}

export const COMMANDS = Object.keys(COMMAND_FLAGS) as CommandName[];

export function isCommand(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(COMMAND_FLAGS, word);
}

/** @param argv without node and script. @throws MigrateError E_USAGE */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const raw = readKnown(argv);
  const [word, ...args] = raw.positionals;
  if (isCommand(word) && !raw.has('help')) refuseForeignFlags(word, raw);
  return { word, args, raw };
}

function readKnown(argv: readonly string[]): RawArgs {
  try {
    return readRawArgs(argv, Object.values(FLAGS));
  } catch (thrown) {
    if (!(thrown instanceof UnknownFlag)) throw thrown;
    const command = argv.find((argument) => isCommand(argument)) as CommandName | undefined;
    const allowed: readonly FlagName[] =
      command === undefined ? (Object.keys(FLAGS) as FlagName[]) : COMMAND_FLAGS[command];
    throw usageError(command ?? 'run', `the flag ${thrown.flag} is not known`, nearestFlag(thrown.flag, allowed));
  }
}

/** Flags of other commands are known, and still not what the user wants here. */
function refuseForeignFlags(command: CommandName, raw: RawArgs): void {
  const allowed: readonly string[] = COMMAND_FLAGS[command];
  for (const [name, typed] of raw.given) {
    if (allowed.includes(name)) continue;
    const owners = COMMANDS.filter((other) => (COMMAND_FLAGS[other] as readonly string[]).includes(name));
    throw usageError(command, `${command} has no flag ${typed}`, {
      found: owners.length === 0 ? typed : `${typed}, a flag of ${owners.join(', ')}`,
      ...(name === 'out' ? { wanted: '--staging DIR (a folder that Milvus can read)' } : {}),
    });
  }
}

function nearestFlag(typed: string, allowed: readonly FlagName[]): { wanted?: string } {
  const names = allowed.flatMap((name) => [name, ...(flagOf(name).also ?? [])]).filter((name) => name.length > 1);
  const near = nearestWord(typed.replace(/^-+/, ''), names);
  return near === undefined ? {} : { wanted: dashed(near) };
}

/** The error for a first word that is no command. */
export function unknownCommand(word: string): MigrateError {
  const near = nearestWord(word, COMMANDS) as CommandName | undefined;
  const looksLikeSource = word.includes(':') || word.includes('/');
  return new MigrateError('E_USAGE', 'the command is not known', {
    found: withoutLogin(word),
    wanted:
      near ??
      (looksLikeSource
        ? `a command before it: run, plan, dump, …`
        : `one of ${COMMANDS.filter((name) => name !== 'server').join(', ')}`),
    hint: EXAMPLES[near ?? 'run'][0]!,
  });
}
