/** What the S3 tests share: a store of its own in the MinIO of the run, and a look behind the driver's back. */
import { randomBytes } from 'node:crypto';
import { S3 } from '@aws-sdk/client-s3';
import type { ObjectStoreConfig, Store, StoreCredentials } from '../../src/core/contracts.ts';
import { openS3Store, type S3Options } from '../../src/stores/s3/store.ts';
import type { MinioAccess } from '../servers/startMinio.ts';

export interface S3Place {
  readonly config: ObjectStoreConfig;
  readonly credentials: StoreCredentials;
}

/** A prefix that nobody else has, in a bucket that the first write makes. */
export function newPlace(access: MinioAccess, changes: Partial<ObjectStoreConfig> = {}): S3Place {
  const { accessKey, secretKey, endpoint } = access;
  return {
    config: {
      scheme: 's3',
      bucket: 'contract',
      root: `run/${randomBytes(6).toString('hex')}`,
      endpoint,
      region: undefined,
      useSsl: undefined,
      pathStyle: undefined,
      useIam: false,
      iamEndpoint: undefined,
      createBucket: true,
      credentials: 'files',
      maxMbps: undefined,
      ...changes,
    },
    credentials: { accessKey, secretKey },
  };
}

export function openPlace({ config, credentials }: S3Place, options: S3Options = {}): Promise<Store> {
  return openS3Store(config, credentials, { idleMs: 5_000, connectMs: 5_000, ...options });
}

/** The SDK's client, for what a test does behind the store's back. */
export function plainClient({ endpoint, accessKey, secretKey }: MinioAccess): S3 {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return new S3({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
}

/** Unfinished uploads to exactly these objects (MinIO lists by exact key only). @param places as `describe` gives them */
export async function unfinishedUploads(client: S3, places: readonly string[]): Promise<number> {
  let count = 0;
  for (const place of places) {
    const [, bucket, key] = /^\w+:\/\/([^/]+)\/(.*)$/.exec(place)!;
    const { Uploads = [] } = await client.listMultipartUploads({ Bucket: bucket!, Prefix: key! });
    count += Uploads.length;
  }
  return count;
}
