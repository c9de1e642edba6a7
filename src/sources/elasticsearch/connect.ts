/**
 * The connection to an Elasticsearch cluster: the official client for login, nodes and TLS, in main and workers alike.
 * Pages are taken as bytes from its stream, which costs less than a bare `node:http` request did.
 *
 * Nothing is repeated in here but questions that change nothing: a page of a scroll that is asked for twice is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ElasticAccess, ElasticCredentials } from '../../config/elasticsearch.ts';
import { MigrateError } from '../../core/errors.ts';
import { cborToJson } from '../../formats/cbor/toJson.ts';
import { type Asking, answerFailure, answerTooLarge, elasticError, elasticFailure } from './failures.ts';
import { type Trust, trustOf } from './trust.ts';

export interface ElasticRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** With its index names escaped: see `indexPath`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
  /** What it is for, in the words of an error message: «read the mapping». */
  readonly asked: string;
  readonly index?: string;
}

export type Encoding = 'json' | 'cbor';

export interface ElasticVersion {
  /** «8.19.21»; «unknown» where the user may not ask for it. */
  readonly text: string;
  /** 8 where it is unknown. */
  readonly major: number;
  readonly minor: number;
}

export interface Elastic extends AsyncDisposable {
  /** The nodes, without credentials, for messages. */
  readonly address: string;
  /** The CA that was found by its fingerprint or read from its file: what `ElasticPin` hands to workers. */
  readonly pin: ElasticPin;
  /** Asks and parses the answer. Repeated by itself where that may help: it must change nothing. */
  ask(request: ElasticRequest): Promise<unknown>;
  /**
   * Asks once and gives the answer's bytes as they come, in `buffer` where they fit, else in a larger one.
   * Errors: E_READ (`retry` where it may work again), E_SOURCE_ACCESS, E_SOURCE_UNREACHABLE.
   */
  bytes(request: ElasticRequest, encoding: Encoding, buffer: PageBuffer): Promise<Uint8Array>;
}

/** What was learnt at the first connection, so that workers need not ask again. Plain JSON, nothing secret. */
export interface ElasticPin {
  readonly ca: string | null;
  readonly rejectUnauthorized: boolean;
  readonly checkHost: boolean;
}

/** Grows to the largest page and is used again for each: a worker has one. */
export interface PageBuffer {
  memory: Uint8Array;
  /** Bytes that an answer may have at most; a longer one is given up. Absent: any number. */
  readonly limit?: number;
}

/** Questions are asked so many times, and once more for each node. */
const ATTEMPTS = 3;
const FIRST_WAIT_MS = 100;
const FIRST_BUFFER = 4 * 1024 * 1024;

export function createPageBuffer(limit = Number.POSITIVE_INFINITY): PageBuffer {
  return { memory: new Uint8Array(FIRST_BUFFER), limit };
}

/** Opens a client; nothing is sent but where a CA has to be found by its fingerprint. It must be disposed. */
export async function openElastic(
  access: ElasticAccess,
  credentials: ElasticCredentials,
  pin?: ElasticPin,
): Promise<Elastic> {
  const { Client } = await import('@elastic/elasticsearch');
  const urls = checkedUrls(access);
  const trust = pin === undefined ? await trustOf(access, urls) : trustOfPin(pin);
  const client = new Client({
    ...(access.cloudId === undefined ? { nodes: [...urls] } : { cloud: { id: access.cloudId } }),
    ...authOf(credentials),
    tls: tlsOf(trust),
    requestTimeout: access.timeoutMs,
    maxRetries: 0,
    // Gzip costs the server more than the network gains within a data centre.
    compression: false,
  });
  const address = access.cloudId === undefined ? urls.join(',') : `cloud ${access.cloudId.split(':')[0]}`;
  const asking = ({ asked, index }: ElasticRequest): Asking => ({ address, asked, index });
  return {
    address,
    pin: { ...trust, ca: trust.ca ?? null },
    async ask(request) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await client.transport.request(paramsOf(request), { headers: headersFor('json') });
        } catch (thrown) {
          const error = elasticFailure(thrown, asking(request));
          // The next attempt goes to the next node.
          if (!error.retry || attempt >= ATTEMPTS + urls.length) throw error;
          await delay(error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1));
        }
      }
    },
    async bytes(request, encoding, buffer) {
      try {
        const options = { headers: headersFor(encoding), asStream: true, meta: true } as const;
        const answer = await client.transport.request(paramsOf(request), options);
        const body = await collect(answer.body as unknown as AsyncIterable<Uint8Array>, buffer, asking(request));
        if ((answer.statusCode ?? 0) < 300) return body;
        throw answerFailure(
          elasticError(answer.statusCode ?? 0, parsed(body, encoding)),
          asking(request),
          retryAfter(answer.headers?.['retry-after']),
        );
      } catch (thrown) {
        throw elasticFailure(thrown, asking(request));
      }
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** `a*,b` as a path: each name escaped, wildcards kept. */
export function indexPath(expression: string): string {
  return expression
    .split(',')
    .map((name) => encodeURIComponent(name.trim()).replaceAll('%2A', '*'))
    .join(',');
}

/** Asks which version it is. Errors: E_SOURCE_VERSION (older than 7.17), E_SOURCE_ACCESS, E_SOURCE_UNREACHABLE. */
export async function askVersion(elastic: Elastic, said: string | undefined): Promise<ElasticVersion> {
  let text: unknown;
  try {
    const answer = (await elastic.ask({ method: 'GET', path: '/', asked: 'ask for its version' })) as {
      version?: { number?: unknown };
    };
    text = answer.version?.number;
  } catch (thrown) {
    // To read an index one need not be allowed to ask about the cluster.
    if (!(thrown instanceof MigrateError) || !thrown.found?.startsWith('403')) throw thrown;
    text = said;
  }
  return versionOf(text, elastic.address);
}

export function versionOf(text: unknown, address: string): ElasticVersion {
  const match = typeof text === 'string' ? /^(\d+)\.(\d+)/.exec(text) : null;
  if (match === null) return { text: 'unknown', major: 8, minor: 0 };
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major > 7 || (major === 7 && minor >= 17)) return { text: String(text), major, minor };
  throw new MigrateError('E_SOURCE_VERSION', 'this Elasticsearch is too old', {
    at: { file: address },
    found: String(text),
    wanted: '7.17, 8 or 9',
    hint: 'upgrade it to 7.17, or restore a snapshot of the index in a newer one',
  });
}

