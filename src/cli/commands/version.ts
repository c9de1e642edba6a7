/** `version`. */
import { EXIT } from '../../core/errors.ts';
import { TOOL_VERSION } from '../../version.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import { printJson, printLines } from '../terminal.ts';

export async function runCommand({ line, terminal }: CommandContext): Promise<CommandEnd> {
  if (line.raw.has('json'))
    printJson(terminal.stdout, { name: 'milvus-migrate', version: TOOL_VERSION, node: process.versions.node });
  else printLines(terminal.stdout, [`milvus-migrate ${TOOL_VERSION}`]);
  return { exitCode: EXIT.ok };
}
