/**
 * One bucket of Google Cloud Storage as the files of this folder see it: calls of its JSON API (v1) whose errors are
 * ours. The SDK signs in; the requests are made here, because the SDK passes each byte through a chain of streams and
 * computes its checksum there, byte by byte.
 */
import type { IncomingMessage } from 'node:http';
import type { ObjectStoreConfig } from '../../core/contracts.ts';
import type { MigrateError } from '../../core/errors.ts';
import { type Connections, type HttpAnswer, readText } from '../http/connections.ts';
import type { FailedCall } from '../http/failure.ts';
import { createPace, type Pace } from '../http/pace.ts';
import { type StoreNames, storeNames } from '../names.ts';
import { once } from '../once.ts';
import { gcsBroken, gcsRefused, loginFailed, noBucket, notGcs, objectGone } from './failure.ts';
import type { Login } from './login.ts';

/** What was tried, as in «could not …», and on which path. */
export interface Doing {
  readonly what: string;
  readonly path: string;
}

export interface GcsRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Names from the API's root on: `['b', bucket, 'o', key]`. */
  readonly at: readonly string[];
  /** Where uploads go. */
  readonly upload?: boolean;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: readonly Uint8Array[];
  readonly signal?: AbortSignal | undefined;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface GcsSession extends StoreNames {
  readonly pace: Pace;
  readonly bucket: string;
  /** Whether a bucket that is not there is one that will be made: then it is empty until the first write. */
  readonly createsBucket: boolean;
  /** One request; its answer's JSON, `{}` for a deletion. */
  call(doing: Doing, request: GcsRequest): Promise<Fields>;
  /** As `call`; undefined where the service answers with this status. */
  unless(status: number, doing: Doing, request: GcsRequest): Promise<Fields | undefined>;
  /** One request for the bytes of an object that was there. What goes wrong in `read` is named like what goes wrong before. */
  stream<T>(
    doing: Doing,
    request: GcsRequest,
    read: (headers: IncomingMessage['headers'], body: IncomingMessage) => Promise<T>,
  ): Promise<T>;
  /** The field, or an error: an answer with a good status that lacks it is not Google's. */
  must(fields: Fields, field: string, doing: Doing): string;
  failed(doing: Doing): FailedCall;
  /** Before the first write: looks for the bucket and makes it, where the configuration says so. */
  ready(): Promise<void>;
  /** Whether the bucket is there; asked of the service until it is. */
  bucketExists(): Promise<boolean>;
}

export interface SessionParts {
  readonly config: ObjectStoreConfig;
  /** Without a path. */
  readonly endpoint: URL;
  readonly connections: Connections;
  readonly login: Login;
}

