/** `export`: Milvus 1.x's metadata as a meta.json. */

import { emptyDraft, type JobDraft, type Surroundings, surroundings } from '../../config/defaults.ts';
import { filesAt } from '../../config/ends.ts';
import type { JobConfig, Milvus1xSource } from '../../config/job.ts';
import { parseMeta } from '../../config/metaSource.ts';
import { type MetaPart, type Milvus1xParts, NO_PARTS, partsOf, placesOf } from '../../config/milvus1xParts.ts';
import { Secret } from '../../config/secret.ts';
import type { Location } from '../../config/storeUrl.ts';
import { EXIT } from '../../core/errors.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import { namesIn, placeFlag, textFlag } from '../flagValues.ts';
import { counted } from '../numbers.ts';
import type { RawArgs } from '../rawArgs.ts';
import { outputFrom } from '../resolve.ts';
import { unlessInterrupted } from '../signals.ts';
import { parseSource } from '../sourceArgument.ts';
import { withStoreFlags } from '../storeFlags.ts';
import { printJson, printLines } from '../terminal.ts';
import { usageError } from '../usage.ts';

export async function runCommand(context: CommandContext): Promise<CommandEnd> {
  const { line, terminal, engine, signal } = context;
  const output = outputFrom(line.raw, terminal.cwd);
  const config = await configOf(context);
  const { exportMeta } = await engine.job();
  const { files } = config;
  const result = await unlessInterrupted(signal, exportMeta(config, files?.store ?? files?.dir ?? terminal.cwd));
  if (output.json) printJson(terminal.stdout, result);
  else
    printLines(terminal.stdout, [
      `${result.file}: ${counted(result.collections, 'collection')}, ${counted(result.rows, 'row')}`,
    ]);
  return { exitCode: EXIT.ok };
}

async function configOf({ line, terminal }: CommandContext): Promise<JobConfig> {
  const { env, cwd } = terminal;
  const around = surroundings(env, cwd);
  const collections = line.raw.values('col').flatMap((text) => namesIn('col', text));
  const selected = collections.length === 0 ? {} : { collections };
  const file = await fileOf(line.raw, around);
  const source = sourceOf(line, terminal) ?? file?.source;
  if (source === undefined) {
    throw usageError('export', 'it is not said where the metadata is', {
      wanted: '-s FILE, -m URL, MILVUS_MIGRATE_META, milvus1x:/path/to/db, or --config FILE',
    });
  }
  const draft = { ...(file ?? emptyDraft(around)), files: outputOf(line.raw, cwd), source };
  const inFile = { ...draft, source: file?.source, files: file?.files };
  return { ...withStoreFlags(draft, inFile, { command: 'export', raw: line.raw, env }), ...selected };
}

/** Where meta.json goes: it is what the command makes. */
function outputOf(raw: RawArgs, cwd: string): JobDraft['files'] {
  const place = placeFlag(raw, 'output', cwd);
  return place && filesAt(place, { seenAs: undefined, where: '--output', oldLayout: false, keep: true });
}

async function fileOf(raw: RawArgs, around: Surroundings): Promise<JobDraft | undefined> {
  const file = textFlag(raw, 'config');
  if (file === undefined) return undefined;
  const { readConfigFile } = await import('../../config/configFile.ts');
  return (await readConfigFile(file, { ...around, command: 'plan' })).draft;
}

function sourceOf(
  { raw, args }: CommandContext['line'],
  { env, cwd }: CommandContext['terminal'],
): Milvus1xSource | undefined {
  const sqlite = placeFlag(raw, 'sqlite', cwd);
  const mysql = textFlag(raw, 'mysql');
  const word = textFlag(raw, 'meta');
  const [path, extra] = args;
  const ways = [sqlite, mysql, word].filter((way) => way !== undefined);
  if (ways.length > 1 || extra !== undefined)
    throw usageError('export', 'several sources are named', { wanted: 'one of -s, -m and --meta' });
  const ambient = path === undefined && raw.value('config') === undefined ? env.MILVUS_MIGRATE_META : undefined;
  const meta = metaFrom({ sqlite, mysql, word: word ?? ambient, cwd });
  if (path === undefined) return meta === undefined ? undefined : milvus1x({ ...NO_PARTS, meta });
  const { source } = parseSource(meta === undefined || path.includes(':') ? path : `milvus1x:${path}`, cwd);
  if (source.kind !== 'milvus1x') throw usageError('export', 'only a Milvus 1.x has metadata to export');
  return meta === undefined ? source : milvus1x({ ...partsOf(source), meta });
}

function milvus1x(parts: Milvus1xParts): Milvus1xSource {
  return { kind: 'milvus1x', ...placesOf(parts), skipBadSegments: false, ignoreUnflushed: false };
}

interface MetaWords {
  readonly sqlite: Location | undefined;
  readonly mysql: string | undefined;
  readonly word: string | undefined;
  readonly cwd: string;
}

function metaFrom({ sqlite, mysql, word, cwd }: MetaWords): MetaPart | undefined {
  if (sqlite !== undefined) return { kind: 'sqlite', at: sqlite };
  if (mysql !== undefined) return { kind: 'mysql', url: new Secret(mysql) };
  return word === undefined || word === '' ? undefined : parseMeta(word, cwd);
}
