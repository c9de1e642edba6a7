/**
 * The one error class of the project, and the one table that maps its codes to exit codes.
 *
 * An error says what was found, where, what was wanted and what to do. It survives a worker port by
 * `toPlain`/`fromPlain`: a thrown error would lose its class and its own fields there.
 */

/** Process exit codes; they stand in `--help` and in docs/exit-codes.md. */
export const EXIT = {
  /** All rows arrived and were verified. */
  ok: 0,
  /** Anything that has no code of its own (a bug, mostly). */
  other: 1,
  /** Usage or configuration. */
  usage: 2,
  /** The source: missing, damaged, unreadable, changed. */
  source: 3,
  /** The target, the staging area or the state folder. */
  target: 4,
  /** Verification found a difference. */
  verification: 5,
  /** Finished, but rows were rejected, collections withheld or segments skipped. */
  incomplete: 6,
  /** Interrupted by a signal; the job can be resumed. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every error code with its exit code. A code that is not here does not compile. */
export const ERROR_EXIT = {
  // usage and configuration
  E_USAGE: EXIT.usage,
  E_CONFIG: EXIT.usage,
  E_NAME_COLLISION: EXIT.usage,
  E_UNKNOWN_COLLECTION: EXIT.usage,
  E_UNKNOWN_JOB: EXIT.usage,
  E_JOB_LOCKED: EXIT.usage,
  E_SOURCE_CHANGED: EXIT.source,
  // source
  E_SOURCE_NOT_FOUND: EXIT.source,
  E_SOURCE_ACCESS: EXIT.source,
  E_SOURCE_UNREACHABLE: EXIT.source,
  E_SOURCE_VERSION: EXIT.source,
  E_SOURCE_SCHEMA: EXIT.source,
  E_METADATA: EXIT.source,
  E_SEGMENT_MISSING: EXIT.source,
  E_SEGMENT_TRUNCATED: EXIT.source,
  E_SEGMENT_OVERLONG: EXIT.source,
  E_SEGMENT_ROWS: EXIT.source,
  E_DELETED_DOCS: EXIT.source,
  E_DIMENSION: EXIT.source,
  E_METRIC: EXIT.source,
  E_UNFLUSHED: EXIT.source,
  E_WAL: EXIT.source,
  E_DUPLICATE_IDS: EXIT.source,
  E_DUMP_FOLDER: EXIT.source,
  E_FAISS: EXIT.source,
  E_FAISS_UNSUPPORTED: EXIT.source,
  E_READ: EXIT.source,
  // stores, state, staging
  E_STORE: EXIT.target,
  E_NO_SPACE: EXIT.target,
  E_PART_DAMAGED: EXIT.target,
  E_STATE: EXIT.target,
  E_STAGING: EXIT.target,
  // target
  E_TARGET_UNREACHABLE: EXIT.target,
  E_TARGET_AUTH: EXIT.target,
  E_TARGET: EXIT.target,
  E_TARGET_SCHEMA: EXIT.target,
  E_TARGET_LIMIT: EXIT.target,
  E_COLLECTION_NOT_EMPTY: EXIT.target,
  E_COLLECTION_REPLACED: EXIT.target,
  E_IMPORT_FAILED: EXIT.target,
  E_LOAD_IN_DOUBT: EXIT.target,
  // verification
  E_VERIFY: EXIT.verification,
  // the rest
  E_INTERRUPTED: EXIT.interrupted,
  E_INTERNAL: EXIT.other,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof ERROR_EXIT;

/** Where an error was found. All fields optional: an error names what it knows. */
export interface ErrorPlace {
  readonly collection?: string;
  readonly milvusPartition?: string;
  readonly segment?: string;
  readonly file?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  /** Field of a format or key of a configuration. */
  readonly field?: string;
  /** Zero-based row. */
  readonly row?: number;
  /** One-based line of a configuration file. */
  readonly line?: number;
}

export interface ErrorDetails {
  readonly at?: ErrorPlace;
  /** The value that was found, with its unit. */
  readonly found?: string;
  /** The value that was wanted, with its unit. */
  readonly wanted?: string;
  /** What the user can do. */
  readonly hint?: string;
  /** True where the same call may succeed when repeated. */
  readonly retry?: boolean;
  /** What the service asked to wait before the repetition (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An error as plain JSON, for worker ports, checkpoints and `--json`. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly at: ErrorPlace;
  readonly found?: string;
  readonly wanted?: string;
  readonly hint?: string;
  readonly retry: boolean;
  readonly stack?: string;
  readonly cause?: string;
}

export class MigrateError extends Error {
  override readonly name = 'MigrateError';
  readonly code: ErrorCode;
  readonly at: ErrorPlace;
  readonly found: string | undefined;
  readonly wanted: string | undefined;
  readonly hint: string | undefined;
  readonly retry: boolean;
  readonly retryAfterMs: number | undefined;

  /** @param message one sentence without the values: those go into `details`, so that every error prints alike. */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.at = details.at ?? {};
    this.found = details.found;
    this.wanted = details.wanted;
    this.hint = details.hint;
    this.retry = details.retry ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }

  get exitCode(): ExitCode {
    return ERROR_EXIT[this.code];
  }

  /** The same error with more known about its place; what is already known wins. */
  within(place: ErrorPlace): MigrateError {
    const { found, wanted, hint, retry, retryAfterMs, cause } = this;
    const known = given({ found, wanted, hint, retryAfterMs });
    const details: ErrorDetails = { at: { ...place, ...this.at }, retry, cause, ...known };
    const error = new MigrateError(this.code, this.message, details);
    if (this.stack !== undefined) error.stack = this.stack;
    return error;
  }
}

function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system's error code (ENOENT, ENOSPC, …) of a thrown value, if it has one. */
export function systemCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Whether a disk is full, or what this user may have of it. */
export function isFull(thrown: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(systemCode(thrown) ?? '');
}

/** What to do where a disk is full. */
export const MAKE_ROOM = 'make room and run the same command again';

/** What to do where a process has as many files open as it may. */
const MORE_FILES = 'raise the limit of open files (ulimit -n), or take fewer --threads';

interface Unwritten {
  readonly what: string;
  readonly file: string;
  /** What to do where room is not what is lacking. */
  readonly hint?: string;
  /** Where the error itself does not tell it. */
  readonly full?: boolean;
}

/** What the system says of something of ours that could not be made or written: E_NO_SPACE, or E_STATE. */
export function couldNotWrite(thrown: unknown, { what, file, hint, full = isFull(thrown) }: Unwritten): MigrateError {
  const found = messageOf(thrown);
  const advice = given({ hint: full ? MAKE_ROOM : hint });
  return new MigrateError(full ? 'E_NO_SPACE' : 'E_STATE', what, { at: { file }, found, cause: thrown, ...advice });
}

/** Any thrown value as a MigrateError: ours as it is, anything else as `code` with the original as its cause. */
export function toMigrateError(
  thrown: unknown,
  code: ErrorCode = 'E_INTERNAL',
  details: ErrorDetails = {},
): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  if (isOfTheEnd(thrown)) return toMigrateError(thrown.suppressed, code, details);
  // Whatever was written: nothing is wrong with the program.
  if (code === 'E_INTERNAL' && isFull(thrown)) return noSpace(thrown, details);
  if (['EMFILE', 'ENFILE'].includes(systemCode(thrown) ?? ''))
    return new MigrateError(code, messageOf(thrown), { hint: MORE_FILES, cause: thrown, ...details });
  return new MigrateError(code, messageOf(thrown), { cause: thrown, ...details });
}