export function gcsSession({ config, endpoint, connections, login }: SessionParts): GcsSession {
  const names = storeNames(config);
  const { bucket } = config;
  const failed = ({ what, path }: Doing): FailedCall => ({
    what,
    place: names.describe(path),
    endpoint: endpoint.origin,
    secrets: login.secrets,
    answered: connections.answered,
  });
  const send = async (doing: Doing, request: GcsRequest): Promise<HttpAnswer> => {
    const own = await login.headers().catch((thrown: unknown) => {
      throw loginFailed(thrown, failed({ what: `${doing.what}, signing in`, path: doing.path }));
    });
    const json = request.json === undefined ? [] : [Buffer.from(JSON.stringify(request.json))];
    const type: Record<string, string> = json.length > 0 ? { 'content-type': 'application/json' } : {};
    return connections.send({
      url: urlOf(endpoint, request),
      method: request.method,
      headers: { ...type, ...request.headers, ...own },
      body: request.body ?? json,
      signal: request.signal,
    });
  };
  const named = async <T>(doing: Doing, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw gcsBroken(thrown, failed(doing));
    }
  };
  const unless = (status: number, doing: Doing, request: GcsRequest): Promise<Fields | undefined> =>
    named(doing, async () => {
      const answer = await send(doing, request);
      const text = await readText(answer);
      if (answer.status === status) return undefined;
      if (!isGood(answer)) throw refusal(answer, text, failed(doing));
      // Google says nothing to a deletion, others say something.
      const fields = request.method === 'DELETE' ? {} : jsonFields(text);
      if (fields === undefined) throw notGcs(failed(doing), 'JSON');
      return fields;
    });
  const call = async (doing: Doing, request: GcsRequest): Promise<Fields> =>
    (await unless(NEVER, doing, request)) as Fields;
  const bucketExists = once(async () => {
    const doing = { what: 'look for the bucket', path: '' };
    return named(doing, async () => {
      const answer = await send(doing, { method: 'GET', at: ['b', bucket], query: { fields: 'name' } });
      const text = await readText(answer);
      // Refused: it may not be looked at, but its objects may.
      if (isGood(answer) || [401, 403].includes(answer.status)) return true;
      if (answer.status === 404 && isOwn(answer, text)) return undefined;
      throw refusal(answer, text, failed(doing));
    });
  });
  const ready = once(async () => {
    if (config.createBucket && (await bucketExists()) !== true) await makeBucket();
    return true;
  });
  const makeBucket = async (): Promise<void> => {
    const doing = { what: 'make the bucket', path: '' };
    const project = await login.project().catch((thrown: unknown) => {
      throw loginFailed(thrown, failed({ what: 'make the bucket, looking for its project', path: '' }));
    });
    const json = { name: bucket, ...(config.region === undefined ? {} : { location: config.region }) };
    // 409: another worker was quicker.
    await unless(409, doing, { method: 'POST', at: ['b'], query: { project }, json });
  };
  return {
    ...names,
    pace: createPace(),
    bucket,
    createsBucket: config.createBucket,
    call,
    unless,
    stream: (doing, request, read) =>
      named(doing, async () => {
        const answer = await send(doing, request);
        if (isGood(answer)) return read(answer.headers, answer.body);
        const text = await readText(answer);
        throw answer.status === 404 ? objectGone(text, failed(doing)) : refusal(answer, text, failed(doing));
      }),
    must(fields, field, doing) {
      const value = fields[field];
      if (typeof value !== 'string') throw notGcs(failed(doing), field);
      return value;
    },
    failed,
    ready: async () => void (await ready()),
    bucketExists: async () => (await bucketExists()) === true,
  };
}

/** No answer has this status. */
const NEVER = -1;

/** The object itself: `…/b/BUCKET/o/KEY`. */
export function objectAt(session: GcsSession, path: string): readonly string[] {
  return ['b', session.bucket, 'o', session.key(path)];
}

/** An object that is not there, in a bucket that is: else an error. */
export async function absent(session: GcsSession, doing: Doing): Promise<undefined> {
  if (session.createsBucket || (await session.bucketExists())) return undefined;
  throw noBucket(session.failed(doing));
}

function urlOf(endpoint: URL, { at, upload = false, query = {} }: GcsRequest): URL {
  const url = new URL(`${upload ? '/upload' : ''}/storage/v1/${at.map(encodeURIComponent).join('/')}`, endpoint);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

function isGood({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** Whether it is an answer of Google's, or of something that speaks as it does. */
function isOwn({ headers }: HttpAnswer, text: string): boolean {
  return headers['x-guploader-uploadid'] !== undefined || jsonFields(text)?.error !== undefined;
}

/** `{"error":{"code":404,"message":"…","errors":[{"reason":"notFound"}]}}`; answers about an object's bytes are plain text. */
function refusal(answer: HttpAnswer, text: string, call: FailedCall): MigrateError {
  const error = jsonFields(text)?.error as { message?: unknown; errors?: readonly { reason?: unknown }[] } | undefined;
  const reason = error?.errors?.[0]?.reason;
  const message = typeof error?.message === 'string' ? error.message : text;
  const code = typeof reason === 'string' && /^\w{1,64}$/.test(reason) ? reason : undefined;
  const retryAfter = answer.headers['retry-after'];
  return gcsRefused({ status: answer.status, code, message, retryAfter }, call, isOwn(answer, text));
}

function jsonFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    // Whoever called says what was wanted instead.
    return undefined;
  }
}
