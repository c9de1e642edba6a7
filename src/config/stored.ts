/**
 * A job's configuration as it is kept in the state folder: plain JSON in which every secret is replaced by a mark, and
 * back again with connections that are given anew.
 */
import type { CredentialName, Json } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import { loginVariables } from './elasticLogin.ts';
import type { ElasticCredentials, ElasticsearchSource } from './elasticsearch.ts';
import { storesOf } from './ends.ts';
import type { JobConfig, TargetConfig } from './job.ts';
import type { Secret } from './secret.ts';
import { credentialVariables } from './storeCredentials.ts';
import { showPlace } from './storeUrl.ts';

/** What `Secret.toJSON` leaves. */
const MARK = '[secret]';

/** Connections for a job that goes on: what is undefined stays as it was stored. */
export interface Connections {
  readonly target: Partial<TargetConfig>;
  /** MySQL address of a Milvus 1.x's metadata. */
  readonly meta: Secret | undefined;
  /** What logs in to an Elasticsearch. */
  readonly elastic?: ElasticCredentials | undefined;
  /** What opens the object stores. */
  readonly credentials?: JobConfig['credentials'];
}

/** `config` without secrets. */
export function toStored(config: JobConfig): Json {
  return JSON.parse(JSON.stringify(config)) as Json;
}

/** @throws MigrateError E_USAGE where a connection needs a secret that nobody gave */
export function fromStored(stored: Json, { target: given, meta, elastic, credentials }: Connections): JobConfig {
  // Written by `toStored` from a JobConfig: the type is right but for secrets and for fields that were undefined.
  const config = stored as unknown as JobConfig;
  // Where jobs are kept is said by who asks for one.
  return {
    ...config,
    state: undefined,
    source: config.source.kind === 'elasticsearch' ? elasticOf(config.source, elastic) : sourceOf(config.source, meta),
    target: targetOf(config.target, given),
    credentials: restoredCredentials(config, credentials),
  };
}

/**
 * Where the job had keys, somebody must give some: the cloud's SDK would look for others, and find another's.
 * @param needed the stores that will be opened
 * @throws MigrateError E_USAGE where they are not given
 */
export function restoredCredentials(
  stored: Pick<JobConfig, 'source' | 'files' | 'credentials'>,
  given: JobConfig['credentials'] | undefined,
  needed: readonly CredentialName[] = ['source', 'files'],
): JobConfig['credentials'] {
  const again = (name: CredentialName): Secret | undefined => {
    const secret = given?.[name];
    if (secret !== undefined || !isMark(stored.credentials?.[name]) || !needed.includes(name)) return secret;
    const store = [stored.source, stored.files]
      .flatMap((end) => (end ? storesOf(end) : []))
      .find((one) => one.credentials === name);
    if (store === undefined) return undefined;
    throw new MigrateError(
      'E_USAGE',
      `what opens ${showPlace({ ...store, key: store.root })} is not stored and must be given again`,
      {
        wanted: `${credentialVariables(store.scheme, name).join(', ')} in the environment, or --config FILE`,
      },
    );
  };
  return { source: again('source'), files: again('files') };
}

function sourceOf(source: JobConfig['source'], meta: Secret | undefined): JobConfig['source'] {
  if (source.kind !== 'milvus1x' || source.meta?.kind !== 'mysql') return source;
  if (meta === undefined) {
    throw new MigrateError('E_USAGE', "the address of the job's MySQL is not stored and must be given again", {
      wanted: '--meta URL, the environment variable MILVUS_MIGRATE_META, or --config FILE',
    });
  }
  return { ...source, meta: { kind: 'mysql', url: meta } };
}

/** With a login again. @throws MigrateError E_USAGE where it needs one and nobody gave it */
export function elasticOf(source: ElasticsearchSource, given: ElasticCredentials | undefined): ElasticsearchSource {
  const { kind } = source.credentials;
  if (given !== undefined && given.kind !== 'none') return { ...source, credentials: given };
  if (kind === 'none') return source;
  throw new MigrateError('E_USAGE', "the login of the job's Elasticsearch is not stored and must be given again", {
    wanted: `${loginVariables(kind)} in the environment, the flags for it, or --config FILE`,
  });
}

function targetOf(stored: JobConfig['target'], given: Partial<TargetConfig>): JobConfig['target'] {
  if (stored === undefined || stored === null) return undefined;
  const withoutSecrets = {
    ...stored,
    user: stored.user,
    password: undefined,
    token: undefined,
    database: stored.database,
  };
  const target: TargetConfig = { ...withoutSecrets, ...definedOnly(given) };
  const needed = isMark(stored.password) || isMark(stored.token);
  if (needed && target.password === undefined && target.token === undefined) {
    throw new MigrateError('E_USAGE', "the job's password or token is not stored and must be given again", {
      wanted:
        'MILVUS_MIGRATE_PASSWORD or MILVUS_MIGRATE_TOKEN in the environment, --password, --token, or --config FILE',
    });
  }
  return target;
}

function isMark(value: unknown): boolean {
  return value === MARK;
}

function definedOnly<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
