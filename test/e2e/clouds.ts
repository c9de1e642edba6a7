/** A MinIO, and a Milvus that keeps its own files in it, behind a proxy that can stand between the two. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { type Choose, startFaultProxy } from '../servers/faultProxy.ts';
import { startMilvus } from '../servers/index.ts';
import { type MinioAccess, minioForTests } from '../servers/startMinio.ts';

export interface Clouds extends AsyncDisposable {
  readonly minio: MinioAccess;
  /** The bucket that Milvus reads imports from. */
  readonly milvusBucket: string;
  /** host:port */
  readonly milvus: string;
  /** What becomes of Milvus's own requests to MinIO from now on. */
  trouble(choose: Choose): void;
  /** A new, empty bucket. */
  bucket(): Promise<Bucket>;
  /** That of Milvus, to look into. */
  readonly staging: Bucket;
}

export interface Bucket {
  readonly name: string;
  /** `s3://bucket/key?endpoint=…` */
  url(key: string): string;
  /** Uploads a folder below a prefix. */
  fill(prefix: string, folder: string): Promise<void>;
  put(key: string, bytes: Uint8Array | string): Promise<void>;
  /** Keys below a prefix, sorted. */
  keys(prefix: string): Promise<string[]>;
  /** How many uploads to exactly this key are not complete: MinIO lists them by no prefix. */
  uploads(key: string): Promise<number>;
}

export async function startClouds(): Promise<Clouds> {
  const minio = await minioForTests();
  const { accessKey, secretKey, endpoint } = minio;
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const client = new S3({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
  let choose: Choose = () => undefined;
  const proxy = await startFaultProxy(endpoint, (request) => choose(request));
  const milvusBucket = `milvus-${randomBytes(4).toString('hex')}`;
  await client.createBucket({ Bucket: milvusBucket });
  const { hostname, port } = new URL(proxy.endpoint);
  const extra = {
    'common.storageType': 'remote',
    'minio.address': hostname,
    'minio.port': port,
    'minio.bucketName': milvusBucket,
    'minio.rootPath': 'files',
    'minio.accessKeyID': accessKey,
    'minio.secretAccessKey': secretKey,
  };
  const words = Object.entries(extra).map(([key, value]) => `${key}=${value}`);
  const milvus = await startMilvus({ env: { MILVUS_EXTRA: words.join(' ') } });
  return {
    minio,
    milvusBucket,
    milvus: milvus.address,
    trouble: (next) => {
      choose = next;
    },
    async bucket() {
      const name = `test-${randomBytes(4).toString('hex')}`;
      await client.createBucket({ Bucket: name });
      return bucketOf(client, name, endpoint);
    },
    staging: bucketOf(client, milvusBucket, endpoint),
    async [Symbol.asyncDispose]() {
      await milvus.stop();
      await proxy[Symbol.asyncDispose]();
      client.destroy();
      await minio[Symbol.asyncDispose]();
    },
  };
}

function bucketOf(client: S3, name: string, endpoint: string): Bucket {
  const put = async (key: string, bytes: Uint8Array | string): Promise<void> => {
    await client.putObject({ Bucket: name, Key: key, Body: bytes });
  };
  return {
    name,
    url: (key) => `s3://${name}/${key}?endpoint=${endpoint}`,
    put,
    async fill(prefix, folder) {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile()) await put(`${prefix}${path.slice(folder.length)}`, readFileSync(path));
      }
    },
    async keys(prefix) {
      const { Contents = [] } = await client.listObjectsV2({ Bucket: name, Prefix: prefix });
      return Contents.map(({ Key }) => Key!).sort();
    },
    async uploads(key) {
      const { Uploads = [] } = await client.listMultipartUploads({ Bucket: name, Prefix: key });
      return Uploads.length;
    },
  };
}
