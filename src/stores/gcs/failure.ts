/** What goes wrong with Google Cloud Storage, in words: the one place that turns its answers into our errors. */
import { MigrateError, messageOf, systemCode } from '../../core/errors.ts';
import {
  brokenCall,
  connectionVerdict,
  ENDPOINT_HINT,
  type FailedCall,
  type Refusal,
  refusedCall,
  statusVerdict,
  strangeAnswer,
  type Verdict,
} from '../http/failure.ts';

export const SERVICE = 'Google Cloud Storage';

const KEY_HINT = 'check the service account, and that its key was not deleted';
const NO_CREDENTIALS: Verdict = {
  why: 'no credentials were found',
  hint: 'name the file of a service account, set GOOGLE_APPLICATION_CREDENTIALS, or run where a role is given (useIAM)',
};
/** Of the login alone: that of our own variable is looked at before. */
const NO_FILE: Verdict = {
  why: 'the file that GOOGLE_APPLICATION_CREDENTIALS names is not there',
  hint: 'check its path, or unset the variable',
};
const CLOCK: Verdict = { why: "this host's clock is wrong", hint: 'set the clock (NTP)' };
const BAD_KEY: Verdict = { why: 'the key of the service account is not accepted', hint: KEY_HINT };
const CHANGED: Verdict = {
  why: 'the object was changed meanwhile',
  hint: 'stop whatever writes to it, and run again',
};
const SLOWER: Verdict = { why: 'the service asks for fewer requests', retry: true };
const FAILED: Verdict = { why: 'the service failed', retry: true };

/** By the reason in the service's answer. */
const BY_REASON: Readonly<Record<string, Verdict>> = {
  forbidden: {
    why: 'access is denied',
    hint: 'give this account the right to list, read, create and delete objects there (roles/storage.objectAdmin)',
  },
  authError: { why: 'the login is not valid, or has expired', hint: KEY_HINT },
  required: { why: 'the service wants a login', hint: NO_CREDENTIALS.hint! },
  accountDisabled: { why: 'the account is shut', hint: 'look after the billing of the project' },
  userProjectMissing: { why: 'the bucket wants its readers to pay', hint: 'such buckets are not supported: copy it' },
  conditionNotMet: CHANGED,
  requestedRangeNotSatisfiable: { why: 'the object is shorter than it was', hint: CHANGED.hint! },
  retentionPolicyNotMet: {
    why: 'a retention policy of the bucket forbids it',
    hint: 'pieces of an upload have to be deleted at its end: take a bucket without such a policy',
  },
  objectUnderActiveHold: { why: 'a hold on the object forbids it', hint: 'take a bucket without default holds' },
  quotaExceeded: { why: 'the quota is used up', hint: 'make room and run the same command again' },
  rateLimitExceeded: SLOWER,
  userRateLimitExceeded: SLOWER,
  backendError: FAILED,
  internalError: FAILED,
};

const BY_STATUS: Readonly<Record<number, Verdict>> = {
  400: { why: 'the request was refused', hint: 'check bucket, credentials and endpoint' },
  401: BY_REASON.authError!,
  403: BY_REASON.forbidden!,
  404: { why: 'there is no such thing', hint: 'check the bucket and the key' },
  409: { why: 'it is there already, or in use' },
  412: CHANGED,
  416: BY_REASON.requestedRangeNotSatisfiable!,
};

const NO_BUCKET: Verdict = { why: 'the bucket does not exist', hint: 'check the bucket and the endpoint' };
/** The service threw the bytes away. */
const DAMAGED: Verdict = { why: 'the bytes were damaged on the way', retry: true };

export function noBucket(call: FailedCall): MigrateError {
  return refusedCall({ status: 404, code: 'notFound', message: 'no bucket', retryAfter: undefined }, call, NO_BUCKET);
}

/** The generation that was opened is not there any more. */
export function objectGone(message: string, call: FailedCall): MigrateError {
  return refusedCall({ status: 404, code: 'notFound', message, retryAfter: undefined }, call, CHANGED);
}

/** @param ownHeaders whether the answer has headers or a body that the service's answers have */
export function gcsRefused(refusal: Refusal, call: FailedCall, ownHeaders: boolean): MigrateError {
  return refusedCall(refusal, call, verdictOf(refusal, ownHeaders));
}

function verdictOf({ status, code, message }: Refusal, ownHeaders: boolean): Verdict {
  const known = BY_REASON[code ?? ''];
  if (known !== undefined) return known;
  if (status === 404 && /bucket does not exist/i.test(message)) return NO_BUCKET;
  if (status === 400 && /(crc32c|md5).*(match|invalid)|doesn't match/i.test(message)) return DAMAGED;
  // Before «not Google's»: a gateway answers for a service that is down in HTML.
  const general = statusVerdict(status);
  if (general !== undefined) return general;
  if (!ownHeaders) return { why: `the endpoint does not answer as ${SERVICE} does`, hint: ENDPOINT_HINT };
  return BY_STATUS[status] ?? { why: 'it failed' };
}

export function gcsBroken(thrown: unknown, call: FailedCall): MigrateError {
  return thrown instanceof MigrateError ? thrown : brokenCall(thrown, call);
}

export function notGcs(call: FailedCall, lacks: string): MigrateError {
  return strangeAnswer(call, SERVICE, lacks);
}

/** An error while signing in: of the library, the token service or the metadata server. */
export function loginFailed(thrown: unknown, call: FailedCall): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  const { status, text } = tokenAnswer(thrown);
  const verdict = loginVerdict(thrown, { status, text });
  if (status === undefined) return brokenCall(thrown, call, verdict);
  return refusedCall({ status, code: undefined, message: text, retryAfter: undefined }, call, verdict);
}

function loginVerdict(thrown: unknown, { status, text }: { status: number | undefined; text: string }): Verdict {
  if (/reasonable timeframe|short-lived token|iat/.test(text)) return CLOCK;
  if (/invalid_grant|invalid_client|unauthorized_client|account not found/i.test(text)) return BAD_KEY;
  if (systemCode(thrown) === 'ENOENT' || /does not exist, or it is not a file/.test(messageOf(thrown))) return NO_FILE;
  if (/Could not (load|refresh)|default credentials|metadata/i.test(messageOf(thrown))) return NO_CREDENTIALS;
  if (/DECODER|PEM|asn1|private key/i.test(`${messageOf(thrown)} ${systemCode(thrown) ?? ''}`))
    return { why: 'the private key of the service account can not be read', hint: KEY_HINT };
  if (status !== undefined) return statusVerdict(status) ?? BAD_KEY;
  return connectionVerdict(thrown) ?? { why: 'signing in failed', hint: KEY_HINT };
}

/** What the token service said: an error of the library carries the request too, with the signed assertion. */
function tokenAnswer(thrown: unknown): { status: number | undefined; text: string } {
  const response = (thrown as { readonly response?: { readonly status?: unknown; readonly data?: unknown } }).response;
  const data = response?.data as { error?: unknown; error_description?: unknown } | undefined;
  const words = [data?.error, data?.error_description].filter((word) => typeof word === 'string');
  const status = typeof response?.status === 'number' ? response.status : undefined;
  return { status, text: words.length > 0 ? words.join(': ') : messageOf(thrown) };
}
