/**
 * The same bytes by the cloud's own SDK, as its documentation shows it: some files at once, each as a stream. A program
 * of its own, so that it can be measured as one.
 *
 *   node plain.js '{"service":"minio",…}'
 */
import { createReadStream, createWriteStream, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Access } from './services.ts';

export interface PlainTransfer {
  readonly access: Access;
  /** Into the bucket, out of it, or from one prefix to another through this process. */
  readonly route: 'up' | 'down' | 'within';
  readonly bucket: string;
  /** Folders and prefixes that the names go behind. */
  readonly from: string;
  readonly to: string;
  readonly names: readonly string[];
  readonly atOnce: number;
}

/** What each SDK calls these. */
interface Client {
  upload(file: string, key: string): Promise<unknown>;
  download(key: string, file: string): Promise<unknown>;
  copy(from: string, to: string): Promise<unknown>;
}

const OPEN: { readonly [S in Access['service']]: (access: Access, bucket: string) => Promise<Client> } = {
  async minio({ endpoint, user, password }, Bucket) {
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    const { S3 } = await import('@aws-sdk/client-s3');
    const credentials = { accessKeyId: user, secretAccessKey: password };
    const s3 = new S3({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    const get = async (Key: string) => {
      const { Body, ContentLength } = await s3.getObject({ Bucket, Key });
      return { Body: Body as Readable, ContentLength: ContentLength! };
    };
    return {
      upload: (file, Key) =>
        s3.putObject({ Bucket, Key, Body: createReadStream(file), ContentLength: statSync(file).size }),
      download: async (Key, file) => pipeline((await get(Key)).Body, createWriteStream(file)),
      copy: async (from, Key) => s3.putObject({ Bucket, Key, ...(await get(from)) }),
    };
  },
  async gcs({ endpoint }, name) {
    const { Storage } = await import('@google-cloud/storage');
    const bucket = new Storage({ apiEndpoint: endpoint, projectId: 'none' }).bucket(name);
    return {
      upload: (file, destination) => bucket.upload(file, { destination }),
      download: (key, destination) => bucket.file(key).download({ destination }),
      copy: (from, to) => pipeline(bucket.file(from).createReadStream(), bucket.file(to).createWriteStream()),
    };
  },
  async azurite({ endpoint, user, password }, name) {
    const { BlobServiceClient, StorageSharedKeyCredential } = await import('@azure/storage-blob');
    const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(user, password));
    const container = service.getContainerClient(name);
    return {
      upload: (file, key) => container.getBlockBlobClient(key).uploadFile(file),
      download: (key, file) => container.getBlobClient(key).downloadToFile(file),
      async copy(from, to) {
        const { readableStreamBody } = await container.getBlobClient(from).download();
        return container.getBlockBlobClient(to).uploadStream(readableStreamBody as Readable);
      },
    };
  },
};

async function transfer({ access, route, bucket, from, to, names, atOnce }: PlainTransfer): Promise<void> {
  const client = await OPEN[access.service](access, bucket);
  const one = async (name: string): Promise<unknown> => {
    const [source, target] = [join(from, name), join(to, name)];
    if (route === 'up') return client.upload(source, target);
    if (route === 'within') return client.copy(source, target);
    mkdirSync(dirname(target), { recursive: true });
    return client.download(source, target);
  };
  const waiting = [...names];
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await one(name);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

await transfer(JSON.parse(process.argv[2]!) as PlainTransfer);
