/** A real fake-gcs-server on loopback: Google Cloud Storage's JSON API, without logins. */
import { type ServerOptions, startServer, type TestServer } from './supervised.ts';

export async function startGcs(options: ServerOptions = {}): Promise<TestServer & { readonly endpoint: string }> {
  const server = await startServer({ script: 'gcs.sh', ports: 1 }, options);
  // Defined on the server itself: a copy would freeze its pid.
  return Object.assign(server, { endpoint: `http://${server.address}` });
}

/** The one that the test run started for all (TEST_GCS: its URL), or one of this file's own, with how to end it. */
export async function gcsForTests(): Promise<{ readonly endpoint: string } & AsyncDisposable> {
  const endpoint = process.env.TEST_GCS;
  if (endpoint !== undefined) return { endpoint, [Symbol.asyncDispose]: async () => undefined };
  return startGcs();
}
