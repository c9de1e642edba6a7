/**
 * What goes wrong between here and a service, in words, and the one shape of all errors of the stores that speak HTTP.
 *
 * Nothing of an SDK's error goes on but its status, its code and its sentence without the credentials: it carries the
 * request with its headers, and whoever prints a cause would print these.
 */
import { MigrateError, messageOf, systemCode } from '../../core/errors.ts';

export interface FailedCall {
  /** What was tried, as in «could not …». */
  readonly what: string;
  /** gs://bucket/key */
  readonly place: string;
  /** What answered, or should have. */
  readonly endpoint: string;
  /** What must not be in any message. */
  readonly secrets: readonly string[];
  /** Whether it has answered before. */
  readonly answered: boolean;
}

export interface Verdict {
  readonly why: string;
  readonly hint?: string;
  /** `answered`: only where it has answered before; else it is a wrong address, and waiting is in vain. */
  readonly retry?: boolean | 'answered';
}

/** What a service said no with. */
export interface Refusal {
  readonly status: number;
  /** The service's own code. */
  readonly code: string | undefined;
  /** The service's sentence. */
  readonly message: string;
  /** `Retry-After`. */
  readonly retryAfter: string | undefined;
}

export const ENDPOINT_HINT = 'check the endpoint: host, port, and whether it wants https (useSSL)';

const BROKE: Verdict = { why: 'the connection broke', retry: true };

const BY_SYSTEM: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: { why: 'nothing listens there', hint: ENDPOINT_HINT, retry: 'answered' },
  ECONNRESET: BROKE,
  ECONNABORTED: BROKE,
  EPIPE: BROKE,
  ERR_STREAM_PREMATURE_CLOSE: BROKE,
  ERR_STREAM_DESTROYED: BROKE,
  ETIMEDOUT: { why: 'no answer came in time', hint: ENDPOINT_HINT, retry: true },
  EHOSTUNREACH: { why: 'the host can not be reached', hint: ENDPOINT_HINT, retry: 'answered' },
  ENETUNREACH: { why: 'the network can not be reached', hint: ENDPOINT_HINT, retry: 'answered' },
  EADDRNOTAVAIL: { why: 'this host has no port left', retry: true },
  EAI_AGAIN: { why: 'the name of the endpoint could not be looked up now', retry: true },
  ENOTFOUND: { why: 'the endpoint has no address', hint: 'check the name of the endpoint' },
  EPROTO: { why: 'the endpoint does not speak TLS as it should', hint: 'useSSL: false, or http:// in the endpoint' },
};

const TLS: Verdict = {
  why: 'the TLS connection is not trusted',
  hint: 'if the certificate is your own, name the file of its authority in NODE_EXTRA_CA_CERTS before the start',
};

/** By the status, where the service's code says nothing more. */
const BY_STATUS: Readonly<Record<number, Verdict>> = {
  408: { why: 'the service waited too long for the request', retry: true },
  429: { why: 'the service asks for fewer requests', retry: true },
  500: { why: 'the service failed', retry: true },
  502: { why: 'the service behind the gateway failed', retry: true },
  503: { why: 'the service is not available', retry: true },
  504: { why: 'the service behind the gateway did not answer', retry: true },
};

export function statusVerdict(status: number): Verdict | undefined {
  return BY_STATUS[status] ?? (status >= 500 ? BY_STATUS[500] : undefined);
}

/** undefined: it was nothing that the system reported. */
export function connectionVerdict(thrown: unknown): Verdict | undefined {
  const code = systemCode(thrown);
  if (code === undefined) return /socket hang up|^aborted$/.test(messageOf(thrown)) ? BROKE : undefined;
  if (code.startsWith('HPE_')) return { why: 'the endpoint does not speak HTTP', hint: ENDPOINT_HINT };
  if (BY_SYSTEM[code] !== undefined) return BY_SYSTEM[code];
  return /CERT|SELF_SIGNED|TLS|SSL|LEAF_SIGNATURE/.test(code) ? TLS : undefined;
}

/** For an error that came instead of an answer. */
export function brokenCall(thrown: unknown, call: FailedCall, known?: Verdict): MigrateError {
  const { why, hint, retry = false } = known ?? connectionVerdict(thrown) ?? { why: 'it failed' };
  const found = [systemCode(thrown), `from ${call.endpoint}`].filter(Boolean).join(' ');
  return new MigrateError('E_STORE', `could not ${call.what}: ${why}`, {
    at: { file: call.place },
    found,
    retry: retry === 'answered' ? call.answered : retry,
    cause: new Error(clean(messageOf(thrown), call.secrets)),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** For an answer that says no. */
export function refusedCall(refusal: Refusal, call: FailedCall, { why, hint, retry = false }: Verdict): MigrateError {
  const retryAfterMs = waitAsked(refusal.retryAfter);
  const found = [`HTTP ${refusal.status}`, refusal.code, `from ${call.endpoint}`];
  return new MigrateError('E_STORE', `could not ${call.what}: ${why}`, {
    at: { file: call.place },
    found: found.filter(Boolean).join(' '),
    retry: retry === true,
    cause: new Error(clean(refusal.message, call.secrets)),
    ...(hint === undefined ? {} : { hint }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** An answer with a good status that is none of the service's. */
export function strangeAnswer(call: FailedCall, service: string, lacks: string): MigrateError {
  return new MigrateError('E_STORE', `could not ${call.what}: the endpoint does not answer as ${service} does`, {
    at: { file: call.place },
    found: `an answer without ${lacks} from ${call.endpoint}`,
    hint: ENDPOINT_HINT,
  });
}

/** Milliseconds of a `Retry-After` header: seconds, or a date. */
function waitAsked(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** One line without the credentials. */
function clean(text: string, secrets: readonly string[]): string {
  const open = secrets
    .filter((secret) => secret !== '')
    .reduce((line, secret) => line.replaceAll(secret, '[secret]'), text);
  return open.split('\n', 1)[0]!.slice(0, 300);
}
