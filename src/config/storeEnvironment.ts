/** What the environment says of a job's object stores where nothing else does: endpoint, region, credentials. */
import type { CredentialName, ObjectStoreConfig } from '../core/contracts.ts';
import type { Environment } from './defaults.ts';
import { mapStores, storesOf, type WithStore } from './ends.ts';
import type { JobConfig } from './job.ts';
import { credentialsFrom, sealCredentials } from './storeCredentials.ts';
import { checkHost } from './storeOptions.ts';

type Credentials = JobConfig['credentials'];

export interface StoredEnds<S extends WithStore | undefined, F extends WithStore | undefined> {
  readonly source: S;
  readonly files: F;
  readonly credentials: Credentials;
}

/** @throws MigrateError E_USAGE for an endpoint in the environment that is none */
export function fromSurroundings<S extends WithStore | undefined, F extends WithStore | undefined>(
  { source, files, credentials }: StoredEnds<S, F>,
  env: Environment,
): StoredEnds<S, F> {
  const around = (store: ObjectStoreConfig): ObjectStoreConfig => reachable(store, env);
  const ends = {
    source: source === undefined ? source : mapStores<WithStore>(source, around),
    files: files === undefined ? files : mapStores<WithStore>(files, around),
  } as Pick<StoredEnds<S, F>, 'source' | 'files'>;
  return { ...ends, credentials: credentialsAround({ ...ends, credentials }, env) };
}

/** Those that were said, for stores that there are; else what the environment has. */
export function credentialsAround(
  { source, files, credentials }: StoredEnds<WithStore | undefined, WithStore | undefined>,
  env: Environment,
): Credentials {
  const stores = [source, files].flatMap((end) => (end === undefined ? [] : storesOf(end)));
  const find = (name: CredentialName): Credentials[CredentialName] => {
    const store = stores.find((one) => one.credentials === name);
    return store && (credentials[name] ?? sealCredentials(credentialsFrom(env, store)));
  };
  return { source: find('source'), files: find('files') };
}

function reachable(store: ObjectStoreConfig, env: Environment): ObjectStoreConfig {
  const own = `MILVUS_MIGRATE_${store.credentials.toUpperCase()}`;
  const cloud = CLOUD[store.scheme];
  const endpoint = store.endpoint ?? endpointIn(env, [`${own}_ENDPOINT`, ...cloud.endpoint]);
  const region = store.region ?? firstIn(env, [`${own}_REGION`, ...cloud.region])?.value;
  return { ...store, endpoint, region };
}

interface Variables {
  readonly endpoint: readonly string[];
  readonly region: readonly string[];
}

/** The clouds' own. */
const CLOUD: Readonly<Record<ObjectStoreConfig['scheme'], Variables>> = {
  s3: { endpoint: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'], region: ['AWS_REGION', 'AWS_DEFAULT_REGION'] },
  gs: { endpoint: [], region: [] },
  az: { endpoint: [], region: [] },
  oss: { endpoint: ['OSS_ENDPOINT'], region: ['OSS_REGION'] },
  cos: { endpoint: [], region: ['TENCENTCLOUD_REGION'] },
};

/** The clouds' variables that say where a store is: what the documents list. */
export const PLACE_VARIABLES = Object.values(CLOUD).flatMap(({ endpoint, region }) => [...endpoint, ...region]);

function endpointIn(env: Environment, names: readonly string[]): string | undefined {
  const found = firstIn(env, names);
  return found && checkHost(found.value, found.name);
}

function firstIn(env: Environment, names: readonly string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}
