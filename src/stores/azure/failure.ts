/** What goes wrong with Azure Blob Storage, in words: the one place that turns the SDK's errors into ours. */
import { MigrateError, messageOf } from '../../core/errors.ts';
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
import type { StrangeAnswer } from './transport.ts';

export const SERVICE = 'Azure Blob Storage';

const KEY_HINT = 'check the account, its key or the shared access signature';
const RIGHTS_HINT = 'give it the right to list, read, create, write and delete blobs there';
const ROLE_HINT = 'give it the role «Storage Blob Data Contributor» on the container';
const CLOCK: Verdict = { why: "this host's clock is wrong", hint: 'set the clock (NTP)' };
const EXPIRED: Verdict = {
  why: 'the shared access signature has expired, or is not valid yet',
  hint: 'make a new one and run the same command again',
};
const OTHER_KEY: Verdict = {
  why: 'the key does not fit the account, or the signature is not valid',
  hint: `${KEY_HINT} (has it expired?), and this host's clock`,
};
const DENIED: Verdict = { why: 'access is denied', hint: RIGHTS_HINT };
const CHANGED: Verdict = {
  why: 'the object was changed while it was read',
  hint: 'stop whatever writes to it, and run again',
};
const FAILED: Verdict = { why: 'the service failed', retry: true };
const SLOWER: Verdict = { why: 'the service asks for fewer requests', retry: true };
/** The service threw the bytes away. */
const DAMAGED: Verdict = { why: 'the bytes were damaged on the way', retry: true };
const NO_CONTAINER: Verdict = { why: 'the container does not exist', hint: 'check the container and the account' };
const STRANGE: Verdict = { why: `the endpoint does not answer as ${SERVICE} does`, hint: ENDPOINT_HINT };
const LOCKED: Verdict = { why: 'a policy of the container forbids it', hint: 'take a container without such a policy' };

/** By the code in the service's answer. */
const BY_CODE: Readonly<Record<string, Verdict>> = {
  ContainerNotFound: NO_CONTAINER,
  BlobNotFound: { why: 'the object does not exist', hint: 'check the key and the prefix' },
  ContainerBeingDeleted: { why: 'the container is being deleted', hint: 'wait, or take another one', retry: true },
  ContainerDisabled: { why: 'the container is disabled' },
  AuthenticationFailed: OTHER_KEY,
  InvalidAuthenticationInfo: { why: 'the login is not valid, or has expired', hint: KEY_HINT },
  NoAuthenticationInformation: { why: 'the service wants a login', hint: KEY_HINT },
  AuthorizationFailure: { why: 'access is denied', hint: `${KEY_HINT}; ${RIGHTS_HINT}, and let this network in` },
  AuthorizationPermissionMismatch: { why: 'access is denied', hint: `${RIGHTS_HINT}; ${ROLE_HINT}` },
  AuthorizationResourceTypeMismatch: {
    why: 'access is denied',
    hint: 'the signature must cover containers and objects',
  },
  AuthorizationServiceMismatch: { why: 'access is denied', hint: 'the signature must cover the blob service' },
  AuthorizationProtocolMismatch: { why: 'access is denied', hint: 'the signature wants https' },
  AuthorizationSourceIPMismatch: {
    why: 'access is denied',
    hint: 'the signature is for another address than this host',
  },
  InsufficientAccountPermissions: DENIED,
  PublicAccessNotPermitted: { why: 'the service wants a login', hint: KEY_HINT },
  KeyBasedAuthenticationNotPermitted: { why: 'the account takes no keys', hint: 'use a role (useIAM) instead' },
  AccountIsDisabled: { why: 'the account is disabled', hint: 'ask Azure what is wrong with the account' },
  ConditionNotMet: CHANGED,
  InvalidRange: { why: 'the object is shorter than it was', hint: CHANGED.hint! },
  BlobArchived: { why: 'the object lies in an archive', hint: 'restore it there first' },
  BlobImmutableDueToPolicy: LOCKED,
  LeaseIdMissing: { why: 'somebody holds a lease on it', hint: 'end the lease, or take another container' },
  InvalidResourceName: {
    why: 'the container or the key has an impossible name',
    hint: 'containers: 3 to 63 of a-z, 0-9, -',
  },
  InvalidBlobType: {
    why: 'there is a blob of another kind under that name',
    hint: 'delete it, or take another prefix',
  },
  InvalidBlockList: {
    why: 'pieces of the upload are gone',
    hint: 'something deleted them: run the same command again',
  },
  BlockCountExceedsLimit: { why: 'too many pieces lie there that were never completed', hint: 'they vanish in a week' },
  PendingCopyOperation: { why: 'it is being copied to', retry: true },
  Md5Mismatch: DAMAGED,
  Crc64Mismatch: DAMAGED,
  InternalError: FAILED,
  OperationTimedOut: FAILED,
  ServerBusy: SLOWER,
};

