/**
 * Stands between a client and a real HTTP server and hands on only requests that came whole. So what a client that was
 * killed leaves behind is known: `quiet` ends when the server has done all that it was asked.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WholeRequests extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly endpoint: string;
  /** No client is connected any more, and every request that was handed on has been answered. */
  quiet(): Promise<void>;
}

/** @param upstream http://host:port */
export async function startWholeRequests(upstream: string): Promise<WholeRequests> {
  const { hostname, port } = new URL(upstream);
  const underWay = new Set<Promise<void>>();
  const server = createServer((incoming, answer) => {
    const done = handOn(incoming, answer, { hostname, port }).finally(() => underWay.delete(done));
    underWay.add(done);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async quiet() {
      // Closed when the last connection of a client is: nothing is asked after that.
      await new Promise((closed) => server.close(closed));
      await Promise.all(underWay);
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function handOn(
  incoming: IncomingMessage,
  answer: ServerResponse,
  to: { hostname: string; port: string },
): Promise<void> {
  const parts: Buffer[] = [];
  try {
    for await (const part of incoming) parts.push(part as Buffer);
  } catch {
    // The client died in the middle of it: the server never hears of it.
    return;
  }
  const { method, headers, url: path } = incoming;
  // The host stays as the client wrote it: it is part of the signature.
  const outgoing = request({ ...to, path, method, headers, agent: false });
  outgoing.end(Buffer.concat(parts));
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = Buffer.concat(await reply.toArray());
  answer.writeHead(reply.statusCode!, reply.rawHeaders).end(body);
}
