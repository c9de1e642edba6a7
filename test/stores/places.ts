/** What the tests of GCS and Azure share: stores of their own in the servers of the run. */
import { randomBytes } from 'node:crypto';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { ObjectStoreConfig, Store, StoreCredentials } from '../../src/core/contracts.ts';
import { openAzureStore } from '../../src/stores/azure/store.ts';
import { openGcsStore } from '../../src/stores/gcs/store.ts';
import type { AzuriteAccess } from '../servers/startAzurite.ts';

export interface Place {
  readonly config: ObjectStoreConfig;
  readonly credentials: StoreCredentials;
}

/** A prefix that nobody else has, in a bucket that the first write makes. */
function newPlace(changes: Partial<ObjectStoreConfig> & Pick<ObjectStoreConfig, 'scheme' | 'endpoint'>): Place {
  return {
    config: {
      bucket: 'contract',
      root: `run/${randomBytes(6).toString('hex')}`,
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
    credentials: {},
  };
}

export function gcsPlace(endpoint: string, changes: Partial<ObjectStoreConfig> = {}): Place {
  return newPlace({ scheme: 'gs', endpoint, ...changes });
}

export function azurePlace(access: AzuriteAccess, changes: Partial<ObjectStoreConfig> = {}): Place {
  const place = newPlace({ scheme: 'az', endpoint: access.endpoint, ...changes });
  return { ...place, credentials: { accessKey: access.account, secretKey: access.key } };
}

const PATIENCE = { connectMs: 5_000, idleMs: 5_000 };

export function openPlace({ config, credentials }: Place): Promise<Store> {
  return config.scheme === 'gs'
    ? openGcsStore(config, credentials, PATIENCE)
    : openAzureStore(config, credentials, PATIENCE);
}

/** How much of objects that were never completed the service keeps in this place, asked behind the driver's back. */
export function unfinishedIn({ config, credentials }: Place): Promise<number> {
  const { endpoint = '', bucket, root } = config;
  return config.scheme === 'gs'
    ? hiddenObjects(endpoint, bucket, root)
    : uncommittedBlobs({ endpoint, account: credentials.accessKey!, key: credentials.secretKey! }, bucket, root);
}

async function hiddenObjects(endpoint: string, bucket: string, prefix: string): Promise<number> {
  const answer = await fetch(`${endpoint}/storage/v1/b/${bucket}/o?prefix=${encodeURIComponent(prefix)}`);
  const { items = [] } = (await answer.json()) as { items?: readonly { name: string }[] };
  return items.filter(({ name }) => name.includes('/.unfinished-')).length;
}

async function uncommittedBlobs({ endpoint, account, key }: AzuriteAccess, bucket: string, prefix: string) {
  const client = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key));
  const container = client.getContainerClient(bucket);
  const names = new Set<string>();
  for await (const { name } of container.listBlobsFlat({ prefix, includeUncommitedBlobs: true })) names.add(name);
  for await (const { name } of container.listBlobsFlat({ prefix })) names.delete(name);
  return names.size;
}
