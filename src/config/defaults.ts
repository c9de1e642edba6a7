/** A job in which nothing was said yet: the defaults, in one place. */
import { availableParallelism, homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { JobConfig, SourceConfig } from './job.ts';
import { withState } from './stateWord.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a job's defaults depend on besides the program itself. */
export interface Surroundings {
  readonly env: Environment;
  /** Relative paths are meant from here. */
  readonly cwd: string;
  readonly threads: number;
}

/** A job on its way to be whole: everything but the source has a default. */
export type JobDraft = Omit<JobConfig, 'source'> & { readonly source: SourceConfig | undefined };

/** Bytes of one part. */
export const DEFAULT_PART_BYTES = 512e6;
/** Import tasks that a Milvus is given at a time. It runs them one after another anyway; a few keep its queue filled. */
export const DEFAULT_LOAD_TASKS = 4;
export const DEFAULT_ID_FIELD = 'id';
export const DEFAULT_VECTOR_FIELD = 'data';

export function surroundings(env: Environment, cwd: string): Surroundings {
  return { env, cwd, threads: availableParallelism() };
}

/**
 * Where jobs are kept: MILVUS_MIGRATE_STATE, $XDG_STATE_HOME/milvus-migrate, ~/.local/state/milvus-migrate. Where the first
 * names a database, one of the others is for working files.
 */
export function stateOf(env: Environment, cwd: string): Pick<JobConfig, 'stateDir' | 'state'> {
  const usual = { stateDir: usualStateDir(env), state: undefined };
  return given(env.MILVUS_MIGRATE_STATE) ? withState(usual, env.MILVUS_MIGRATE_STATE, cwd) : usual;
}

function usualStateDir(env: Environment): string {
  // The XDG specification: a relative path is to be ignored.
  const xdg = env.XDG_STATE_HOME;
  if (given(xdg) && isAbsolute(xdg)) return join(xdg, 'milvus-migrate');
  return join(given(env.HOME) ? env.HOME : homedir(), '.local', 'state', 'milvus-migrate');
}

function given(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

export function emptyDraft({ env, cwd, threads }: Surroundings): JobDraft {
  return {
    source: undefined,
    collections: undefined,
    merge: [],
    onDuplicate: 'fail',
    targetName: undefined,
    files: undefined,
    target: undefined,
    transforms: [],
    format: undefined,
    idField: DEFAULT_ID_FIELD,
    vectorField: DEFAULT_VECTOR_FIELD,
    dynamicField: false,
    shards: undefined,
    consistencyLevel: undefined,
    mode: 'append',
    modeGiven: false,
    index: { kind: 'auto' },
    loadCollection: true,
    verify: 'auto',
    threads,
    partBytes: DEFAULT_PART_BYTES,
    loadTasks: DEFAULT_LOAD_TASKS,
    ...stateOf(env, cwd),
    credentials: { source: undefined, files: undefined },
    rejectFile: undefined,
    fresh: false,
    checkParts: false,
  };
}