const BY_STATUS: Readonly<Record<number, Verdict>> = {
  400: { why: 'the request was refused', hint: 'check container, credentials and endpoint' },
  401: { why: 'the login was refused', hint: KEY_HINT },
  403: { why: 'access is denied', hint: `${KEY_HINT}, and their rights` },
  404: { why: 'there is no such thing', hint: 'check the container and the key' },
  412: CHANGED,
  416: BY_CODE.InvalidRange!,
};

/** Parts of the SDK's error that matter here. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly details?: { readonly message?: unknown; readonly authenticationErrorDetail?: unknown };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

export interface AzureAnswer {
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/** Status and code of what the service answered, from an error of the SDK; an answer to HEAD may have no code. */
export function answerOf(thrown: unknown): AzureAnswer {
  const { statusCode, code, response } = sdkError(thrown);
  const written = code ?? response?.headers?.get('x-ms-error-code');
  const plain = typeof written === 'string' && /^[A-Za-z]\w{1,63}$/.test(written) ? written : undefined;
  return { status: typeof statusCode === 'number' ? statusCode : undefined, code: plain };
}

function sdkError(thrown: unknown): SdkError {
  return typeof thrown === 'object' && thrown !== null ? thrown : {};
}

export function azureFailure(thrown: unknown, call: FailedCall): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  const strange = strangeStatus(thrown);
  if (strange !== undefined) {
    const page: Refusal = { status: strange, code: undefined, message: messageOf(thrown), retryAfter: undefined };
    return refusedCall(page, call, STRANGE);
  }
  const { status, code } = answerOf(thrown);
  if (status === undefined) return brokenCall(thrown, call, loginVerdict(thrown));
  const { response, details } = sdkError(thrown);
  const detail = details?.authenticationErrorDetail ?? details?.message;
  const message = typeof detail === 'string' ? detail : messageOf(thrown);
  const refusal: Refusal = { status, code, message, retryAfter: response?.headers?.get('retry-after') };
  return refusedCall(refusal, call, verdictOf(refusal));
}

function verdictOf({ status, code, message }: Refusal): Verdict {
  if (status === 401 || status === 403) {
    if (/date header|Request date/i.test(message)) return CLOCK;
    if (/not valid in the specified time frame|Signature (has )?expired|\bExpiry\b/i.test(message)) return EXPIRED;
    // Azurite's word for a wrong key.
    if (code === 'AuthorizationFailure' && /failed to authenticate/i.test(message)) return OTHER_KEY;
    if (/Lifetime validation failed|token (is|has) expired/i.test(message)) return BY_CODE.InvalidAuthenticationInfo!;
  }
  const known = BY_CODE[code ?? ''];
  if (known !== undefined) return known;
  return statusVerdict(status) ?? BY_STATUS[status] ?? { why: 'it failed' };
}

/** Of @azure/identity: no answer of the service, but none of its calls was made either. */
function loginVerdict(thrown: unknown): Verdict | undefined {
  const name = String(sdkError(thrown).name ?? '');
  if (name === 'CredentialUnavailableError' || /ChainedTokenCredential authentication failed/.test(messageOf(thrown)))
    return {
      why: 'no credentials were found',
      hint: 'give the account and its key, a shared access signature or a connection string, or run where a role is given (useIAM)',
    };
  if (/Authentication(Required)?Error$/.test(name)) return { why: 'the login was refused', hint: ROLE_HINT };
  if (/not permitted for non-TLS/.test(messageOf(thrown)))
    return { why: 'a role can not be used without https', hint: 'use https, or give the account and its key' };
  return undefined;
}

/** An answer that is none of Azure's, or says that it is XML and is none. */
function strangeStatus(thrown: unknown): number | undefined {
  const { code, statusCode = 200 } = sdkError(thrown);
  if (code === 'PARSE_ERROR' && typeof statusCode === 'number' && statusCode < 300) return statusCode;
  return (thrown as Partial<StrangeAnswer>).strangeStatus;
}

/** Whatever it says, the same read may go well. */
export function brokenBody(thrown: unknown, call: FailedCall): MigrateError {
  return brokenCall(thrown, call, connectionVerdict(thrown) ?? { why: 'the connection broke', retry: true });
}

export function noContainer(call: FailedCall): MigrateError {
  const refusal = { status: 404, code: 'ContainerNotFound', message: 'no container', retryAfter: undefined };
  return refusedCall(refusal, call, NO_CONTAINER);
}

/** The version that was opened is not there any more. */
export function objectGone(call: FailedCall): MigrateError {
  const refusal = { status: 404, code: 'BlobNotFound', message: 'the object is gone', retryAfter: undefined };
  return refusedCall(refusal, call, CHANGED);
}

export function notAzure(call: FailedCall, lacks: string): MigrateError {
  return strangeAnswer(call, SERVICE, lacks);
}
