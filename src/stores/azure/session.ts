/** One container as the files of this folder see it: calls of the SDK, without its retries, whose errors are ours. */
import type { BlobServiceClient, BlockBlobClient, ContainerClient, StoragePipelineOptions } from '@azure/storage-blob';
import type { ObjectStoreConfig } from '../../core/contracts.ts';
import { loadPackage } from '../../core/loadPackage.ts';
import type { Connections } from '../http/connections.ts';
import type { FailedCall } from '../http/failure.ts';
import { createPace, type Pace } from '../http/pace.ts';
import { type StoreNames, storeNames } from '../names.ts';
import { once } from '../once.ts';
import type { AzureAccess } from './access.ts';
import { answerOf, azureFailure, noContainer, notAzure } from './failure.ts';
import { type PlainReads, plainReads } from './plainReads.ts';
import { azureTransport } from './transport.ts';

/** What was tried, as in «could not …», and on which path. */
export interface Doing {
  readonly what: string;
  readonly path: string;
}

export interface AzureSession extends StoreNames {
  readonly pace: Pace;
  /** Loads the SDK when it is first asked for. */
  readonly container: ContainerClient;
  /** undefined: all requests are the SDK's. */
  readonly plain: PlainReads | undefined;
  /** Whether a container that is not there is one that will be made: then it is empty until the first write. */
  readonly createsBucket: boolean;
  blob(path: string): BlockBlobClient;
  /** One call of the SDK, with its error in our words. */
  call<T>(doing: Doing, request: () => Promise<T>): Promise<T>;
  /** As `call`; undefined where the service answers with this status. */
  unless<T>(status: number, doing: Doing, request: () => Promise<T>): Promise<T | undefined>;
  /** The value, or an error: an answer with a good status that lacks it is not Azure's. */
  must<T>(value: T | undefined, field: string, doing: Doing): T;
  failed(doing: Doing): FailedCall;
  /** Before the first write: looks for the container and makes it, where the configuration says so. */
  ready(): Promise<void>;
  /** An object that is not there, in a container that is: else an error. */
  absent(doing: Doing): Promise<undefined>;
}

export interface SessionParts {
  readonly config: ObjectStoreConfig;
  readonly access: AzureAccess;
  readonly connections: Connections;
}

export function azureSession({ config, access, connections }: SessionParts): AzureSession {
  const names = storeNames(config);
  let opened: ContainerClient | undefined;
  const container = (): ContainerClient => {
    opened ??= openContainer(config, access, connections);
    return opened;
  };
  const failed = ({ what, path }: Doing): FailedCall => ({
    what,
    place: names.describe(path),
    endpoint: `${access.url.origin}${access.url.pathname.replace(/\/$/, '')}`,
    secrets: access.secrets,
    answered: connections.answered,
  });
  const must = <T>(value: T | undefined, field: string, doing: Doing): T => {
    if (value === undefined) throw notAzure(failed(doing), field);
    return value;
  };
  const unless = async <T>(status: number, doing: Doing, request: () => Promise<T>) => {
    try {
      return await request();
    } catch (thrown) {
      if (answerOf(thrown).status === status) return undefined;
      throw azureFailure(thrown, failed(doing));
    }
  };
  const call = async <T>(doing: Doing, request: () => Promise<T>): Promise<T> =>
    (await unless(NEVER, doing, request)) as T;
  const exists = once(async () => {
    const found = await unless(404, { what: 'look for the container', path: '' }, () =>
      container()
        .getProperties()
        .catch((thrown: unknown) => {
          // Refused: it may not be looked at, but its blobs may.
          if (answerOf(thrown).status === 403) return {};
          throw thrown;
        }),
    );
    return found === undefined ? undefined : true;
  });
  const ready = once(async () => {
    // 409: another worker was quicker, or it is still being deleted: then the first write says so.
    if (config.createBucket && (await exists()) !== true)
      await unless(409, { what: 'make the container', path: '' }, () => container().create());
    return true;
  });
  return {
    ...names,
    pace: createPace(),
    get container() {
      return container();
    },
    plain: plainReads(access, config.bucket, connections),
    createsBucket: config.createBucket,
    blob: (path) => container().getBlockBlobClient(names.key(path)),
    call,
    unless,
    must,
    failed,
    ready: async () => void (await ready()),
    async absent(doing) {
      if (!config.createBucket && (await exists()) !== true) throw noContainer(failed(doing));
      return undefined;
    },
  };
}

/** No answer has this status. */
const NEVER = -1;

function openContainer(
  config: ObjectStoreConfig,
  { url, login }: AzureAccess,
  connections: Connections,
): ContainerClient {
  const sdk = loadPackage('@azure/storage-blob');
  const options: StoragePipelineOptions = {
    httpClient: azureTransport(connections),
    // Wrappers of ours do that, for all stores alike.
    retryOptions: { maxTries: 1 },
  };
  const service = (): BlobServiceClient => {
    if (login.kind === 'key')
      return new sdk.BlobServiceClient(url.href, new sdk.StorageSharedKeyCredential(login.account, login.key), options);
    const signed = login.kind === 'sas' ? `${url.href}?${login.sas}` : url.href;
    return new sdk.BlobServiceClient(signed, new sdk.AnonymousCredential(), options);
  };
  if (login.kind !== 'default') return service().getContainerClient(config.bucket);
  // The library asks the environment where the metadata server is.
  if (config.iamEndpoint !== undefined) process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST ??= config.iamEndpoint;
  const { DefaultAzureCredential } = loadPackage('@azure/identity');
  return new sdk.BlobServiceClient(url.href, new DefaultAzureCredential(), options).getContainerClient(config.bucket);
}
