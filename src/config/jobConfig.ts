/** A whole job from what is not to be as by default: for callers of the library, who have neither flags nor a file. */
import { resolve } from 'node:path';
import { emptyDraft, type Surroundings, surroundings } from './defaults.ts';
import { parseAddress } from './endpoint.ts';
import type { DumpedSource, JobConfig, Milvus1xSource, SourceConfig, TargetConfig } from './job.ts';
import { Secret } from './secret.ts';

/** A source: its kind, and what it cannot do without. Relative paths are meant from the current folder. */
export type SourceChoice =
  | ({ readonly kind: 'milvus1x' } & Partial<Milvus1xSource>)
  | (Pick<DumpedSource, 'kind' | 'dir'> & Partial<DumpedSource>);

/** A target: its address, which may carry a user and password (they are taken out of it), and what else is known. */
export type TargetChoice = Pick<TargetConfig, 'endpoint'> &
  Partial<Omit<TargetConfig, 'password' | 'token'>> & {
    readonly password?: Secret | string | undefined;
    readonly token?: Secret | string | undefined;
  };

/** The folder for the files; `seenAs` is the same path, and they are cleaned once loaded and verified, unless said. */
export type FilesChoice = Pick<NonNullable<JobConfig['files']>, 'dir'> & Partial<NonNullable<JobConfig['files']>>;

/** What of a job is said; everything else is as by default. */
export type JobChoices = Partial<Omit<JobConfig, 'source' | 'target' | 'files' | 'modeGiven'>> & {
  readonly source: SourceChoice;
  /** An address does. Absent: files only. */
  readonly target?: TargetChoice | string | undefined;
  /** A folder does. Absent: rows are streamed. */
  readonly files?: FilesChoice | string | undefined;
};

/**
 * The job that `choices` mean, with every default filled in: those of the command line.
 *
 * @example
 * const job = jobConfig({ source: { kind: 'milvus1x', path: '/var/lib/milvus/db' }, target: 'http://localhost:19530' });
 * const report = await migrate(job, 'all');
 * @param around the environment is asked for the state folder alone; by default that of the process
 * @throws MigrateError E_USAGE where the target's address is none
 */
export function jobConfig(
  choices: JobChoices,
  around: Surroundings = surroundings(process.env, process.cwd()),
): JobConfig {
  const { source, target, files, ...rest } = said(choices);
  const { cwd } = around;
  const from = sourceOf(source, cwd);
  const draft = { ...emptyDraft(around), ...rest };
  return {
    ...draft,
    source: from,
    target: target === undefined ? undefined : targetOf(target),
    files: filesOf(files, from, cwd),
    modeGiven: choices.mode !== undefined,
    stateDir: resolve(cwd, draft.stateDir),
    rejectFile: draft.rejectFile === undefined ? undefined : resolve(cwd, draft.rejectFile),
  };
}

function sourceOf(choice: SourceChoice, cwd: string): SourceConfig {
  if (choice.kind === 'dumped') return { oldLayout: false, ...said(choice), dir: resolve(cwd, choice.dir) };
  const { path, meta, tablesDir, skipBadSegments = false, ignoreUnflushed = false } = choice;
  return {
    kind: 'milvus1x',
    path: path === undefined ? undefined : resolve(cwd, path),
    meta: meta === undefined || meta.kind === 'mysql' ? meta : { ...meta, file: resolve(cwd, meta.file) },
    tablesDir: tablesDir === undefined ? undefined : resolve(cwd, tablesDir),
    skipBadSegments,
    ignoreUnflushed,
  };
}

function targetOf(choice: TargetChoice | string): TargetConfig {
  const { endpoint, user, password, token, database }: TargetChoice =
    typeof choice === 'string' ? { endpoint: choice } : choice;
  const address = parseAddress(endpoint, 'target.endpoint');
  return {
    endpoint: address.endpoint,
    user: user ?? address.user,
    password: secretOf(password) ?? address.password,
    token: secretOf(token),
    database,
  };
}

function secretOf(value: Secret | string | undefined): Secret | undefined {
  return typeof value === 'string' ? new Secret(value) : value;
}

function filesOf(choice: FilesChoice | string | undefined, source: SourceConfig, cwd: string): JobConfig['files'] {
  const chosen = typeof choice === 'string' ? { dir: choice } : choice;
  // A dumped folder is where its files are, and they are not this job's to clean.
  if (source.kind === 'dumped') {
    const { dir, oldLayout } = source;
    return { dir, seenAs: chosen?.seenAs ?? dir, oldLayout, keep: true };
  }
  if (chosen === undefined) return undefined;
  const dir = resolve(cwd, chosen.dir);
  return { dir, seenAs: chosen.seenAs ?? dir, oldLayout: chosen.oldLayout ?? false, keep: chosen.keep ?? false };
}

/** Without what is undefined: that is as if it were not there. */
function said<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
