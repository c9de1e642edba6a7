/** What goes wrong between us and Elasticsearch, as our errors: who refused what, and what can be done about it. */
import { type ErrorCode, type ErrorDetails, MigrateError, messageOf } from '../../core/errors.ts';

export interface Asking {
  /** Nodes, without credentials. */
  readonly address: string;
  /** What was asked, in a word or two: «open a point in time». */
  readonly asked: string;
  /** Index, where it is about one. */
  readonly index?: string | undefined;
}

/** What an error answer says: `{error: {type, reason, root_cause: [{type, reason}]}, status}`. */
export interface ElasticError {
  readonly status: number;
  /** Of the first root cause, which is more exact than the outer one; a context that is gone counts for more than others. */
  readonly type: string;
  readonly reason: string;
}

const NO_CONTEXT = 'search_context_missing_exception';

/** @param body the answer, parsed; anything else where it is not JSON */
export function elasticError(status: number, body: unknown): ElasticError {
  const error = member(body, 'error');
  if (typeof error === 'string') return { status, type: error, reason: error };
  const roots = member(error, 'root_cause');
  const causes: readonly unknown[] = Array.isArray(roots) && roots.length > 0 ? roots : [error];
  const root = causes.find((cause) => member(cause, 'type') === NO_CONTEXT) ?? causes[0];
  const type = member(root, 'type');
  return {
    status,
    type: typeof type === 'string' ? type : `HTTP ${status}`,
    reason: reasonOf(root) ?? reasonOf(member(error, 'caused_by')) ?? shardsOf(error) ?? 'no reason given',
  };
}

function reasonOf(error: unknown): string | undefined {
  const reason = member(error, 'reason');
  return typeof reason === 'string' && reason !== '' ? reason : undefined;
}

