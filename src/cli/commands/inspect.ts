/** `inspect`: what is in a Faiss index file, and what a migration would make of it. Reads headers only. */
import { faissSource } from '../../config/faissSource.ts';
import type { FaissSource } from '../../config/job.ts';
import { objectStore, parseLocation } from '../../config/storeUrl.ts';
import { ERROR_EXIT, EXIT } from '../../core/errors.ts';
import { inspectFile } from '../../run/inspectFile.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import { withFaissFlags } from '../faissFlags.ts';
import { inspectJson, inspectTable } from '../inspectTable.ts';
import { unlessInterrupted } from '../signals.ts';
import { withStoreFlags } from '../storeFlags.ts';
import { printJson, printLines, stdoutLook } from '../terminal.ts';
import { usageError } from '../usage.ts';

export async function runCommand({ line, terminal, signal }: CommandContext): Promise<CommandEnd> {
  const { env, cwd } = terminal;
  const source = withFaissFlags(sourceOf(line.args, cwd), line.raw);
  const named = { source, files: undefined, credentials: { source: undefined, files: undefined } };
  const found = withStoreFlags(named, named, { command: 'inspect', raw: line.raw, env });
  const inspection = await unlessInterrupted(signal, inspectFile(found.source, found.credentials));
  if (line.raw.has('json')) printJson(terminal.stdout, inspectJson(inspection));
  else printLines(terminal.stdout, inspectTable(inspection, stdoutLook(terminal)));
  const { obstacle } = inspection;
  return { exitCode: obstacle === undefined ? EXIT.ok : ERROR_EXIT[obstacle.code] };
}

/** A path or a store's URL is enough: no other kind of file is looked into. */
function sourceOf(args: readonly string[], cwd: string): FaissSource {
  const [text, extra] = args;
  if (text === undefined || extra !== undefined)
    throw usageError('inspect', 'inspect takes one file', { found: text === undefined ? 'none' : args.join(' ') });
  const place = parseLocation(text.replace(/^faiss:(\/\/(?=\/))?/i, ''), cwd, 'the file');
  if (place.kind === 'path') return faissSource(place.path);
  return faissSource(place.key, { store: objectStore(place, 'source', '') });
}
