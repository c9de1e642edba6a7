/** A job's source and files from argument, flags and file: they depend on each other and on the command. */
import { isDeepStrictEqual } from 'node:util';
import type { Environment, JobDraft } from '../config/defaults.ts';
import { filesAt, seenKey } from '../config/ends.ts';
import type { SourceConfig } from '../config/job.ts';
import { parseMeta } from '../config/metaSource.ts';
import type { JobCommand } from '../config/migrationYaml.ts';
import { partsOf, placesOf } from '../config/milvus1xParts.ts';
import { localPath, namesStore } from '../config/storeUrl.ts';
import { withFaissFlags } from './faissFlags.ts';
import { placeFlag, textFlag } from './flagValues.ts';
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
  const tables = placeFlag(raw, 'tables', cwd);
  const source = named?.source ?? draft.source ?? (meta !== undefined && tables !== undefined ? EMPTY : undefined);
  if (source?.kind !== 'milvus1x') return { source: withFaissFlags(source, raw, context.command), notice };
  withFaissFlags(source, raw, context.command);
  const before = draft.source?.kind === 'milvus1x' ? draft.source : EMPTY;
  const ambient = source.meta === undefined && env.MILVUS_MIGRATE_META ? env.MILVUS_MIGRATE_META : undefined;
  const metaWord = meta ?? ambient;
  const parts = partsOf(source);
  return {
    notice,
    source: {
      ...source,
      ...placesOf({
        ...parts,
        tables: tables ?? parts.tables,
        meta:
          metaWord === undefined
            ? parts.meta
            : parseMeta(metaWord, cwd, meta === undefined ? 'MILVUS_MIGRATE_META' : '--meta'),
      }),
      skipBadSegments: switchFlag(raw, 'skip-bad-segments') ?? before.skipBadSegments,
      ignoreUnflushed: switchFlag(raw, 'ignore-unflushed') ?? before.ignoreUnflushed,
    },
  };
}

const EMPTY = {
  kind: 'milvus1x',
  store: undefined,
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
  const inBucket = namesStore(text);
  const scheme = /^[a-z][a-z0-9+.-]+:/i.test(text) && !/^(dumped|file):/i.test(text) && !inBucket;
  const takesFiles = command === 'load' || (command === 'verify' && !scheme && (inBucket || !isMilvus1x(text, cwd)));
  if (/^dumped:/i.test(text) || (takesFiles && !scheme)) return { source: parseDumped(text, cwd), notice: undefined };
  // With its metadata named, a folder need not show what it is.
  if (!scheme && !inBucket && textFlag(raw, 'meta') !== undefined) return parseSource(`milvus1x:${text}`, cwd);
  return parseSource(text, cwd);
}

function isMilvus1x(text: string, cwd: string): boolean {
  return milvus1xSign(localPath(text, cwd, 'the source')) !== undefined;
}

/** The folder for the files; undefined: rows are streamed. @throws MigrateError E_USAGE */
export function filesFrom(draft: JobDraft, source: SourceConfig | undefined, context: EndsContext): JobDraft['files'] {
  const { command, raw, cwd } = context;
  const staging = placeFlag(raw, 'staging', cwd);
  const out = placeFlag(raw, 'out', cwd);
  const seenAs = textFlag(raw, 'staging-as');
  if (staging !== undefined && out !== undefined && !isDeepStrictEqual(staging, out)) {
    throw usageError(command, '--staging and --out name two folders', { wanted: 'one of them' });
  }
  const { files } = draft;
  if (source?.kind === 'dumped') {
    if (staging !== undefined) {
      throw usageError(command, '--staging has no use with files that are already dumped', {
        wanted: '--staging-as PATH, where Milvus sees the folder under another path',
      });
    }
    const { dir, store, oldLayout } = source;
    const seen = seenAs === undefined || store === undefined ? seenAs : seenKey(seenAs, '--staging-as');
    // The user's dump is not ours to clean.
    return { dir, store, seenAs: seen ?? files?.seenAs ?? store?.root ?? dir, oldLayout, keep: true };
  }
  const named = staging ?? out;
  const keep = command === 'dump' || (switchFlag(raw, 'keep') ?? files?.keep ?? out !== undefined);
  const oldLayout = files?.oldLayout ?? false;
  if (named !== undefined) {
    const fresh = filesAt(named, { seenAs, where: '--staging-as', oldLayout, keep });
    // The file's own folder, named once more.
    return seenAs === undefined && fresh.dir === files?.dir ? { ...fresh, seenAs: files.seenAs } : fresh;
  }
  if (files !== undefined) {
    const seen = seenAs === undefined || files.store === undefined ? seenAs : seenKey(seenAs, '--staging-as');
    return { ...files, seenAs: seen ?? files.seenAs, keep };
  }
  if (seenAs === undefined) return undefined;
  throw usageError(command, '--staging-as needs the folder itself', { wanted: '--staging DIR --staging-as PATH' });
}
