/** The SDK's client: loaded when the first store of its kind is opened, without retries of its own. */
import type { S3, S3ClientConfig } from '@aws-sdk/client-s3';
import type { ObjectStoreConfig, StoreCredentials } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { loadPackage } from '../../core/loadPackage.ts';
import type { Patience } from '../http/connections.ts';
import type { S3Endpoint } from './endpoint.ts';
import { metadataCredentials } from './metadataCredentials.ts';

const sdk = loadPackage('@aws-sdk/client-s3');

/** Connections of one thread: reads, pieces, and a few for the rest. */
const CONNECTIONS = 64;

type Credentials = Pick<S3ClientConfig, 'credentials'>;

export async function openS3Client(
  config: ObjectStoreConfig,
  { endpoint, credentials, patience }: { endpoint: S3Endpoint; credentials: StoreCredentials; patience: Patience },
): Promise<S3> {
  // Which versions of Node we run on is ours to say: the SDK would print a warning into the user's terminal.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const agent = { keepAlive: true, maxSockets: CONNECTIONS };
  const client = new sdk.S3({
    ...(endpoint.url === undefined ? {} : { endpoint: endpoint.url }),
    ...(endpoint.region === undefined ? {} : { region: endpoint.region }),
    ...credentialsOf(config, credentials),
    forcePathStyle: endpoint.pathStyle,
    maxAttempts: 1,
    // Checksums are computed here, by zlib, and only for what is checked there.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It costs a connection per piece: the SDK makes a new one for each request that asks first.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: patience.connectMs,
      socketTimeout: patience.idleMs,
      // A queue for connections is wanted, not warned of.
      socketAcquisitionWarningTimeout: 3_600_000,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  leaveBodiesUnsigned(client);
  return client;
}

function credentialsOf(config: ObjectStoreConfig, given: StoreCredentials): Credentials {
  const { accessKey, secretKey, sessionToken } = given;
  if (config.useIam || (accessKey === undefined && secretKey === undefined)) {
    if (config.iamEndpoint !== undefined) return { credentials: metadataCredentials(config.iamEndpoint) };
    if (config.scheme === 'oss' || config.scheme === 'cos') throw noKeys(config, KEY_VARIABLES[config.scheme]);
    return {};
  }
  if (accessKey === undefined || secretKey === undefined)
    throw new MigrateError('E_CONFIG', 'an access key and its secret key come together', {
      found: accessKey === undefined ? 'only a secret key' : 'only an access key',
    });
  const keys = { accessKeyId: accessKey, secretAccessKey: secretKey };
  return { credentials: sessionToken === undefined ? keys : { ...keys, sessionToken } };
}

const KEY_VARIABLES = {
  oss: 'OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET',
  cos: 'TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY',
} as const;

/** The SDK would look for AWS's own settings, and show another cloud the keys that it finds there. */
function noKeys({ scheme, bucket, useIam }: ObjectStoreConfig, variables: string): MigrateError {
  return new MigrateError('E_CONFIG', `there are no credentials for ${scheme}://${bucket}`, {
    found: useIam ? 'a role of the machine, which can be used with AWS, Google and Azure only' : 'no keys',
    wanted: 'an access key and its secret key',
    hint: `set ${variables}`,
  });
}

/**
 * SHA-256 of every byte would be the dearest thing in an upload, there and here, and the SDK leaves streams without it
 * too. The service checks the body by its CRC-32 or MD5, which is signed. Against somebody who changes bytes on the way
 * nothing but TLS helps, which docs/stores.md says: what is read has no signature either.
 */
function leaveBodiesUnsigned(client: S3): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers?: Record<string, string>; body?: unknown };
      if (request.headers !== undefined && request.body instanceof Uint8Array)
        request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'leaveBodiesUnsigned' },
  );
}
