/** The stores, by the scheme of their URL. A new store is one file and one line here. */
import type {
  LocalStoreConfig,
  ObjectStoreConfig,
  Store,
  StoreConfig,
  StoreCredentials,
  StoreSecrets,
} from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';

type Driver<C> = (config: C, credentials: StoreCredentials) => Promise<Store>;

type Drivers = { readonly file: Driver<LocalStoreConfig> } & {
  readonly [S in ObjectStoreConfig['scheme']]: Driver<ObjectStoreConfig>;
};

const STORES: Drivers = {
  file: async ({ root }) => (await import('./local.ts')).openLocalStore(root),
  s3: async (config, credentials) => (await import('./s3/store.ts')).openS3Store(config, credentials),
  oss: async (config, credentials) => (await import('./s3/store.ts')).openS3Store(config, credentials),
  cos: async (config, credentials) => (await import('./s3/store.ts')).openS3Store(config, credentials),
  gs: async (config, credentials) => (await import('./gcs/store.ts')).openGcsStore(config, credentials),
  az: async (config, credentials) => (await import('./azure/store.ts')).openAzureStore(config, credentials),
};

/** Opens a store; one behind a network with retries, limits and a log around it. */
export async function openStore(config: StoreConfig, secrets: StoreSecrets = {}): Promise<Store> {
  const open = STORES[config.scheme] as Driver<StoreConfig> | undefined;
  if (open === undefined)
    throw new MigrateError('E_USAGE', 'an unknown kind of store', {
      found: config.scheme,
      wanted: Object.keys(STORES).join(', '),
    });
  if (config.scheme === 'file') return open(config, {});
  const [{ withRetry }, { withLimit }, { withLog }] = await Promise.all([
    import('./with/retry.ts'),
    import('./with/limit.ts'),
    import('./with/log.ts'),
  ]);
  const driver = await open(config, secrets[config.credentials] ?? {});
  // The limit inside the retries: a wait keeps no place, and what is sent twice counts twice.
  return withRetry(withLimit(withLog(driver), { maxMbps: config.maxMbps, callsInFlight: CALLS_IN_FLIGHT }));
}

/** Calls that move bytes, per store and thread: more only wait for each other's connections. */
const CALLS_IN_FLIGHT = 32;