/** What failed while `using` ended what an earlier failure had ended: that one counts. Node 20 has no class of that name. */
function isOfTheEnd(thrown: unknown): thrown is { readonly suppressed: unknown } {
  return thrown instanceof Error && thrown.name === 'SuppressedError' && 'suppressed' in thrown;
}

/** Throws `first` when `end` is through: where that fails, too, it is for the same reason or says less. Await it within `using`. */
export async function throwAfter(first: unknown, end: () => Promise<void>): Promise<never> {
  try {
    await end();
  } catch (thrown) {
    if (toMigrateError(thrown).code === 'E_INTERNAL') throw thrown;
  }
  throw first;
}

function noSpace(thrown: unknown, details: ErrorDetails): MigrateError {
  const path = (thrown as { readonly path?: unknown }).path;
  return new MigrateError('E_NO_SPACE', 'no space left to write', {
    ...(typeof path === 'string' ? { at: { file: path } } : {}),
    found: messageOf(thrown),
    hint: MAKE_ROOM,
    cause: thrown,
    ...details,
  });
}

export function toPlain(thrown: unknown): PlainError {
  const error = toMigrateError(thrown);
  const { code, message, at, found, wanted, hint, retry, stack } = error;
  const cause = error.cause === undefined ? undefined : messageOf(error.cause);
  return { code, message, at, retry, ...given({ found, wanted, hint, stack, cause }) };
}

export function fromPlain(plain: PlainError): MigrateError {
  const { code, message, stack, ...details } = plain;
  const error = new MigrateError(code, message, details);
  if (stack !== undefined) error.stack = stack;
  return error;
}
