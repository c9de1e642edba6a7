/**
 * Stands between a client and a real HTTP server and breaks some of the requests, the way networks and overloaded
 * services do. Which, and how, follows from a seed, so that a failure can be had again.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault =
  /** The connection is reset before the request goes on. */
  | 'reset'
  /** The request goes on in half, and is cut. */
  | 'cut request'
  /** The server does what it was asked, and its answer is lost. */
  | 'lost answer'
  /** Half of the answer, then the connection is reset. */
  | 'truncated body'
  /** Half of the answer, then nothing more. */
  | 'stalled body'
  | '500'
  /** SlowDown. */
  | '503';

/** An answer in the server's place. */
export interface Instead {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What becomes of the request; undefined: it goes through. */
export type Choose = (request: IncomingMessage) => Fault | Instead | undefined;

export interface FaultProxy extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly endpoint: string;
  /** How often each fault came. */
  readonly counts: ReadonlyMap<Fault, number>;
  readonly requests: number;
}

export const FAULTS: readonly Fault[] = [
  'reset',
  'cut request',
  'lost answer',
  'truncated body',
  'stalled body',
  '500',
  '503',
];

/** Every n-th request on average, each fault as often as the others. */
export function everyNth(n: number, seed: number, faults: readonly Fault[] = FAULTS): Choose {
  const random = mulberry32(seed);
  return () => (random() < 1 / n ? faults[Math.floor(random() * faults.length)] : undefined);
}

/** @param upstream http://host:port */
export async function startFaultProxy(upstream: string, choose: Choose): Promise<FaultProxy> {
  const counts = new Map<Fault, number>();
  let requests = 0;
  const server = createServer((incoming, answer) => {
    requests++;
    const fault = choose(incoming);
    if (typeof fault === 'string') counts.set(fault, (counts.get(fault) ?? 0) + 1);
    if (typeof fault === 'object') sendInstead(incoming, answer, fault);
    else if (fault === undefined) forward(incoming, answer, new URL(upstream), undefined);
    else breakIt(incoming, answer, { upstream: new URL(upstream), fault });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]: () => stop(server),
  };
}

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

function breakIt(
  incoming: IncomingMessage,
  answer: ServerResponse,
  { upstream, fault }: { upstream: URL; fault: Fault },
): void {
  if (fault === 'reset') incoming.socket.resetAndDestroy();
  else if (fault === '500') sendInstead(incoming, answer, xmlError(500, 'InternalError'));
  else if (fault === '503') sendInstead(incoming, answer, xmlError(503, 'SlowDown'));
  else forward(incoming, answer, upstream, fault);
}

function xmlError(status: number, code: string): Instead {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>by the proxy</Message></Error>`;
  return {
    status,
    body,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': 'proxy', 'retry-after': '0' },
  };
}

/** After the request has come whole: whoever is still sending sees a reset instead of the answer. */
function sendInstead(incoming: IncomingMessage, answer: ServerResponse, { status, headers, body }: Instead): void {
  incoming.resume().once('end', () => answer.writeHead(status, headers).end(incoming.method === 'HEAD' ? '' : body));
}

function forward(incoming: IncomingMessage, answer: ServerResponse, upstream: URL, fault: Fault | undefined): void {
  const { method, headers, url: path } = incoming;
  const { hostname, port } = upstream;
  // The host stays as the client wrote it: it is part of the signature.
  const outgoing = request({ hostname, port, path, method, headers, agent: false }, (reply) => {
    if (fault === undefined) {
      answer.writeHead(reply.statusCode!, reply.rawHeaders);
      reply.pipe(answer);
    } else void breakAnswer(reply, answer, fault);
  });
  outgoing.on('error', () => incoming.socket.destroy());
  // A client that gave up in the middle: the server would wait for the rest for ever, and this process with it.
  incoming.once('close', () => outgoing.writableEnded || outgoing.destroy());
  if (fault !== 'cut request') incoming.pipe(outgoing);
  else
    incoming.once('readable', () => {
      const some: Buffer | null = incoming.read();
      if (some !== null) outgoing.write(some.subarray(0, Math.ceil(some.length / 2)));
      outgoing.destroy();
      incoming.socket.resetAndDestroy();
    });
}

async function breakAnswer(reply: IncomingMessage, answer: ServerResponse, fault: Fault): Promise<void> {
  const body = Buffer.concat(await reply.toArray());
  const socket = answer.socket!;
  if (fault === 'lost answer' || body.length === 0) {
    socket.resetAndDestroy();
    return;
  }
  answer.writeHead(reply.statusCode!, reply.rawHeaders);
  answer.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    if (fault === 'truncated body') socket.destroy();
  });
}

/** A small generator of numbers in [0, 1) from a seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
