/** A TCP proxy of a test's own, in front of a real server: it cuts lines, at once or where a test says. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** Lines that were cut. */
  cuts(): number;
  /** Cuts every open line. */
  cut(): void;
  /** Whether new lines are taken; without, they are cut as they come. */
  open: boolean;
  /** Cuts the line of which this is said (so many bytes went through), before the bytes get further. */
  onRequest: (bytes: Buffer) => 'pass' | 'cut' | 'cut the answer';
}

export async function cuttingProxy(target: { readonly host: string; readonly port: number }): Promise<CuttingProxy> {
  const lines = new Set<() => void>();
  let cuts = 0;
  const server = createServer((client) => {
    if (!proxy.open) return client.destroy();
    const upstream = connect(target.port, target.host);
    const end = (): void => {
      lines.delete(end);
      reset(client);
      reset(upstream);
    };
    lines.add(end);
    let deaf = false;
    const cutLine = (): void => {
      cuts++;
      end();
    };
    client.on('data', (bytes) => {
      const what = proxy.onRequest(bytes);
      if (what === 'cut') return cutLine();
      deaf ||= what === 'cut the answer';
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => (deaf ? cutLine() : client.write(bytes)));
    for (const socket of [client, upstream]) socket.on('close', end).on('error', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: CuttingProxy = {
    port: (server.address() as AddressInfo).port,
    cuts: () => cuts,
    cut() {
      for (const end of [...lines]) {
        cuts++;
        end();
      }
    },
    open: true,
    onRequest: () => 'pass',
    async [Symbol.asyncDispose]() {
      for (const end of [...lines]) end();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}
