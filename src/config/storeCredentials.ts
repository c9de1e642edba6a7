/**
 * What opens an object store, from the environment: the program's own variables, which tell the source's store from that
 * of the files, then the ones that the clouds' own tools read. Never from a command line.
 *
 * What is not found here is left to the cloud's SDK, which knows more places: profiles, roles of the machine, `gcloud`,
 * `az login`.
 */
import type { CredentialName, ObjectScheme, ObjectStoreConfig, StoreCredentials } from '../core/contracts.ts';
import type { Environment } from './defaults.ts';
import { Secret } from './secret.ts';

type Field = keyof StoreCredentials;

/** Behind MILVUS_MIGRATE_SOURCE_ and MILVUS_MIGRATE_FILES_. */
const OWN_VARIABLES: Readonly<Record<Field, string>> = {
  accessKey: 'ACCESS_KEY',
  secretKey: 'SECRET_KEY',
  sessionToken: 'SESSION_TOKEN',
  sas: 'SAS',
  connectionString: 'CONNECTION_STRING',
  serviceAccount: 'SERVICE_ACCOUNT',
};

type Variables = Readonly<Partial<Record<Field, string>>>;

/** The clouds' own, by preference. Google's (GOOGLE_APPLICATION_CREDENTIALS) is read by its SDK. */
const CLOUD_VARIABLES: Readonly<Record<ObjectScheme, readonly Variables[]>> = {
  s3: [{ accessKey: 'AWS_ACCESS_KEY_ID', secretKey: 'AWS_SECRET_ACCESS_KEY', sessionToken: 'AWS_SESSION_TOKEN' }],
  gs: [],
  az: [
    { connectionString: 'AZURE_STORAGE_CONNECTION_STRING' },
    { accessKey: 'AZURE_STORAGE_ACCOUNT', secretKey: 'AZURE_STORAGE_KEY', sas: 'AZURE_STORAGE_SAS_TOKEN' },
  ],
  oss: [
    { accessKey: 'OSS_ACCESS_KEY_ID', secretKey: 'OSS_ACCESS_KEY_SECRET', sessionToken: 'OSS_SESSION_TOKEN' },
    {
      accessKey: 'ALIBABA_CLOUD_ACCESS_KEY_ID',
      secretKey: 'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
      sessionToken: 'ALIBABA_CLOUD_SECURITY_TOKEN',
    },
  ],
  cos: [
    {
      accessKey: 'TENCENTCLOUD_SECRET_ID',
      secretKey: 'TENCENTCLOUD_SECRET_KEY',
      sessionToken: 'TENCENTCLOUD_SECURITY_TOKEN',
    },
  ],
};

export function ownVariable(store: CredentialName, field: Field): string {
  return `MILVUS_MIGRATE_${store.toUpperCase()}_${OWN_VARIABLES[field]}`;
}

/** Every variable that may open a store of that kind, for messages and documents. */
export function credentialVariables(scheme: ObjectScheme, store: CredentialName): string[] {
  const own: Field[] =
    scheme === 'gs'
      ? ['serviceAccount', 'accessKey', 'secretKey']
      : scheme === 'az'
        ? ['accessKey', 'secretKey', 'sas', 'connectionString']
        : ['accessKey', 'secretKey', 'sessionToken'];
  const cloud = CLOUD_VARIABLES[scheme].flatMap((variables) => Object.values(variables));
  return [
    ...own.map((field) => ownVariable(store, field)),
    ...cloud,
    ...(scheme === 'gs' ? ['GOOGLE_APPLICATION_CREDENTIALS'] : []),
  ];
}

/** @returns undefined: the environment says nothing, the cloud's SDK is to look for itself */
export function credentialsFrom(
  env: Environment,
  { scheme, useIam, credentials }: Pick<ObjectStoreConfig, 'scheme' | 'useIam' | 'credentials'>,
): StoreCredentials | undefined {
  const own = Object.fromEntries(
    (Object.keys(OWN_VARIABLES) as Field[]).map((field) => [field, ownVariable(credentials, field)]),
  );
  const sets: readonly Variables[] = [own, ...(mayAsk(scheme, env) ? CLOUD_VARIABLES[scheme] : [])];
  // By the machine's role there are no keys; only Azure has to know whose account it is.
  if (useIam && scheme !== 'az') return undefined;
  for (const variables of sets) {
    const read = readVariables(env, variables);
    const found = useIam ? pickAccount(read) : read;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A profile that is named is meant: the SDK lets it win over keys in the environment too. */
function mayAsk(scheme: ObjectScheme, env: Environment): boolean {
  return scheme !== 's3' || !env.AWS_PROFILE;
}

function readVariables(env: Environment, variables: Variables): StoreCredentials | undefined {
  const found = Object.entries(variables).flatMap(([field, variable]) => {
    const value = env[variable];
    return value === undefined || value === '' ? [] : [[field, value]];
  });
  return found.length === 0 ? undefined : (Object.fromEntries(found) as StoreCredentials);
}

function pickAccount(read: StoreCredentials | undefined): StoreCredentials | undefined {
  return read?.accessKey === undefined ? undefined : { accessKey: read.accessKey };
}

/** As a job keeps them: one Secret; undefined where nothing is said. */
export function sealCredentials(credentials: StoreCredentials | undefined): Secret | undefined {
  if (credentials === undefined) return undefined;
  const said = Object.entries(credentials).filter(([, value]) => value !== undefined && value !== '');
  return said.length === 0 ? undefined : new Secret(JSON.stringify(Object.fromEntries(said)));
}
