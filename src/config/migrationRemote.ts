/**
 * `source.remote` and `target.remote` of the old tool's `migration.yaml` as stores of ours. `ak` and `sk` are an access
 * key and its secret, an Azure account and its key, or HMAC keys of Google.
 */
import type { CredentialName, ObjectScheme, ObjectStoreConfig, StoreCredentials } from '../core/contracts.ts';
import type { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import { orList } from './choices.ts';
import type { MigrationYaml } from './migrationYamlShape.ts';
import { checkBucket, takeOldKey } from './storeNames.ts';
import { checkHost } from './storeOptions.ts';

type Remote = NonNullable<NonNullable<MigrationYaml['target']>['remote']>;

/** The errors that reading one can end in; they know file and line. */
export interface RemoteErrors {
  readonly missing: (key: string, wanted: string) => MigrateError;
  readonly refused: (key: string, message: string, details: { wanted?: string; hint?: string }) => MigrateError;
  /** What `read` gives; what it finds wrong is about the key. */
  readonly about: <T>(key: string, read: () => T) => T;
}

export interface RemoteStore {
  /** Of the whole bucket: paths in it are keys. */
  readonly store: ObjectStoreConfig;
  readonly credentials: StoreCredentials | undefined;
}

const CLOUDS = ['aws', 'gcp', 'azure', 'ali', 'tencent'] as const;
type Cloud = (typeof CLOUDS)[number];

/** Other words that the old tool took, or that are at hand. */
const ALSO: Readonly<Record<string, Cloud>> = { az: 'azure', minio: 'aws', s3: 'aws', aliyun: 'ali', tc: 'tencent' };

const SCHEMES: Readonly<Record<Cloud, ObjectScheme>> = {
  aws: 's3',
  gcp: 'gs',
  azure: 'az',
  ali: 'oss',
  tencent: 'cos',
};

/** Hosts of the clouds' own, where TLS is always to be had: the old default, plain HTTP, was an oversight there. */
const CLOUD_HOST =
  /(^|\.)(amazonaws\.com(\.cn)?|googleapis\.com|windows\.net|chinacloudapi\.cn|aliyuncs\.com|myqcloud\.com)$/i;

const GOOGLE = 'storage.googleapis.com';

/** @param side whose `remote` it is. @throws MigrateError E_CONFIG with file, line and key */
export function remoteStore(
  remote: Remote | undefined,
  side: 'source' | 'target',
  { missing, refused, about }: RemoteErrors,
): RemoteStore {
  const key = (name: string): string => `${side}.remote.${name}`;
  if (remote === undefined) throw missing(`${side}.remote`, 'cloud, bucket and what opens it');
  const { bucket, ak, sk } = remote;
  const cloud = cloudOf(remote.cloud, key('cloud'), { missing, refused });
  if (bucket === undefined) throw missing(key('bucket'), 'the name of the bucket');
  const scheme = SCHEMES[cloud];
  about(key('bucket'), () => checkBucket(bucket, scheme, key('bucket')));
  if (remote.useIAM !== true && (ak === undefined) !== (sk === undefined) && cloud !== 'azure')
    throw missing(key(ak === undefined ? 'ak' : 'sk'), 'ak and sk, or useIAM: true');
  if (remote.endpoint !== undefined) about(key('endpoint'), () => checkHost(remote.endpoint!, key('endpoint')));
  if (remote.iamEndpoint !== undefined)
    about(key('iamEndpoint'), () => checkHost(remote.iamEndpoint!, key('iamEndpoint')));
  const name: CredentialName = side === 'source' ? 'source' : 'files';
  return {
    store: {
      scheme,
      bucket,
      root: '',
      ...addressOf(cloud, remote),
      pathStyle: undefined,
      useIam: remote.useIAM ?? false,
      iamEndpoint: remote.iamEndpoint,
      // The source's bucket was only looked for.
      createBucket: side === 'target' && remote.checkBucket === true,
      credentials: name,
      maxMbps: undefined,
    },
    credentials: ak === undefined && sk === undefined ? undefined : { accessKey: ak, secretKey: sk },
  };
}

/** A key in the bucket, where a slash at either end says nothing. */
export function remoteKey(text: string, key: string, { about }: Pick<RemoteErrors, 'about'>): string {
  return about(key, () => takeOldKey(text, key));
}

function cloudOf(
  word: string | undefined,
  key: string,
  { missing, refused }: Pick<RemoteErrors, 'missing' | 'refused'>,
): Cloud {
  if (word === undefined) throw missing(key, orList(CLOUDS));
  const name = word.toLowerCase();
  const cloud = CLOUDS.find((known) => known === name) ?? (Object.hasOwn(ALSO, name) ? ALSO[name] : undefined);
  if (cloud !== undefined) return cloud;
  const near = nearestWord(name, CLOUDS);
  throw refused(key, 'the cloud is not known', {
    wanted: `${orList(CLOUDS)}; MinIO and whatever else speaks S3 is aws, with its endpoint`,
    ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
  });
}

type Addressed = Pick<ObjectStoreConfig, 'endpoint' | 'region' | 'useSsl'>;

function addressOf(cloud: Cloud, { endpoint, region, useSSL }: Remote): Addressed {
  // The old tool knew Google by this host alone, whatever the file said.
  if (cloud === 'gcp' && endpoint !== undefined && hostOf(endpoint) === GOOGLE)
    return { endpoint: undefined, region, useSsl: undefined };
  return { endpoint, region, useSsl: sslOf(endpoint, cloud === 'azure' ? (useSSL ?? true) : useSSL) };
}

/** As the old tool: plain HTTP to an endpoint that does not say otherwise; but the clouds' own hosts by TLS. */
function sslOf(endpoint: string | undefined, said: boolean | undefined): boolean | undefined {
  if (endpoint === undefined || /^https?:\/\//i.test(endpoint)) return undefined;
  return CLOUD_HOST.test(hostOf(endpoint)) || (said ?? false);
}

function hostOf(endpoint: string): string {
  return endpoint
    .replace(/^https?:\/\//i, '')
    .replace(/[:/].*$/, '')
    .toLowerCase();
}
