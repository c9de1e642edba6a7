/** `export`: Milvus 1.x's metadata as a meta.json. */

import { emptyDraft, surroundings } from '../../config/defaults.ts';
import type { JobConfig, Milvus1xSource } from '../../config/job.ts';
import { parseMeta } from '../../config/metaSource.ts';
import { Secret } from '../../config/secret.ts';
import { EXIT } from '../../core/errors.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import { namesIn, pathFlag, textFlag } from '../flagValues.ts';
import { counted } from '../numbers.ts';
import { outputFrom } from '../resolve.ts';
import { parseSource } from '../sourceArgument.ts';
import { printJson, printLines } from '../terminal.ts';
import { usageError } from '../usage.ts';

export async function runCommand(context: CommandContext): Promise<CommandEnd> {
  const { line, terminal, engine } = context;
  const output = outputFrom(line.raw, terminal.cwd);
  const config = await configOf(context);
  const { exportMeta } = await engine.job();
  const result = await exportMeta(config, pathFlag(line.raw, 'output', terminal.cwd) ?? terminal.cwd);
  if (output.json) printJson(terminal.stdout, result);
  else
    printLines(terminal.stdout, [
      `${result.file}: ${counted(result.collections, 'collection')}, ${counted(result.rows, 'row')}`,
    ]);
  return { exitCode: EXIT.ok };
}

async function configOf({ line, terminal }: CommandContext): Promise<JobConfig> {
  const { env, cwd } = terminal;
  const collections = line.raw.values('col').flatMap((text) => namesIn('col', text));
  const selected = collections.length === 0 ? {} : { collections };
  const source = sourceOf(line, terminal);
  if (source !== undefined) return { ...emptyDraft(surroundings(env, cwd)), source, ...selected };
  const file = textFlag(line.raw, 'config');
  if (file !== undefined) {
    const { readConfigFile } = await import('../../config/configFile.ts');
    const { draft } = await readConfigFile(file, { ...surroundings(env, cwd), command: 'plan' });
    if (draft.source !== undefined) return { ...draft, source: draft.source, ...selected };
  }
  throw usageError('export', 'it is not said where the metadata is', {
    wanted: '-s FILE, -m URL, MILVUS_MIGRATE_META, milvus1x:/path/to/db, or --config FILE',
  });
}

function sourceOf(
  { raw, args }: CommandContext['line'],
  { env, cwd }: CommandContext['terminal'],
): Milvus1xSource | undefined {
  const sqlite = pathFlag(raw, 'sqlite', cwd);
  const mysql = textFlag(raw, 'mysql');
  const word = textFlag(raw, 'meta');
  const [path, extra] = args;
  const ways = [sqlite, mysql, word].filter((way) => way !== undefined);
  if (ways.length > 1 || extra !== undefined)
    throw usageError('export', 'several sources are named', { wanted: 'one of -s, -m and --meta' });
  const meta = metaFrom({
    sqlite,
    mysql,
    word: word ?? (path === undefined && raw.value('config') === undefined ? env.MILVUS_MIGRATE_META : undefined),
    cwd,
  });
  if (path === undefined) return meta === undefined ? undefined : { ...EMPTY, meta };
  const { source } = parseSource(meta === undefined || path.includes(':') ? path : `milvus1x:${path}`, cwd);
  if (source.kind !== 'milvus1x') throw usageError('export', 'only a Milvus 1.x has metadata to export');
  return meta === undefined ? source : { ...source, meta };
}

const EMPTY: Milvus1xSource = {
  kind: 'milvus1x',
  path: undefined,
  meta: undefined,
  tablesDir: undefined,
  skipBadSegments: false,
  ignoreUnflushed: false,
};

interface MetaWords {
  readonly sqlite: string | undefined;
  readonly mysql: string | undefined;
  readonly word: string | undefined;
  readonly cwd: string;
}

function metaFrom({ sqlite, mysql, word, cwd }: MetaWords): Milvus1xSource['meta'] {
  if (sqlite !== undefined) return { kind: 'sqlite', file: sqlite };
  if (mysql !== undefined) return { kind: 'mysql', url: new Secret(mysql) };
  return word === undefined || word === '' ? undefined : parseMeta(word, cwd);
}