function checkedUrls({ urls, cloudId }: ElasticAccess): readonly string[] {
  if (urls.length > 0 === (cloudId !== undefined))
    throw new MigrateError('E_CONFIG', 'an Elasticsearch source has urls or a cloud id', {
      found: cloudId === undefined ? 'neither' : 'both',
      wanted: 'one of them',
    });
  return urls.map((url) => {
    const parsedUrl = URL.canParse(url) ? new URL(url) : undefined;
    if (parsedUrl === undefined || !/^https?:$/.test(parsedUrl.protocol))
      throw new MigrateError('E_CONFIG', 'not the URL of an Elasticsearch node', {
        found: parsedUrl === undefined ? url.replace(/\/\/[^/]*@/, '//') : `${parsedUrl.protocol}//${parsedUrl.host}`,
        wanted: 'https://host:9200',
      });
    if (parsedUrl.username === '' && parsedUrl.password === '') return url;
    throw new MigrateError('E_CONFIG', 'a URL of Elasticsearch holds a user or password', {
      found: parsedUrl.host,
      wanted: 'user and password in options of their own',
    });
  });
}

function authOf(credentials: ElasticCredentials): {
  auth?: { username: string; password: string } | { apiKey: string } | { bearer: string };
} {
  switch (credentials.kind) {
    case 'none':
      return {};
    case 'basic':
      return { auth: { username: credentials.user, password: credentials.password.reveal() } };
    case 'apiKey':
      return { auth: { apiKey: credentials.key.reveal() } };
    case 'serviceToken':
      return { auth: { bearer: credentials.token.reveal() } };
  }
}

function trustOfPin({ ca, rejectUnauthorized, checkHost }: ElasticPin): Trust {
  return { ca: ca ?? undefined, rejectUnauthorized, checkHost };
}

function tlsOf({ ca, rejectUnauthorized, checkHost }: Trust): {
  ca?: string;
  rejectUnauthorized: boolean;
  checkServerIdentity?: () => undefined;
} {
  return {
    rejectUnauthorized,
    ...(ca === undefined ? {} : { ca }),
    ...(checkHost ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** Plain names: those with `compatible-with` are refused by servers of another major version. */
function headersFor(encoding: Encoding): Record<string, string> {
  return { accept: `application/${encoding}`, 'content-type': 'application/json' };
}

function paramsOf({ method, path, query, body }: ElasticRequest): {
  method: string;
  path: string;
  querystring: Record<string, unknown>;
  body?: string;
} {
  return { method, path, querystring: { ...query }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

async function collect(
  stream: AsyncIterable<Uint8Array>,
  buffer: PageBuffer,
  { address, index }: Asking,
): Promise<Uint8Array> {
  const { limit = Number.POSITIVE_INFINITY } = buffer;
  let length = 0;
  for await (const chunk of stream) {
    // Leaving the loop destroys the stream, and with it the connection.
    if (length + chunk.length > limit) throw answerTooLarge({ address, index, limit });
    if (length + chunk.length > buffer.memory.length) {
      const larger = new Uint8Array(Math.min(limit, Math.max(buffer.memory.length * 2, length + chunk.length)));
      larger.set(buffer.memory.subarray(0, length));
      buffer.memory = larger;
    }
    buffer.memory.set(chunk, length);
    length += chunk.length;
  }
  return buffer.memory.subarray(0, length);
}

/** An error answer; undefined where a proxy sent a page instead. */
function parsed(body: Uint8Array, encoding: Encoding): unknown {
  try {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    return JSON.parse(encoding === 'cbor' ? cborToJson(view, 0).text : Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

function retryAfter(header: unknown): number | undefined {
  const seconds = typeof header === 'string' ? Number(header) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
