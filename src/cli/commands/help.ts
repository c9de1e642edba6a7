/** `help`, `--help`. */

import { EXIT } from '../../core/errors.ts';
import { nearestWord } from '../../core/nearest.ts';
import { RING_BYTES } from '../../run/threads/slabs.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import { COMMANDS, isCommand } from '../commandLine.ts';
import { commandHelp, generalHelp } from '../helpText.ts';
import { HELP_TOPICS } from '../helpTopics.ts';
import type { Look } from '../style.ts';
import { printLines, stdoutLook } from '../terminal.ts';
import { usageError } from '../usage.ts';

/** Also for `COMMAND --help`: then the command itself is what help is wanted about. */
export async function runCommand({ name, line, terminal }: CommandContext): Promise<CommandEnd> {
  if (name === 'help' && line.args.length > 1)
    throw usageError('help', 'help takes one word', { found: line.args.join(' ') });
  const topic = name === 'help' ? line.args[0] : name;
  printLines(terminal.stdout, helpAbout(topic, stdoutLook(terminal)));
  return { exitCode: EXIT.ok };
}

export function helpAbout(topic: string | undefined, look: Look): readonly string[] {
  if (topic === undefined) return generalHelp(look);
  if (isCommand(topic)) return commandHelp(topic, look, RING_BYTES);
  const text = HELP_TOPICS[topic.toLowerCase()];
  if (text !== undefined) return text;
  const words = [...COMMANDS, ...Object.keys(HELP_TOPICS)];
  const near = nearestWord(topic, words);
  throw usageError('help', 'there is no help about this', { found: topic, wanted: near ?? words.join(', ') });
}
