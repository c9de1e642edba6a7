/** Where an S3 service is and how it wants to be spoken to, from a store's configuration. */
import type { ObjectStoreConfig } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { endpointUrl } from '../endpointUrl.ts';

/** The services that the S3 driver speaks to. */
export type S3Scheme = 's3' | 'oss' | 'cos';

export interface S3Endpoint {
  /** undefined: AWS, found by its region. */
  readonly url: string | undefined;
  /** undefined: the SDK looks for it in the environment and the user's AWS configuration. */
  readonly region: string | undefined;
  readonly pathStyle: boolean;
  readonly ssl: boolean;
  /** For messages: never with user or password. */
  readonly title: string;
}

/** What differs between the services that call themselves S3. */
export interface S3Dialect {
  /** How pieces are checked by the service: CRC-32 headers (AWS, MinIO), or Content-MD5, which the others know. */
  readonly checksum: 'crc32' | 'md5';
  /** Whether many keys may be deleted in one request: some want a Content-MD5 there, which the SDK no longer sends. */
  readonly batchDelete: boolean;
  /** Which listing pages reliably. */
  readonly list: 'v2' | 'v1';
}

export const DIALECTS: Readonly<Record<S3Scheme, S3Dialect>> = {
  s3: { checksum: 'crc32', batchDelete: true, list: 'v2' },
  oss: { checksum: 'md5', batchDelete: false, list: 'v2' },
  cos: { checksum: 'md5', batchDelete: false, list: 'v1' },
};

/** AWS's own names, with the region where they have one: the SDK makes better ones from the region. */
const AWS_HOST = /^s3(?:[.-](?:dualstack\.)?([a-z]{2}[a-z0-9-]*-\d))?\.amazonaws\.com(?:\.cn)?$/;

export function s3Endpoint(config: ObjectStoreConfig): S3Endpoint {
  const given = config.endpoint === undefined ? undefined : endpointUrl(config.endpoint, config.useSsl);
  if (config.scheme === 's3') return given === undefined ? aws(config, undefined) : ownS3(config, given);
  const url = given ?? new URL(`${config.useSsl === false ? 'http' : 'https'}://${cloudHost(config)}`);
  // The name under which OSS speaks S3; old files have its own one.
  if (/^oss-[a-z0-9-]+\.aliyuncs\.com$/.test(url.hostname)) url.hostname = `s3.${url.hostname}`;
  const region = config.region ?? regionOf(url.hostname) ?? 'us-east-1';
  return known(url, { region, pathStyle: config.pathStyle ?? false });
}

function aws(config: ObjectStoreConfig, hostRegion: string | undefined): S3Endpoint {
  const region = config.region ?? hostRegion;
  const title = region === undefined ? 'AWS S3' : `AWS S3 in ${region}`;
  return { url: undefined, region, pathStyle: config.pathStyle ?? false, ssl: true, title };
}

function ownS3(config: ObjectStoreConfig, url: URL): S3Endpoint {
  const match = AWS_HOST.exec(url.hostname);
  if (match !== null && url.protocol === 'https:') return aws(config, match[1] ?? 'us-east-1');
  return known(url, { region: config.region ?? 'us-east-1', pathStyle: config.pathStyle ?? true });
}

function known(url: URL, how: { region: string; pathStyle: boolean }): S3Endpoint {
  // A gateway may have its S3 below a path.
  const address = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  return { url: address, ...how, ssl: url.protocol === 'https:', title: address };
}

/** The default names of the clouds, by region. */
function cloudHost({ scheme, region }: ObjectStoreConfig): string {
  if (region === undefined)
    throw new MigrateError('E_CONFIG', `${scheme}:// needs a region or an endpoint`, {
      at: { field: 'region' },
      hint: scheme === 'oss' ? 'for example cn-hangzhou' : 'for example ap-guangzhou',
    });
  if (scheme === 'cos') return `cos.${region}.myqcloud.com`;
  return `s3.oss-${region.replace(/^oss-/, '')}.aliyuncs.com`;
}

/** `s3.oss-cn-hangzhou-internal.aliyuncs.com` → `cn-hangzhou`, `cos.ap-guangzhou.myqcloud.com` → `ap-guangzhou`. */
function regionOf(host: string): string | undefined {
  const oss = /(?:^|\.)oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/.exec(host);
  return oss?.[1] ?? /(?:^|\.)cos\.([a-z0-9-]+)\.myqcloud\.com$/.exec(host)?.[1];
}
