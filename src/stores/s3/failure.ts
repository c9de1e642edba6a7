/**
 * What goes wrong with S3, in words: the one place that turns an SDK's error into ours.
 *
 * Nothing of the SDK's error goes on but its status, its code and its sentence without the credentials: it carries the
 * request with its headers, and whoever prints a cause would print these.
 */
import { MigrateError, messageOf, systemCode } from '../../core/errors.ts';
import {
  brokenCall,
  connectionVerdict,
  ENDPOINT_HINT,
  type FailedCall,
  refusedCall,
  statusVerdict,
  strangeAnswer,
  type Verdict,
} from '../http/failure.ts';

const KEY_HINT = 'check the access key, the secret key and the session token';

/** By the code in the service's answer. */
const BY_CODE: Readonly<Record<string, Verdict>> = {
  NoSuchBucket: { why: 'the bucket does not exist', hint: 'check the bucket, the endpoint and the region' },
  NoSuchKey: { why: 'the object does not exist', hint: 'check the key and the prefix' },
  NoSuchUpload: { why: 'the upload is gone', hint: 'something aborted it: run the same command again' },
  AccessDenied: {
    why: 'access is denied',
    hint: 'give this key the right to list, read, write and delete there, and to abort multipart uploads',
  },
  AllAccessDisabled: { why: 'access is denied', hint: 'the bucket was shut by its owner' },
  AccountProblem: { why: 'the account has a problem', hint: 'ask the cloud what is wrong with the account' },
  InvalidAccessKeyId: { why: 'the access key is not known there', hint: KEY_HINT },
  SignatureDoesNotMatch: { why: 'the secret key does not fit the access key', hint: KEY_HINT },
  InvalidToken: { why: 'the session token is not valid', hint: KEY_HINT },
  InvalidTokenId: { why: 'the session token is not valid, or has expired', hint: KEY_HINT },
  InvalidSecurity: { why: 'the credentials are not valid', hint: KEY_HINT },
  ExpiredToken: { why: 'the session token has expired', hint: 'get a new one and run the same command again' },
  TokenRefreshRequired: { why: 'the session token has expired', hint: 'get a new one and run the same command again' },
  // The SDK learns the service's clock from this very answer: the same call again is signed with it.
  RequestTimeTooSkewed: { why: "this host's clock is wrong", hint: 'set the clock (NTP)', retry: true },
  RequestExpired: { why: "this host's clock is wrong", hint: 'set the clock (NTP)', retry: true },
  PermanentRedirect: { why: 'the bucket is in another region', hint: 'give its region' },
  TemporaryRedirect: { why: 'the bucket is in another region', hint: 'give its region, or wait if it is new' },
  AuthorizationHeaderMalformed: { why: 'the bucket is in another region', hint: 'give its region' },
  IllegalLocationConstraintException: { why: 'the bucket is in another region', hint: 'give its region' },
  KeyTooLongError: { why: 'the key is too long for the service', hint: 'take a shorter prefix' },
  XMinioInvalidObjectName: {
    why: 'the key has an impossible name',
    hint: 'take a prefix with shorter names between its slashes (MinIO: 255 bytes)',
  },
  InvalidBucketName: { why: 'the bucket has an impossible name', hint: 'check the bucket' },
  BucketAlreadyExists: { why: 'somebody else has a bucket of that name', hint: 'choose another name' },
  InvalidObjectState: { why: 'the object lies in an archive', hint: 'restore it there first' },
  MethodNotAllowed: { why: 'the service does not allow it', hint: ENDPOINT_HINT },
  NotImplemented: { why: 'the service can not do it', hint: 'it lacks a part of S3 that is needed here' },
  EntityTooLarge: { why: 'the object is too large for the service' },
  PreconditionFailed: {
    why: 'the object was changed while it was read',
    hint: 'stop whatever writes to it, and run again',
  },
  InvalidRange: { why: 'the object is shorter than it was', hint: 'stop whatever writes to it, and run again' },
  QuotaExceeded: { why: 'the quota is used up', hint: 'make room and run the same command again' },
  XMinioStorageFull: { why: 'its disks are full', hint: 'make room and run the same command again' },
  // Damaged on the way; the service threw it away.
  XAmzContentChecksumMismatch: { why: 'the bytes were damaged on the way', retry: true },
  XAmzContentSHA256Mismatch: { why: 'the bytes were damaged on the way', retry: true },
  BadDigest: { why: 'the bytes were damaged on the way', retry: true },
  IncompleteBody: { why: 'the request broke off', retry: true },
  RequestTimeout: { why: 'the service waited too long for the request', retry: true },
  OperationAborted: { why: 'the service is busy with the same thing', retry: true },
  InternalError: { why: 'the service failed', retry: true },
  ServiceUnavailable: { why: 'the service is not available', retry: true },
  SlowDown: { why: 'the service asks for fewer requests', retry: true },
  SlowDownRead: { why: 'the service asks for fewer requests', retry: true },
  SlowDownWrite: { why: 'the service asks for fewer requests', retry: true },
  Throttling: { why: 'the service asks for fewer requests', retry: true },
  TooManyRequests: { why: 'the service asks for fewer requests', retry: true },
  // No answer of the service, but of the SDK before anything was sent.
  CredentialsProviderError: {
    why: 'no credentials were found',
    hint: 'give an access key and a secret key, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a role (useIAM)',
  },
  TimeoutError: { why: 'no answer came in time', retry: true, hint: ENDPOINT_HINT },
};

