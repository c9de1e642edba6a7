/** A job's source and files from argument, flags and file: they depend on each other and on the command. */
import { resolve } from 'node:path';
import type { Environment, JobDraft } from '../config/defaults.ts';
import type { SourceConfig } from '../config/job.ts';
import { parseMeta } from '../config/metaSource.ts';
import type { JobCommand } from '../config/migrationYaml.ts';
import { pathFlag, textFlag } from './flagValues.ts';
import { switchFlag } from './jobFlags.ts';
import type { RawArgs } from './rawArgs.ts';
import { milvus1xSign, type NamedSource, parseDumped, parseSource } from './sourceArgument.ts';
import { usageError } from './usage.ts';

export interface EndsContext {
  readonly command: JobCommand;
  readonly args: readonly string[];
  readonly raw: RawArgs;
  readonly env: Environment;
  readonly cwd: string;
}

/** The source, and what the user should see of how it was found. @throws MigrateError E_USAGE, E_SOURCE_NOT_FOUND */
export function sourceFrom(
  draft: JobDraft,
  context: EndsContext,
): { source: SourceConfig | undefined; notice: string | undefined } {
  const { raw, cwd, env } = context;
  const named = namedSource(context);
  const notice = named?.notice;
  const meta = textFlag(raw, 'meta');
  const tables = pathFlag(raw, 'tables', cwd);
  const source = named?.source ?? draft.source ?? (meta !== undefined && tables !== undefined ? EMPTY : undefined);
  if (source?.kind !== 'milvus1x') return { source, notice };
  const before = draft.source?.kind === 'milvus1x' ? draft.source : EMPTY;
  const ambient = source.meta === undefined && env.MILVUS_MIGRATE_META ? env.MILVUS_MIGRATE_META : undefined;
  const metaWord = meta ?? ambient;
  return {
    notice,
    source: {
      ...source,
      meta: metaWord === undefined ? source.meta : parseMeta(metaWord, cwd),
      tablesDir: tables ?? source.tablesDir,
      skipBadSegments: switchFlag(raw, 'skip-bad-segments') ?? before.skipBadSegments,
      ignoreUnflushed: switchFlag(raw, 'ignore-unflushed') ?? before.ignoreUnflushed,
    },
  };
}

const EMPTY = {
  kind: 'milvus1x',
  path: undefined,
  meta: undefined,
  tablesDir: undefined,
  skipBadSegments: false,
  ignoreUnflushed: false,
} as const satisfies SourceConfig;

function namedSource({ command, args, raw, cwd }: EndsContext): NamedSource | undefined {
  const [text, extra] = args;
  if (extra !== undefined) throw usageError(command, `${command} takes one source`, { found: args.join(' ') });
  if (text === undefined) return undefined;
  if (/\.ya?ml$/i.test(text)) {
    throw usageError(command, 'a YAML file is named where the source stands', {
      found: text,
      hint: `milvus-migrate ${command} --config ${text}`,
    });
  }
  const scheme = /^[a-z][a-z0-9+.-]+:/i.test(text) && !/^dumped:/i.test(text);
  const takesFiles = command === 'load' || (command === 'verify' && milvus1xSign(resolve(cwd, text)) === undefined);
  if (/^dumped:/i.test(text) || (takesFiles && !scheme)) return { source: parseDumped(text, cwd), notice: undefined };
  // With its metadata named, a folder need not show what it is.
  if (!scheme && textFlag(raw, 'meta') !== undefined) return parseSource(`milvus1x:${text}`, cwd);
  return parseSource(text, cwd);
}

/** The folder for the files; undefined: rows are streamed. @throws MigrateError E_USAGE */
export function filesFrom(draft: JobDraft, source: SourceConfig | undefined, context: EndsContext): JobDraft['files'] {
  const { command, raw, cwd } = context;
  const staging = pathFlag(raw, 'staging', cwd);
  const out = pathFlag(raw, 'out', cwd);
  const seenAs = textFlag(raw, 'staging-as');
  if (staging !== undefined && out !== undefined && staging !== out) {
    throw usageError(command, '--staging and --out name two folders', { wanted: 'one of them' });
  }
  if (source?.kind === 'dumped') {
    if (staging !== undefined) {
      throw usageError(command, '--staging has no use with files that are already dumped', {
        wanted: '--staging-as PATH, where Milvus sees the folder under another path',
      });
    }
    // The user's dump is not ours to clean.
    return {
      dir: source.dir,
      seenAs: seenAs ?? draft.files?.seenAs ?? source.dir,
      oldLayout: source.oldLayout,
      keep: true,
    };
  }
  const dir = staging ?? out ?? draft.files?.dir;
  if (dir === undefined) {
    if (seenAs === undefined) return undefined;
    throw usageError(command, '--staging-as needs the folder itself', { wanted: '--staging DIR --staging-as PATH' });
  }
  const unchanged = dir === draft.files?.dir ? draft.files.seenAs : dir;
  const keep = command === 'dump' || (switchFlag(raw, 'keep') ?? draft.files?.keep ?? out !== undefined);
  return { dir, seenAs: seenAs ?? unchanged, oldLayout: draft.files?.oldLayout ?? false, keep };
}
