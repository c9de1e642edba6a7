/** What a failed call means: gRPC statuses and Milvus's own status (pkg/util/merr/errors.go) as MigrateErrors. */
import { status as grpc } from '@grpc/grpc-js';
import { type ErrorCode, type ErrorPlace, MigrateError } from '../../core/errors.ts';

/** common.Status as the SDK decodes it. */
export interface ReplyStatus {
  readonly error_code: string;
  /** 0 on servers before 2.3, which fill `error_code` alone. */
  readonly code: number;
  readonly reason: string;
}

/** What grpc-js gives to a callback. */
export interface CallFailure {
  readonly code: number;
  readonly details: string;
}

export interface CallPlace {
  readonly method: string;
  /** host:port */
  readonly address: string;
  readonly at: ErrorPlace;
}

// merr codes, stable since 2.3
const COLLECTION_NOT_FOUND = 100;
const DATABASE_NOT_FOUND = 800;
const NOT_READY = new Set([1, 2, 103, 106, 202, 503, 905]);
const LIMITS = new Set([3, 4, 7, 8, 9, 11, 12, 102, 250, 801, 1102]);
const AUTH = new Set([1400, 1401, 1800]);

// common.ErrorCode, what servers before 2.3 say (and newer ones beside the code)
const OLD_NOT_READY = new Set(['NotReadyServe', 'NotReadyCoordActivating', 'DataCoordNA', 'NoReplicaAvailable']);
const OLD_LIMITS = new Set(['RateLimit', 'ForceDeny', 'MemoryQuotaExhausted', 'DiskQuotaExhausted', 'OutOfMemory']);
const OLD_AUTH = new Set(['PermissionDenied']);

/**
 * The parts of a Milvus that was killed and started again look for their predecessors: for 45 s Flush and LoadCollection
 * fail so (2.3.5, both with code 65535).
 */
const PARTS_APART = /node not (found|match)|unrecoverable error/i;

/** GetLoadState calls a collection loaded of which some partitions are (2.3.5); the others can not be asked then. */
const PARTLY_LOADED = /partition not loaded/i;

export function isSuccess(status: ReplyStatus): boolean {
  return status.code === 0 && (status.error_code === 'Success' || status.error_code === '');
}

export function isNotFound(status: ReplyStatus): boolean {
  if (status.code === COLLECTION_NOT_FOUND || status.code === DATABASE_NOT_FOUND) return true;
  return status.error_code === 'CollectionNotExists' || /can't find collection/i.test(status.reason);
}

/** A rate limit: the same request is taken later. */
export function isRateLimit(status: ReplyStatus): boolean {
  return status.code === 8 || status.code === 11 || status.error_code === 'RateLimit';
}

/** The server answered, and its answer is no. */
export function refused(status: ReplyStatus, place: CallPlace): MigrateError {
  const { code, error_code: name } = status;
  const said = status.reason === '' ? `${name} (${code})` : status.reason;
  if (AUTH.has(code) || OLD_AUTH.has(name)) return denied(said, place);
  if (LIMITS.has(code) || OLD_LIMITS.has(name)) {
    return failure('E_TARGET_LIMIT', `${place.method}: a limit of Milvus is reached`, said, place, isRateLimit(status));
  }
  const retry = NOT_READY.has(code) || OLD_NOT_READY.has(name) || PARTS_APART.test(said);
  if (!retry && PARTLY_LOADED.test(said))
    return new MigrateError('E_TARGET', `Milvus refused ${place.method}`, {
      at: place.at,
      found: withoutTrace(said),
      hint: 'some partitions of the collection are loaded and others are not: load it whole, or release it, and run the same command again',
    });
  return failure('E_TARGET', `Milvus refused ${place.method}`, said, place, retry);
}

const NO_STATUS = 'a reply without a status';

/** The server does not have the call: it said so, or answered with an empty reply. */
export function isNoSuchCall(error: MigrateError): boolean {
  return (
    error.code === 'E_TARGET' &&
    (error.found === NO_STATUS || error.found?.endsWith(`(gRPC ${grpc.UNIMPLEMENTED})`) === true)
  );
}

/** The server does not know the call: the SDK turns that into an empty reply. */
export function unanswered(place: CallPlace): MigrateError {
  return new MigrateError('E_TARGET', `Milvus has no ${place.method}, or answered it without a status`, {
    at: place.at,
    found: NO_STATUS,
    hint: `${place.address} may be a milvus-lite or an old server: Milvus 2.3 or newer has this call`,
  });
}

/** The call itself failed. */
export function broken(error: CallFailure, place: CallPlace): MigrateError {
  switch (error.code) {
    case grpc.UNAUTHENTICATED:
    case grpc.PERMISSION_DENIED:
      return denied(error.details, place);
    case grpc.RESOURCE_EXHAUSTED:
      return failure('E_TARGET_LIMIT', `${place.method}: a limit of Milvus is reached`, error.details, place, false);
    case grpc.UNAVAILABLE:
    case grpc.DEADLINE_EXCEEDED:
    case grpc.CANCELLED:
    case grpc.ABORTED:
    case grpc.INTERNAL:
      return unreachable(error, place);
    default:
      // A Go error that no interceptor gave a code: Milvus closing down says so (`context canceled`, `proxy closed`).
      return failure('E_TARGET', `${place.method} failed`, `${error.details} (gRPC ${error.code})`, place, false);
  }
}

export function unreachable(error: CallFailure, place: CallPlace): MigrateError {
  return new MigrateError('E_TARGET_UNREACHABLE', `Milvus at ${place.address} did not answer ${place.method}`, {
    at: place.at,
    // grpc-js ends with a note for which it often has nothing to say.
    found: error.details.replace(/\s*Resolution note:\s*$/, ''),
    hint: `check that Milvus runs, that ${place.address} is its gRPC port (19530, not the web or metrics port) and is reachable from here, and http or https`,
    retry: true,
  });
}

export function interrupted(method: string): MigrateError {
  return new MigrateError('E_INTERRUPTED', `interrupted while waiting for ${method}`);
}

/** Whether the call surely never left this machine (grpc-js had no connection to send it on). */
export function neverSent(error: CallFailure): boolean {
  return error.code === grpc.UNAVAILABLE && /^(No connection established|Name resolution failed)/.test(error.details);
}

function denied(said: string, place: CallPlace): MigrateError {
  return new MigrateError('E_TARGET_AUTH', `Milvus at ${place.address} refused the user for ${place.method}`, {
    at: place.at,
    found: said,
    hint: 'check user, password or token, and what the user’s role may do',
  });
}

function failure(code: ErrorCode, message: string, said: string, place: CallPlace, retry: boolean): MigrateError {
  return new MigrateError(code, message, { at: place.at, found: withoutTrace(said), retry });
}

/** Milvus appends Go stack traces to some reasons, and puts them before others: `attempt #0: stack trace: …: why`. */
function withoutTrace(said: string): string {
  const lines = said.split('\n');
  return /\bstack trace: /.test(lines[0]!) ? lines.at(-1)!.replace(/^\S+ \S+: /, '') : lines[0]!;
}