/** Where no more is said than which shards it was: those that no node has. */
function shardsOf(error: unknown): string | undefined {
  const failed = member(error, 'failed_shards');
  if (!Array.isArray(failed) || failed.length === 0) return undefined;
  const shards = failed.map((one) => `[${String(member(one, 'index'))}][${String(member(one, 'shard'))}]`);
  return `${reasonOf(error) ?? 'shards failed'}: ${shards.join(', ')}`;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** Whether a search context (scroll, point in time) is gone: expired, cleared, or its node restarted. */
export function isContextLost({ type, status }: ElasticError): boolean {
  return type === NO_CONTEXT || (status === 404 && type === 'resource_not_found_exception');
}

/** Of a shard that is being recovered, after its node restarted: by their status (404) they would stay. */
const RECOVERING = /^(shard_not_found|illegal_index_shard_state|index_shard_not_(started|recovering))_exception$/;

/** Whether it is the index that lets nobody do that (`index.blocks.read`), not who asks. */
function isBlock({ status, type }: ElasticError): boolean {
  return status === 403 && type === 'cluster_block_exception';
}

/** Whether the same request may be granted later, or as a smaller one. */
export function isOverload({ status, type }: ElasticError): boolean {
  return status === 429 || type === 'circuit_breaking_exception' || type === 'es_rejected_execution_exception';
}

/** An error answer. `retryAfterMs`: of its `Retry-After`. */
export function answerFailure(error: ElasticError, asking: Asking, retryAfterMs?: number): MigrateError {
  const { status, type, reason } = error;
  const place = asking.index === undefined ? {} : { collection: asking.index };
  const at = { ...place, file: asking.address };
  const found = `${status} ${type}: ${reason}`;
  const fail = (code: ErrorCode, message: string, details: ErrorDetails): MigrateError =>
    new MigrateError(code, message, {
      at,
      found,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...details,
    });
  if (status === 401)
    return fail('E_SOURCE_ACCESS', 'Elasticsearch does not know who asks', {
      wanted: 'a user with password, an API key or a service token that it takes',
      hint: 'check user and password, or the API key (base64 of id:key) and whether it has expired',
    });
  if (isBlock(error))
    return fail('E_SOURCE_ACCESS', `a block on the index lets nobody ${asking.asked}`, {
      wanted: 'no index.blocks.read and no index.blocks.metadata',
      hint: `PUT /${asking.index ?? 'INDEX'}/_settings {"index.blocks.read": null, "index.blocks.metadata": null} takes them away`,
    });
  if (status === 403)
    return fail('E_SOURCE_ACCESS', `Elasticsearch knows who asks and does not let him ${asking.asked}`, {
      wanted: 'index privileges read, view_index_metadata and monitor',
      hint: 'give the role or API key these privileges on the index itself (those on an alias do not count)',
    });
  if (type === 'index_not_found_exception')
    return fail('E_SOURCE_NOT_FOUND', 'no such index, alias or data stream', {
      hint: 'GET _cat/indices lists what is there; a name may hold wildcards',
    });
  if (type === 'index_closed_exception')
    return fail('E_SOURCE_NOT_FOUND', 'a closed index gives no documents', { hint: 'POST /INDEX/_open opens it' });
  if (isContextLost(error))
    return fail('E_READ', 'the snapshot of the index is gone: it expired, or its node was restarted', { retry: true });
  if (isOverload(error)) return fail('E_READ', 'Elasticsearch has too much to do', { retry: true });
  if (status === 413) return fail('E_READ', 'the request is larger than Elasticsearch takes', {});
  // 500 comes for partial results too: shards that failed, contexts that ran out.
  if (status === 408 || status >= 500 || RECOVERING.test(type))
    return fail('E_READ', `Elasticsearch could not ${asking.asked}`, { retry: true });
  return fail('E_READ', `Elasticsearch refuses to ${asking.asked}`, {});
}

const TOO_LARGE = 'an answer of Elasticsearch is longer than a page may be';

export function answerTooLarge({
  address,
  index,
  limit,
}: Pick<Asking, 'address' | 'index'> & { limit: number }): MigrateError {
  return new MigrateError('E_READ', TOO_LARGE, {
    at: { ...(index === undefined ? {} : { collection: index }), file: address },
    found: `more than ${limit} bytes`,
    wanted: `at most ${limit} bytes`,
  });
}

/** What an answer's error was, of the error that it became; undefined: it is another. */
function answered({ found }: MigrateError): ElasticError | undefined {
  const match = found === undefined ? null : /^(\d{3}) (.+?): (.*)$/s.exec(found);
  return match === null ? undefined : { status: Number(match[1]), type: match[2]!, reason: match[3]! };
}

/** How a page that failed can be had after all. `other`: as it is, later or never (`retry`). */
export function pageTrouble(error: MigrateError): 'context lost' | 'too large' | 'overload' | 'other' {
  if (error.message === TOO_LARGE) return 'too large';
  const answer = answered(error);
  if (answer === undefined) return /timed out|timeout/i.test(error.found ?? '') ? 'overload' : 'other';
  if (isContextLost(answer)) return 'context lost';
  if (isOverload(answer)) return 'overload';
  // 400: more rows than the index's own max_result_window.
  const window = answer.status === 400 && /window is too large|batch size is too large/i.test(answer.reason);
  return answer.status === 413 || window ? 'too large' : 'other';
}

/** What the cluster keeps a search context for at most (`search.max_keep_alive`), where it was asked for more: `1h`. */
export function longestKeepAlive(error: MigrateError): string | undefined {
  const answer = answered(error);
  if (answer?.status !== 400) return undefined;
  return /keep alive for request \(\w+\) is too large\. it must be less than \(([\d.]+[a-z]+)\)/i.exec(
    answer.reason,
  )?.[1];
}

/** Whether an aggregation came to more buckets than the cluster allows (`search.max_buckets`). */
export function isTooManyBuckets(error: MigrateError): boolean {
  const answer = answered(error);
  return answer !== undefined && /too many buckets/i.test(answer.reason);
}

/** Whether who asks may not do that. */
export function isDenied(thrown: unknown): boolean {
  const answer = thrown instanceof MigrateError ? answered(thrown) : undefined;
  return answer?.status === 403 && !isBlock(answer);
}

/** Whether the index lets nobody do that. */
export function isBlocked(error: MigrateError): boolean {
  const answer = answered(error);
  return answer !== undefined && isBlock(answer);
}

/** Certificate problems by the words that OpenSSL and Node have for them. */
const CERTIFICATE = [
  {
    words: /self.signed certificate|unable to verify|unable to get (local )?issuer|unknown ca/i,
    hint: 'name the file of the cluster’s CA certificate (config/certs/http_ca.crt) or its fingerprint',
  },
  {
    words: /certificate signature failure/i,
    hint: 'somebody else may be answering in the server’s place: it is not the CA that was given who signed this',
  },
  {
    words: /certificate has expired|certificate is not yet valid/i,
    hint: 'renew the certificate, and compare the clocks of both hosts',
  },
  {
    words: /does not match certificate|altnames/i,
    hint: 'use a host name that is in the certificate, or trust the CA by its fingerprint',
  },
] as const;

/** Anything thrown while asking: error answers, broken connections, certificates; errors of ours as they are. */
export function elasticFailure(thrown: unknown, asking: Asking): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  const answer = answerOf(thrown);
  if (answer !== undefined) return answerFailure(elasticError(answer.status, answer.body), asking);
  const name = thrown instanceof Error ? thrown.name : '';
  const found = messageOf(thrown).trim();
  const at = { file: asking.address };
  if (name === 'ProductNotSupportedError')
    return new MigrateError('E_SOURCE_VERSION', 'what answers there is no Elasticsearch from 7.14 on', {
      at,
      found: 'an answer without the header x-elastic-product: Elasticsearch',
      wanted: 'Elasticsearch 7.17, 8 or 9',
      hint: 'OpenSearch and proxies that drop headers are not supported',
    });
  const certificate = CERTIFICATE.find(({ words }) => words.test(found));
  if (certificate !== undefined)
    return new MigrateError('E_SOURCE_ACCESS', 'the certificate of the server is not trusted', {
      at,
      found,
      wanted: 'a certificate that this host can verify',
      hint: certificate.hint,
    });
  return new MigrateError('E_SOURCE_UNREACHABLE', 'Elasticsearch can not be reached', {
    at,
    found,
    retry: true,
    hint: schemeHint(found, asking.address),
    // Not as its cause: what the client throws holds the request's headers.
  });
}

/** Of the client's ResponseError. */
function answerOf(thrown: unknown): { status: number; body: unknown } | undefined {
  if (!(thrown instanceof Error) || thrown.name !== 'ResponseError') return undefined;
  const { statusCode, body } = thrown as Error & { statusCode?: unknown; body?: unknown };
  return typeof statusCode === 'number' ? { status: statusCode, body } : undefined;
}

function schemeHint(found: string, address: string): string {
  if (/wrong version number|packet length too long/i.test(found))
    return 'the server speaks HTTP without TLS: write http:// instead of https://';
  if (/other side closed|socket hang up|ECONNRESET/i.test(found) && address.startsWith('http:'))
    return 'the server may speak HTTPS: try https:// instead of http://';
  return 'check host and port, and whether this host may connect to them';
}
