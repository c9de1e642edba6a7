/**
 * Requests over kept connections, without retries. Below the clients of the services that have none of their own, or
 * one that waits for ever: here a connection on which nothing moves is given up.
 */
import * as http from 'node:http';
import * as https from 'node:https';

export interface Patience {
  /** Milliseconds for a connection to be made. */
  readonly connectMs: number;
  /** Milliseconds in which nothing at all moves on a connection before it is given up. */
  readonly idleMs: number;
}

export const PATIENCE: Patience = { connectMs: 10_000, idleMs: 60_000 };

export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent one after the other; not to be changed until the answer is there. */
  readonly body?: readonly Uint8Array[];
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Must be read to its end, or destroyed. */
  readonly body: http.IncomingMessage;
}

export interface Connections {
  /** Resolves when the head of the answer is there, whatever its status. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Whether anything has ever answered: else the address is wrong, and waiting is in vain. */
  readonly answered: boolean;
  close(): void;
}

/** Of one thread: reads, pieces, and a few for the rest. */
const SOCKETS = 64;

export function openConnections(patience: Patience): Connections {
  const plain = new http.Agent({ keepAlive: true, maxSockets: SOCKETS });
  const secure = new https.Agent({ keepAlive: true, maxSockets: SOCKETS });
  let answered = false;
  return {
    send: ({ url, method, headers, body = [], signal }) =>
      new Promise((resolve, reject) => {
        const length = body.reduce((sum, piece) => sum + piece.length, 0);
        const counted = method === 'GET' || method === 'HEAD' ? headers : { ...headers, 'content-length': `${length}` };
        const options = { method, headers: counted, ...(signal === undefined ? {} : { signal }) };
        const request =
          url.protocol === 'https:'
            ? https.request(url, { ...options, agent: secure })
            : http.request(url, { ...options, agent: plain });
        let answer: http.IncomingMessage | undefined;
        request.on('error', reject);
        const giveUp = (): unknown => (answer ?? request).destroy(noAnswer(patience));
        request.on('socket', (socket) => {
          if (!socket.connecting) return request.setTimeout(patience.idleMs, giveUp);
          // The request's own time begins only when the connection is there.
          socket.setTimeout(patience.connectMs).once('timeout', giveUp);
          return socket.once('connect', () => {
            socket.off('timeout', giveUp);
            request.setTimeout(patience.idleMs, giveUp);
          });
        });
        request.on('response', (response) => {
          answer = response;
          answered = true;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
        });
        for (const piece of body) request.write(piece);
        request.end();
      }),
    get answered() {
      return answered;
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

function noAnswer({ connectMs, idleMs }: Patience): Error {
  const message = `no connection within ${connectMs} ms, or nothing moved on it for ${idleMs} ms`;
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}

/** More than any answer of these services that is not an object's contents. */
const MOST_TEXT = 64 * 1024 * 1024;

export async function readText({ body }: HttpAnswer): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST_TEXT) throw new Error(`an answer of more than ${MOST_TEXT} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
