/** Opens the SDK's client and makes sure, within seconds, that a Milvus answers and takes the user. */
import type { TargetConfig } from '../../config/job.ts';
import { MigrateError } from '../../core/errors.ts';
import { loadPackage } from '../../core/loadPackage.ts';
import { parseEndpoint } from './endpoint.ts';
import { pause } from './poll.ts';
import { openRpc, type Rpc } from './rpc.ts';

/** How long the first call may take. */
const FIRST_CALL_MS = 10_000;
/** How long a refused connection is tried again: a server that starts, a name that is being set up. */
const REFUSED_MS = 2_000;

export interface Connection {
  readonly rpc: Rpc;
  /** What GetVersion says, as it is: «v2.3.5-lite», «milvus_lite-3.2.2». */
  readonly version: string;
}

export async function connect(config: TargetConfig, signal: AbortSignal | undefined): Promise<Connection> {
  const { address, tls } = parseEndpoint(config.endpoint);
  const rpc = openRpc(await openClient(config, address, tls), address, signal);
  try {
    return { rpc, version: await firstCall(rpc) };
  } catch (error) {
    await rpc.close();
    throw error;
  }
}

async function openClient(config: TargetConfig, address: string, tls: boolean) {
  const { logger, MilvusClient } = loadPackage('@zilliz/milvus2-sdk-node');
  // The SDK logs to stdout, which is for results.
  logger.silent = true;
  return new MilvusClient({
    address,
    ssl: tls,
    username: config.user ?? '',
    password: config.password?.reveal() ?? '',
    ...(config.token === undefined ? {} : { token: config.token.reveal() }),
    ...(config.database === undefined ? {} : { database: config.database }),
    isGlobal: false,
    telemetry: { enabled: false },
    maxRetries: 0,
    pool: { min: 0, max: 64 },
    channelOptions: {
      // Slower pings than the SDK's 10 s and 5 s: a busy event loop must not lose a connection with an insert on it.
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 20_000,
    },
    // Its own first call (Connect) fails where the database is still to be made, as an unhandled rejection.
    __SKIP_CONNECT__: true,
  });
}

async function firstCall(rpc: Rpc): Promise<string> {
  const start = performance.now();
  for (;;) {
    try {
      const timeoutMs = FIRST_CALL_MS - (performance.now() - start);
      const { version } = await rpc.ask<{ version: string }>('GetVersion', {}, { timeoutMs });
      return version;
    } catch (error) {
      if (error instanceof MigrateError && error.code === 'E_TARGET') throw notMilvus(rpc.address, error);
      const again = error instanceof MigrateError && error.code === 'E_TARGET_UNREACHABLE';
      if (!again || performance.now() - start > REFUSED_MS) throw error;
      await pause(250, 'the first answer', rpc.signal);
    }
  }
}

/** Whatever speaks HTTP/2 there does not know the call (a proxy, a web server). */
function notMilvus(address: string, cause: MigrateError): MigrateError {
  return new MigrateError('E_TARGET_UNREACHABLE', `what answers at ${address} is no Milvus`, {
    ...(cause.found === undefined ? {} : { found: cause.found }),
    wanted: 'the version of a Milvus 2.x',
    hint: 'give the gRPC address of Milvus (port 19530 by default), and look for a proxy in between',
    retry: false,
    cause,
  });
}
