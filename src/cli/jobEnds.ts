/** A job's source and files from argument, flags and file: they depend on each other and on the command. */
import { isDeepStrictEqual } from 'node:util';
import type { FoundConfig } from '../config/configFile.ts';
import type { Environment, JobDraft } from '../config/defaults.ts';
import { withDynamicField } from '../config/elasticSource.ts';
import type { ElasticsearchSource } from '../config/elasticsearch.ts';
import { namesElastic, withoutLogin } from '../config/elasticUrl.ts';
import { filesAt, leavesFiles, seenKey } from '../config/ends.ts';
import type { Milvus1xSource, PluginSource, SourceConfig } from '../config/job.ts';
import { parseMeta } from '../config/metaSource.ts';
import type { JobCommand } from '../config/migrationYaml.ts';
import { partsOf, placesOf } from '../config/milvus1xParts.ts';
import { localPath, namesStore } from '../config/storeUrl.ts';
import { parseOptions } from '../config/transformWords.ts';
import { withElasticFlags } from './elasticFlags.ts';
import { withFaissFlags } from './faissFlags.ts';
import { dashed } from './flags.ts';
import { placeFlag, textFlag } from './flagValues.ts';
import { switchFlag } from './jobFlags.ts';
import { refuseKindFlags } from './kindFlags.ts';
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

interface FoundSource extends Pick<JobDraft, 'source' | 'dynamicField' | 'targetName'> {
  /** What the user should see of how it was found. */
  readonly notice: string | undefined;
}

/**
 * The source, and what else of a job depends on its kind.
 * @param draft with flags over it
 * @param file what the configuration file alone says
 * @throws MigrateError E_USAGE, E_SOURCE_NOT_FOUND
 */
export function sourceFrom(draft: JobDraft, file: FoundConfig | undefined, context: EndsContext): FoundSource {
  const { raw, cwd, env, command } = context;
  const named = namedSource(context);
  const { dynamicField, targetName } = draft;
  const found = { dynamicField, targetName, notice: named?.notice };
  const without = raw.given.has('meta') && raw.given.has('tables') ? EMPTY : undefined;
  const source = named?.source ?? draft.source ?? without;
  refuseKindFlags(source, raw, command);
  switch (source?.kind) {
    case undefined:
    case 'dumped':
      return { ...found, source };
    case 'milvus1x':
      return { ...found, source: milvus1xFrom(source, draft.source, context) };
    case 'faiss':
      return { ...found, source: withFaissFlags(source, raw) };
    case 'plugin':
      return { ...found, source: pluginFrom(source, raw) };
    case 'elasticsearch': {
      const read = withElasticFlags(source, { raw, env, cwd, login: named?.login });
      const flag = raw.given.has('dynamic-field') ? dynamicField : undefined;
      const open =
        flag === undefined && named === undefined
          ? { source: asFileSays(read, raw), dynamicField }
          : withDynamicField(read, flag);
      const isTable = named === undefined && file?.kind === 'migration' && oldTable(raw) !== undefined;
      return { ...found, ...open, ...(isTable ? { targetName: file.draft.targetName } : {}) };
    }
  }
}

/** Flags that name fields say what goes over, whatever the file has for all of them. */
function asFileSays(source: ElasticsearchSource, raw: RawArgs): ElasticsearchSource {
  return raw.given.has('fields') ? { ...source, dynamicField: false } : source;
}

/** With the old tool and an Elasticsearch, -t named the index. */
export function oldTable(raw: RawArgs): string | undefined {
  return raw.given.get('name') === dashed('name') ? undefined : textFlag(raw, 'name');
}

function pluginFrom(source: PluginSource, raw: RawArgs): PluginSource {
  const options = textFlag(raw, 'source-options');
  return options === undefined ? source : { ...source, options: parseOptions(options, '--source-options') };
}

function milvus1xFrom(
  source: Milvus1xSource,
  file: SourceConfig | undefined,
  { raw, cwd, env }: EndsContext,
): Milvus1xSource {
  const meta = textFlag(raw, 'meta');
  const tables = placeFlag(raw, 'tables', cwd);
  const before = file?.kind === 'milvus1x' ? file : EMPTY;
  const ambient = source.meta === undefined && env.MILVUS_MIGRATE_META ? env.MILVUS_MIGRATE_META : undefined;
  const metaWord = meta ?? ambient;
  const parts = partsOf(source);
  return {
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
} as const satisfies Milvus1xSource;

function namedSource({ command, args, raw, cwd }: EndsContext): NamedSource | undefined {
  const [text, extra] = args;
  if (extra !== undefined)
    throw usageError(command, `${command} takes one source`, { found: args.map(withoutLogin).join(' ') });
  if (text === undefined) return undefined;
  if (/\.ya?ml$/i.test(text)) {
    throw usageError(command, 'a YAML file is named where the source stands', {
      found: text,
      hint: `milvus-migrate ${command} --config ${text}`,
    });
  }
  const inBucket = namesStore(text);
  if (namesElastic(text)) return parseSource(text, cwd);
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
  const keep = leavesFiles(command) || (switchFlag(raw, 'keep') ?? files?.keep ?? out !== undefined);
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
