/**
 * Pages over a bare HTTP connection, for workers: they ask for nothing else, and read everything.
 *
 * The official client, which asks all questions, takes a quarter of a second of processor time to load in every thread
 * and streams through three layers: a process that only reads 200 MB took 0.93 s with it and 0.42 s so (docs/benchmarks.md).
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { ElasticCredentials } from '../../config/elasticsearch.ts';
import { tellShortLived } from '../../core/shortLived.ts';

export interface PageClientOptions {
  /** At least one. */
  readonly nodes: readonly string[];
  readonly credentials: ElasticCredentials;
  readonly tls: https.AgentOptions;
  /** Milliseconds without a byte. */
  readonly timeoutMs: number;
}

export interface PageRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface PageAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
}

export interface PageClient {
  /**
   * Asks once. `take` gets the body piece by piece, each valid until it returns; what it throws ends the connection.
   * @throws what Node has for connections, an error whose message says «timed out», or ProductNotSupportedError
   */
  send(request: PageRequest, take: (piece: Uint8Array) => void): Promise<PageAnswer>;
  close(): void;
}

export function createPageClient({ nodes, credentials, tls, timeoutMs }: PageClientOptions): PageClient {
  const urls = nodes.map((node) => new URL(node));
  const secured = urls.some(({ protocol }) => protocol === 'https:');
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': secured ? new https.Agent({ ...tls, keepAlive: true }) : undefined,
  };
  const login = loginOf(credentials);
  let node = 0;
  return {
    async send({ method, path, headers, body }, take) {
      const url = urls[node % urls.length]!;
      const answer = new Promise<PageAnswer>((resolve, reject) => {
        const plain = url.protocol === 'http:';
        const outgoing = (plain ? http : https).request({
          method,
          protocol: url.protocol,
          // Node wants an IPv6 address without its brackets.
          hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: url.port,
          path: url.pathname.replace(/\/$/, '') + path,
          agent: agents[plain ? 'http:' : 'https:'],
          headers: {
            ...headers,
            ...login,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          },
        });
        outgoing.setTimeout(timeoutMs, () => {
          reject(new Error(`timed out: not a byte in ${timeoutMs} ms`));
          outgoing.destroy();
        });
        outgoing.on('error', reject);
        outgoing.on('response', (incoming) => {
          const fail = (error: unknown): void => {
            reject(error);
            incoming.destroy();
          };
          incoming.on('data', (piece: Uint8Array) => {
            try {
              take(piece);
              tellShortLived(piece.length);
            } catch (thrown) {
              fail(thrown);
            }
          });
          // Of a connection that ended in the middle, too.
          incoming.on('error', reject);
          incoming.on('end', () => {
            const { statusCode: status = 0, headers: answered } = incoming;
            if (status < 300 && answered['x-elastic-product'] !== 'Elasticsearch') reject(notElasticsearch());
            else resolve({ status, headers: answered });
          });
        });
        outgoing.end(body);
      });
      try {
        return await answer;
      } catch (thrown) {
        // Whoever asks again asks the next one.
        node++;
        throw thrown;
      }
    },
    close() {
      agents['http:'].destroy();
      agents['https:']?.destroy();
    },
  };
}

/** Under the name that the official client gives it. */
function notElasticsearch(): Error {
  const error = new Error('an answer without the header x-elastic-product');
  error.name = 'ProductNotSupportedError';
  return error;
}

function loginOf(credentials: ElasticCredentials): { authorization?: string } {
  switch (credentials.kind) {
    case 'none':
      return {};
    case 'basic': {
      const pair = `${credentials.user}:${credentials.password.reveal()}`;
      return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    }
    case 'apiKey':
      return { authorization: `ApiKey ${credentials.key.reveal()}` };
    case 'serviceToken':
      return { authorization: `Bearer ${credentials.token.reveal()}` };
  }
}

/** `name:base64(host$elasticsearch$kibana)` as the address of its Elasticsearch. undefined: it is no cloud id. */
export function cloudAddress(cloudId: string): string | undefined {
  const [host, cluster] = Buffer.from(cloudId.split(':')[1] ?? '', 'base64')
    .toString('utf8')
    .split('$');
  const address = `https://${cluster}.${host}`;
  return host && cluster && URL.canParse(address) ? address : undefined;
}
