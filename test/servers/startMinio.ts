/** A real MinIO on loopback. */
import { type ServerOptions, startServer, type TestServer } from './supervised.ts';

/** Where an S3 is and what opens it, for tests: one JSON in TEST_MINIO. */
export interface MinioAccess {
  /** http://127.0.0.1:port */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface MinioServer extends TestServer {
  readonly access: MinioAccess;
}

/** With one user who may do everything. Buckets are the tests' own. */
export async function startMinio(options: ServerOptions = {}): Promise<MinioServer> {
  const [accessKey, secretKey] = ['minio-test-user', 'minio-test-password'];
  const env = { ...options.env, MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey };
  const server = await startServer({ script: 'minio.sh', ports: 1 }, { ...options, env });
  const access = { endpoint: `http://${server.address}`, accessKey, secretKey };
  // Defined on the server itself: a copy would freeze its pid.
  return Object.assign(server, { access });
}

/** The MinIO that the test run started for all, or one of this file's own, with how to end it. */
export async function minioForTests(): Promise<MinioAccess & AsyncDisposable> {
  const given = process.env.TEST_MINIO;
  if (given !== undefined)
    return { ...(JSON.parse(given) as MinioAccess), [Symbol.asyncDispose]: async () => undefined };
  const server = await startMinio();
  return { ...server.access, [Symbol.asyncDispose]: () => server.stop() };
}
