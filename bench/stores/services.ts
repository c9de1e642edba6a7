/** The services of the benchmark: real servers on this host, each with a bucket. */
import type { Store } from '../../src/core/storeContract.ts';
import { startAzurite } from '../../test/servers/startAzurite.ts';
import { startGcs } from '../../test/servers/startGcs.ts';
import { startMinio } from '../../test/servers/startMinio.ts';

export const SERVICES = ['minio', 'gcs', 'azurite'] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface Access {
  readonly service: ServiceName;
  readonly endpoint: string;
  readonly user: string;
  readonly password: string;
}

export interface Service extends AsyncDisposable {
  readonly access: Access;
  readonly scheme: 's3' | 'gs' | 'az';
  /** All below the prefix goes. */
  remove(prefix: string): Promise<void>;
}

export const BUCKET = 'bench';

/** @param dataDir where its objects lie; kept at the end */
export async function startService(service: ServiceName, dataDir: string): Promise<Service> {
  const started = await START[service](dataDir);
  // The first write makes the bucket.
  await using store = await open(started);
  await store.put('made', new Uint8Array(0));
  return {
    ...started,
    async remove(prefix) {
      await using store = await open(started);
      await store.remove(prefix);
    },
  };
}

async function open({ scheme, access }: Started): Promise<Store> {
  const { openStore } = await import('../../src/stores/index.ts');
  const config = { scheme, bucket: BUCKET, root: '', endpoint: access.endpoint, createBucket: true } as const;
  return openStore(
    {
      ...config,
      region: undefined,
      useSsl: undefined,
      pathStyle: undefined,
      useIam: false,
      iamEndpoint: undefined,
      credentials: 'files',
      maxMbps: undefined,
    },
    { files: access.user === '' ? {} : { accessKey: access.user, secretKey: access.password } },
  );
}

type Started = Omit<Service, 'remove'>;

const START: { readonly [S in ServiceName]: (dataDir: string) => Promise<Started> } = {
  async minio(dataDir) {
    const server = await startMinio({ dataDir });
    const { endpoint, accessKey: user, secretKey: password } = server.access;
    return { scheme: 's3', access: { service: 'minio', endpoint, user, password }, [Symbol.asyncDispose]: server.stop };
  },
  async gcs(dataDir) {
    const server = await startGcs({ dataDir });
    const { endpoint } = server;
    const access = { service: 'gcs', endpoint, user: '', password: '' } as const;
    return { scheme: 'gs', access, [Symbol.asyncDispose]: server.stop };
  },
  async azurite(dataDir) {
    const server = await startAzurite({ dataDir });
    const { endpoint, account: user, key: password } = server.access;
    return {
      scheme: 'az',
      access: { service: 'azurite', endpoint, user, password },
      [Symbol.asyncDispose]: server.stop,
    };
  },
};
