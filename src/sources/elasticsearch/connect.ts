/**
 * The connection to an Elasticsearch cluster: questions by the official client, which is loaded for the first of them,
 * pages by pageClient.ts; the same nodes, login and TLS for both.
 *
 * Nothing is repeated in here but questions that change nothing: a page of a scroll that is asked for twice is lost.
 */
import type { ElasticAccess, ElasticCredentials } from '../../config/elasticsearch.ts';
import { tellAgain } from '../../core/again.ts';
import { MigrateError } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import { cborToJson } from '../../formats/cbor/toJson.ts';
import { type Asking, answerFailure, answerTooLarge, elasticError, elasticFailure } from './failures.ts';
import { checkHead, checkObject } from './gateway.ts';
import { cloudAddress, createPageClient } from './pageClient.ts';
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
  /** As `ask`, with the answer as text: parsed, a number beyond 2^53 would be another one. */
  text(request: ElasticRequest): Promise<string>;
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

/** Grows to the largest page and is used again for each. */
export interface PageBuffer {
  memory: Uint8Array;
  /** Bytes that an answer may have at most; a longer one is given up. Absent: any number. */
  readonly limit?: number;
}

/** Buffers of a worker: each is one page's at a time, and goes back for the next, of whatever partition. */
export interface PageBuffers {
  take(): PageBuffer;
  give(buffer: PageBuffer): void;
}

/** @param limit see PageBuffer */
export function createPageBuffers(limit?: number): PageBuffers {
  const free: PageBuffer[] = [];
  return {
    take: () => free.pop() ?? createPageBuffer(limit),
    give: (buffer) => void free.push(buffer),
  };
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
  const urls = checkedUrls(access);
  const trust = pin === undefined ? await trustOf(access, urls) : trustOfPin(pin);
  const tls = tlsOf(trust);
  const open = async () => {
    const { Client, ClusterConnectionPool } = await import('@elastic/elasticsearch');
    return new Client({
      // The client's own choice weighs nodes: once each has failed, it finds none for the next calls. This one always gives one.
      ConnectionPool: ClusterConnectionPool,
      resurrectStrategy: 'optimistic',
      ...(access.cloudId === undefined ? { nodes: [...urls] } : { cloud: { id: access.cloudId } }),
      ...authOf(credentials),
      tls,
      requestTimeout: access.timeoutMs,
      maxRetries: 0,
      // Gzip costs the server more than the network gains within a data centre.
      compression: false,
    });
  };
  let opened: ReturnType<typeof open> | undefined;
  const clientOf = (): ReturnType<typeof open> => {
    opened ??= open();
    return opened;
  };
  const nodes = access.cloudId === undefined ? urls : [cloudNode(access.cloudId)];
  const pages = createPageClient({ nodes, credentials, tls, timeoutMs: access.timeoutMs });
  const address = access.cloudId === undefined ? urls.join(',') : `cloud ${access.cloudId.split(':')[0]}`;
  const asking = ({ asked, index }: ElasticRequest): Asking => ({ address, asked, index });
  const patiently = async <T>(request: ElasticRequest, once: () => Promise<T>): Promise<T> => {
    let answer: MigrateError | undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await once();
      } catch (thrown) {
        const error = elasticFailure(thrown, asking(request));
        // Of a node that is gone nothing is learnt: what another one answered says why.
        if (error.code !== 'E_SOURCE_UNREACHABLE') answer = error;
        // What is final is why it ends, whatever was answered before.
        if (!error.retry) throw error;
        // The next attempt goes to the next node.
        if (attempt >= ATTEMPTS + urls.length) throw answer ?? error;
        tellAgain(error, attempt);
        await pause(error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1));
      }
    }
  };
  const bytes: Elastic['bytes'] = async (request, encoding, buffer) => {
    try {
      const { method, path, querystring, body } = paramsOf(request);
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(querystring)) query.set(key, String(value));
      const asked = { method, path: `${path}?${query}`, headers: headersFor(encoding), body };
      const { take, taken } = collector(buffer, asking(request));
      const { status, headers } = await pages.send(asked, take);
      checkHead({ status, headers }, asking(request));
      const answer = taken();
      if (status < 300) return answer;
      const error = elasticError(status, parsed(answer, encoding));
      throw answerFailure(error, asking(request), retryAfter(headers['retry-after']));
    } catch (thrown) {
      throw elasticFailure(thrown, asking(request));
    }
  };
  return {
    address,
    pin: { ...trust, ca: trust.ca ?? null },
    async ask(request) {
      const client = await clientOf();
      return await patiently(request, async () => {
        const how = { headers: headersFor('json'), meta: true } as const;
        const { body, statusCode, headers } = await client.transport.request(paramsOf(request), how);
        // What is compressed it has unpacked.
        checkHead({ status: statusCode, headers: { location: headers?.location } }, asking(request));
        checkObject(body, asking(request));
        return body;
      });
    },
    text: (request) =>
      patiently(request, async () => Buffer.from(await bytes(request, 'json', createPageBuffer())).toString('utf8')),
    bytes,
    async [Symbol.asyncDispose]() {
      pages.close();
      await (await opened)?.close();
    },
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

function cloudNode(cloudId: string): string {
  const address = cloudAddress(cloudId);
  if (address !== undefined) return address;
  throw new MigrateError('E_CONFIG', 'not a cloud id', {
    found: cloudId.split(':')[0] ?? '',
    wanted: "name:base64, as the deployment's page shows it",
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
  return { accept: `application/${encoding}`, 'accept-encoding': 'identity', 'content-type': 'application/json' };
}

function paramsOf({ method, path, query, body }: ElasticRequest): {
  method: string;
  path: string;
  querystring: Record<string, unknown>;
  body?: string;
} {
  return { method, path, querystring: { ...query }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** Puts the pieces of an answer one behind the other. */
function collector(
  buffer: PageBuffer,
  { address, index }: Asking,
): { take(piece: Uint8Array): void; taken(): Uint8Array } {
  const { limit = Number.POSITIVE_INFINITY } = buffer;
  let length = 0;
  return {
    take(piece) {
      if (length + piece.length > limit) throw answerTooLarge({ address, index, limit });
      if (length + piece.length > buffer.memory.length) {
        const larger = new Uint8Array(Math.min(limit, Math.max(buffer.memory.length * 2, length + piece.length)));
        larger.set(buffer.memory.subarray(0, length));
        buffer.memory = larger;
      }
      buffer.memory.set(piece, length);
      length += piece.length;
    },
    taken: () => buffer.memory.subarray(0, length),
  };
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
