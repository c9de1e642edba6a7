/** A real Azurite on loopback: Azure Blob Storage. */
import { type ServerOptions, startServer, type TestServer } from './supervised.ts';

/** Where an Azure Blob service is and what opens it, for tests: one JSON in TEST_AZURITE. */
export interface AzuriteAccess {
  /** http://127.0.0.1:port/account */
  readonly endpoint: string;
  readonly account: string;
  readonly key: string;
}

export interface AzuriteServer extends TestServer {
  readonly access: AzuriteAccess;
}

/** With one account. Containers are the tests' own. */
export async function startAzurite(options: ServerOptions = {}): Promise<AzuriteServer> {
  const account = 'migratetests';
  const key = Buffer.from('a key for tests, of no use elsewhere, 64 bytes long, as theirs..').toString('base64');
  const env = { ...options.env, AZURITE_ACCOUNTS: `${account}:${key}` };
  const server = await startServer({ script: 'azurite.sh', ports: 1 }, { ...options, env });
  // Defined on the server itself: a copy would freeze its pid.
  return Object.assign(server, { access: { endpoint: `http://${server.address}/${account}`, account, key } });
}

/** The one that the test run started for all, or one of this file's own, with how to end it. */
export async function azuriteForTests(): Promise<AzuriteAccess & AsyncDisposable> {
  const given = process.env.TEST_AZURITE;
  if (given !== undefined)
    return { ...(JSON.parse(given) as AzuriteAccess), [Symbol.asyncDispose]: async () => undefined };
  const server = await startAzurite();
  return { ...server.access, [Symbol.asyncDispose]: () => server.stop() };
}
