/** Real servers for tests, the demo and the benchmarks. Each is stopped by its own pid and dies with this process. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ServerOptions, startServer, type TestServer } from './supervised.ts';

export type { ServerOptions, TestServer } from './supervised.ts';

export interface MariadbServer extends TestServer {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** mysql://user:password@host:port/database */
  readonly url: string;
  /** user:password@tcp(host:port)/database?…, as old configurations have it. */
  readonly dsn: string;
}

/** Milvus 2.3.5 standalone. Takes thirteen ports from `port` on. */
export function startMilvus(options: ServerOptions = {}): Promise<TestServer> {
  return startServer({ script: 'milvus.sh', ports: 13, answers: milvusAnswers }, options);
}

/** milvus-lite: the API without bulk insert. */
export function startMilvusLite(options: ServerOptions = {}): Promise<TestServer> {
  return startServer({ script: 'milvus-lite.sh', ports: 1, answers: milvusAnswers }, options);
}

/** MariaDB with one user who may do everything, so that a test can make a database of its own. */
export async function startMariadb(options: ServerOptions = {}): Promise<MariadbServer> {
  const [user, password, database] = ['milvus', 'milvus-pw', 'milvus'];
  const env = { ...options.env, MYSQL_USER: user, MYSQL_PASSWORD: password, MYSQL_DATABASE: database };
  const server = await startServer({ script: 'mysql.sh', ports: 1 }, { ...options, env });
  const { address } = server;
  // Defined on the server itself: a copy would freeze its pid.
  return Object.assign(server, {
    user,
    password,
    database,
    url: `mysql://${user}:${password}@${address}/${database}`,
    dsn: `${user}:${password}@tcp(${address})/${database}?charset=utf8mb4&parseTime=True&loc=Local`,
  });
}

/** Waits until it lists its collections: after a restart it calls itself healthy long before. */
async function milvusAnswers(address: string): Promise<void> {
  const { MilvusClient } = await import('@zilliz/milvus2-sdk-node');
  const deadline = Date.now() + 60_000;
  for (;;) {
    const client = new MilvusClient({ address, timeout: 5_000, maxRetries: 0 });
    try {
      // Else nobody hears it fail, and the process ends.
      await client.connectPromise;
      const answer = await client.showCollections();
      if (answer.status.error_code === 'Success') return;
      if (Date.now() > deadline)
        throw new Error(`Milvus at ${address} does not list collections: ${answer.status.reason}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      await client.closeConnection();
    }
    await delay(200);
  }
}