/** By the status, where there is no code (HEAD) or one that is not in the table. */
const BY_STATUS: Readonly<Record<number, Verdict>> = {
  301: { why: 'the bucket is in another region', hint: 'give its region' },
  307: { why: 'the bucket is in another region', hint: 'give its region' },
  400: { why: 'the request was refused', hint: 'check region, credentials and endpoint' },
  401: { why: 'the credentials were refused', hint: KEY_HINT },
  403: { why: 'access is denied', hint: `${KEY_HINT}, and their rights` },
  404: { why: 'there is no such thing', hint: 'check the bucket and the key' },
  405: { why: 'the service does not allow it', hint: ENDPOINT_HINT },
  412: BY_CODE.PreconditionFailed!,
  416: BY_CODE.InvalidRange!,
  507: { why: 'its disks are full', hint: 'make room and run the same command again' },
};

/** What the SDK puts in place of a code that did not come. */
const NO_CODE = new Set(['Error', 'Unknown', 'UnknownError', 'NotFound', 'Forbidden', 'BadRequest', 'SyntaxError']);

interface Answer {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Region of the bucket, where the answer names it. */
  readonly region: string | undefined;
}

/** Status, code and headers of what the service answered, from an error of the SDK. */
export function answerOf(thrown: unknown): Answer {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    readonly name?: unknown;
    readonly Code?: unknown;
    readonly Region?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  const name = [error.Code, error.name].find((code) => typeof code === 'string' && !NO_CODE.has(code));
  const status = error.$metadata?.httpStatusCode ?? undefined;
  const headers = error.$response?.headers ?? {};
  return { status, code: plainCode(name), headers, region: plainCode(error.Region ?? headers['x-amz-bucket-region']) };
}

function plainCode(code: unknown): string | undefined {
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
}

export function s3Failure(thrown: unknown, call: FailedCall): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  const { status, code, headers, region } = answerOf(thrown);
  const known = code === undefined ? undefined : BY_CODE[code];
  // A good status and an error of the system: the answer broke off.
  const broken = status === undefined || (status < 300 && systemCode(thrown) !== undefined);
  if (broken) return brokenCall(thrown, call, known ?? connectionVerdict(thrown) ?? sdkVerdict(messageOf(thrown)));
  const refusal = {
    status,
    code: [code, region && `(region ${region})`].filter(Boolean).join(' '),
    message: messageOf(thrown),
    retryAfter: headers['retry-after'],
  };
  // The status before «no S3»: a gateway answers for a service that is down in HTML.
  const verdict = known ?? statusVerdict(status) ?? (isS3(code, headers) ? BY_STATUS[status] : NO_S3);
  return refusedCall(refusal, call, verdict ?? { why: 'it failed' });
}

const NO_S3: Verdict = { why: 'the endpoint does not answer as S3 does', hint: ENDPOINT_HINT };

/** Of all services known, each names the request in its answer. */
export function isS3(code: string | undefined, headers: Readonly<Record<string, string>>): boolean {
  return code !== undefined || Object.keys(headers).some((name) => name.endsWith('-request-id'));
}

/** What the SDK says before it sends anything. */
function sdkVerdict(message: string): Verdict | undefined {
  if (/Region is missing/.test(message)) return { why: 'no region is known', hint: 'give the region' };
  return /Could not load credentials/.test(message) ? BY_CODE.CredentialsProviderError : undefined;
}

/** What a HEAD, which has no code, was answered with. */
export function noBucket(call: FailedCall): MigrateError {
  const refusal = { status: 404, code: 'NoSuchBucket', message: 'no bucket', retryAfter: undefined };
  return refusedCall(refusal, call, BY_CODE.NoSuchBucket!);
}

/** An answer that came with a good status and is none of S3's. */
export function notS3(call: FailedCall, lacks: string): MigrateError {
  return strangeAnswer(call, 'S3', lacks);
}
