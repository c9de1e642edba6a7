/** `version`. */
import { EXIT } from '../../core/errors.ts';
import { TOOL_VERSION } from '../../version.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import { printJson, printLines } from '../terminal.ts';
import { usageError } from '../usage.ts';

export async function runCommand({ line, terminal }: CommandContext): Promise<CommandEnd> {
  if (line.args.length > 0) throw usageError('version', 'version takes no words', { found: line.args.join(' ') });
  if (line.raw.has('json'))
    printJson(terminal.stdout, { name: 'milvus-migrate', version: TOOL_VERSION, node: process.versions.node });
  else printLines(terminal.stdout, [`milvus-migrate ${TOOL_VERSION}`]);
  return { exitCode: EXIT.ok };
}
