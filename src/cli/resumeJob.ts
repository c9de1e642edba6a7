/** A stored job with its connections given again: they are never stored with their secrets. */
import { type Environment, surroundings } from '../config/defaults.ts';
import type { ElasticCredentials } from '../config/elasticsearch.ts';
import type { JobConfig, JobStages, TargetConfig } from '../config/job.ts';
import { parseMeta } from '../config/metaSource.ts';
import type { Secret } from '../config/secret.ts';
import { fromStored, restoredCredentials } from '../config/stored.ts';
import type { Json } from '../core/contracts.ts';
import { elasticAgain } from './elasticFlags.ts';
import { textFlag } from './flagValues.ts';
import { tuningFlags } from './jobFlags.ts';
import type { RawArgs } from './rawArgs.ts';
import { credentialsAgain, withMaxMbps } from './storeFlags.ts';
import { targetAgain } from './targetFlags.ts';

export interface StoredJob {
  readonly config: Json;
  readonly stages: JobStages;
}

interface Around {
  readonly env: Environment;
  readonly cwd: string;
}

/** @throws MigrateError E_USAGE where a secret is needed and nobody gave it */
export async function resumedConfig(stored: StoredJob, raw: RawArgs, around: Around): Promise<JobConfig> {
  const file = await fileConnections(raw, around);
  const { target: known, source, files } = stored.config as unknown as StoredEnds;
  const again =
    known === undefined ? undefined : targetAgain(raw, { file: file.target, endpoint: known.endpoint }, around.env);
  const credentials = credentialsAgain({ source, files }, file.credentials, around.env);
  const meta = metaAgain(raw, around) ?? file.meta;
  const elastic = elasticLogin(source, file, { raw, around });
  const config = fromStored(stored.config, { target: again ?? {}, meta, elastic, credentials });
  // A job that goes on is never one that starts over.
  return withMaxMbps({ ...config, ...tuningFlags({ ...config, fresh: false }, raw, around.cwd) }, raw);
}

/**
 * What opens the place of a stored job's files, for what is done to these alone.
 * @throws MigrateError E_USAGE where it is needed and nobody gave it
 */
export async function filesCredentials(stored: Json, raw: RawArgs, around: Around): Promise<JobConfig['credentials']> {
  const file = await fileConnections(raw, around);
  const config = stored as unknown as JobConfig;
  return restoredCredentials(config, credentialsAgain(config, file.credentials, around.env), ['files']);
}

/** What logs in to a stored job's Elasticsearch; undefined: it has none, or nobody said it. @throws MigrateError E_USAGE */
export async function elasticCredentials(
  stored: Json,
  raw: RawArgs,
  around: Around,
): Promise<ElasticCredentials | undefined> {
  const { source } = stored as unknown as StoredEnds;
  return elasticLogin(source, await fileConnections(raw, around), { raw, around });
}

function elasticLogin(
  source: JobConfig['source'] | undefined,
  { elastic }: FileConnections,
  { raw, around }: { readonly raw: RawArgs; readonly around: Around },
): ElasticCredentials | undefined {
  if (source?.kind !== 'elasticsearch') return undefined;
  return elasticAgain(raw, { file: elastic, user: userOf(source.credentials) }, around);
}

/** As `toStored` wrote them. */
type StoredEnds = Partial<Pick<JobConfig, 'source' | 'files' | 'target'>>;

function metaAgain(raw: RawArgs, { env, cwd }: Around): Secret | undefined {
  const word = textFlag(raw, 'meta') ?? env.MILVUS_MIGRATE_META;
  if (word === undefined || word === '') return undefined;
  const meta = parseMeta(word, cwd);
  return meta.kind === 'mysql' ? meta.url : undefined;
}

function userOf(credentials: ElasticCredentials): string | undefined {
  return credentials.kind === 'basic' ? credentials.user : undefined;
}

interface FileConnections {
  readonly elastic: ElasticCredentials | undefined;
  readonly target: TargetConfig | undefined;
  readonly meta: Secret | undefined;
  readonly credentials: JobConfig['credentials'] | undefined;
}

async function fileConnections(raw: RawArgs, { env, cwd }: Around): Promise<FileConnections> {
  const file = textFlag(raw, 'config');
  if (file === undefined) return { target: undefined, meta: undefined, elastic: undefined, credentials: undefined };
  const { readConfigFile } = await import('../config/configFile.ts');
  const { draft } = await readConfigFile(file, { ...surroundings(env, cwd), command: 'run' });
  const meta = draft.source?.kind === 'milvus1x' ? draft.source.meta : undefined;
  const elastic = draft.source?.kind === 'elasticsearch' ? draft.source.credentials : undefined;
  const { target, credentials } = draft;
  return { target, meta: meta?.kind === 'mysql' ? meta.url : undefined, elastic, credentials };
}
