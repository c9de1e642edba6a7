/** `server`: known by name, so that old scripts hear why it does not start. */
import { MigrateError } from '../../core/errors.ts';
import type { CommandEnd } from '../command.ts';
import { EXAMPLES } from '../usage.ts';

export async function runCommand(): Promise<CommandEnd> {
  throw new MigrateError('E_USAGE', 'the server is not yet in this version: it comes with a later one', {
    hint: `from a shell: ${EXAMPLES.start[0]}`,
  });
}
