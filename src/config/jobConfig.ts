/** A whole job from what is not to be as by default: for callers of the library, who have neither flags nor a file. */
import { resolve } from 'node:path';
import type { CredentialName, ObjectStoreConfig, StoreCredentials } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import { checkConfig } from './checkConfig.ts';
import { emptyDraft, type JobDraft, type Surroundings, surroundings } from './defaults.ts';
import { chooseLogin, loginFromEnvironment } from './elasticLogin.ts';
import { elasticSource, withDynamicField } from './elasticSource.ts';
import type { ElasticAccess, ElasticChoices, ElasticCredentials, ElasticsearchSource } from './elasticsearch.ts';
import { parseElasticNode } from './elasticUrl.ts';
import { parseAddress } from './endpoint.ts';
import { dumpedAt, faissAt, filesAt } from './ends.ts';
import { faissSource } from './faissSource.ts';
import type {
  DumpedSource,
  FaissSource,
  JobConfig,
  Milvus1xSource,
  PluginSource,
  SourceConfig,
  TargetConfig,
} from './job.ts';
import { placesOf } from './milvus1xParts.ts';
import { Secret } from './secret.ts';
import { withState } from './stateWord.ts';
import { sealCredentials } from './storeCredentials.ts';
import { fromSurroundings } from './storeEnvironment.ts';
import { checkBucket, takePrefix } from './storeNames.ts';
import { NO_OPTIONS } from './storeOptions.ts';
import { type Location, objectStore, parseLocation, showPlace } from './storeUrl.ts';
import { modulePath } from './transformWords.ts';

/**
 * A bucket, and how it is reached: what is not said is as by default (`root`: the whole bucket). Shorter: a URL where a
 * path stands, `s3://bucket/prefix?endpoint=http://minio:9000`.
 */
export type StoreChoice = Pick<ObjectStoreConfig, 'scheme' | 'bucket'> &
  Partial<Omit<ObjectStoreConfig, 'credentials'>>;

type WithStore<T> = Omit<T, 'store'> & { readonly store?: StoreChoice | undefined };

/**
 * A source: its kind, and what it cannot do without. Relative paths are meant from the current folder; a path may be the
 * URL of a place in a bucket. With `store`, paths are keys below its root.
 */
export type SourceChoice =
  | WithStore<{ readonly kind: 'milvus1x' } & Partial<Milvus1xSource>>
  | WithStore<Pick<FaissSource, 'kind' | 'path'> & Partial<FaissSource>>
  | WithStore<Pick<DumpedSource, 'kind' | 'dir'> & Partial<DumpedSource>>
  | ElasticChoice
  | (Pick<PluginSource, 'kind' | 'module'> & Partial<PluginSource>);

/**
 * An Elasticsearch: where it is (the URL of a node does; a user and password in it are taken out) and which index. Without
 * credentials those of the environment are taken (MILVUS_MIGRATE_ES_…), if there are any.
 */
export type ElasticChoice = Pick<ElasticsearchSource, 'kind' | 'index'> &
  Partial<Omit<ElasticsearchSource, 'kind' | 'index' | 'access' | 'choices' | 'credentials'>> & {
    readonly access: Partial<ElasticAccess> | string;
    readonly choices?: Partial<ElasticChoices> | undefined;
    readonly credentials?: ElasticCredentials | undefined;
  };

/** A target: its address, which may carry a user and password (they are taken out of it), and what else is known. */
export type TargetChoice = Pick<TargetConfig, 'endpoint'> &
  Partial<Omit<TargetConfig, 'password' | 'token'>> & {
    readonly password?: Secret | string | undefined;
    readonly token?: Secret | string | undefined;
  };

/**
 * The folder for the files, or the URL of a place in a bucket; `seenAs` is the same path (in a bucket: the same prefix),
 * and they are cleaned once loaded and verified, unless said. With `store`, its root is the place.
 */
export type FilesChoice = WithStore<Partial<NonNullable<JobConfig['files']>>>;

/** What opens a bucket; an object is taken as it is, a Secret holds the JSON of one. */
export type CredentialsChoice = StoreCredentials | Secret;

/** What of a job is said; everything else is as by default. */
export type JobChoices = Partial<
  Omit<JobConfig, 'source' | 'target' | 'files' | 'modeGiven' | 'credentials' | 'state'>
> & {
  readonly source: SourceChoice;
  /** An address does. Absent: files only, by the stage `dump`. */
  readonly target?: TargetChoice | string | undefined;
  /** A folder does. Absent: rows are streamed. */
  readonly files?: FilesChoice | string | undefined;
  /** What opens the buckets of the source and of the files. Absent: what the environment and the machine offer. */
  readonly credentials?: {
    readonly source?: CredentialsChoice | undefined;
    readonly files?: CredentialsChoice | undefined;
  };
  /** Address of a database for the jobs, `mysql://…`; `stateDir` is then for working files alone. */
  readonly state?: Secret | string | undefined;
};

/**
 * The job that `choices` mean, with every default filled in: those of the command line.
 *
 * @example
 * const job = jobConfig({ source: { kind: 'milvus1x', path: '/var/lib/milvus/db' }, target: 'http://localhost:19530' });
 * const report = await migrate(job, 'all');
 * @example
 * const job = jobConfig({
 *   source: { kind: 'milvus1x', path: 's3://old/db?endpoint=http://minio:9000' },
 *   files: 's3://milvus/import?endpoint=http://minio:9000',
 *   credentials: { source: { accessKey, secretKey }, files: { accessKey, secretKey } },
 *   target: 'http://localhost:19530',
 * });
 * @param around the environment is asked for the state folder and for what opens buckets; by default that of the process
 * @throws MigrateError E_USAGE where the target's address or a bucket's URL is none, or a choice is none that there is
 */
export function jobConfig(
  choices: JobChoices,
  around: Surroundings = surroundings(process.env, process.cwd()),
): JobConfig {
  const { source, target, files, credentials, state, ...rest } = said(choices);
  refuseNothing(rest);
  const { cwd, env } = around;
  const from = sourceOf(source, around);
  const draft = { ...emptyDraft(around), ...rest };
  const transforms = draft.transforms.map((step) =>
    step.kind === 'module' ? { ...step, path: modulePath(step.path, cwd, 'transforms') } : step,
  );
  const given = { source: sealed(credentials?.source), files: sealed(credentials?.files) };
  const ends = fromSurroundings({ source: from, files: filesOf(files, from, cwd), credentials: given }, env);
  const config: JobConfig = {
    ...draft,
    ...ends,
    transforms,
    ...(ends.source.kind === 'elasticsearch' ? dynamicOf(ends.source, { source, job: choices.dynamicField }) : {}),
    target: target === undefined ? undefined : targetOf(target),
    modeGiven: choices.mode !== undefined,
    ...keptAt(draft, { stateDir: rest.stateDir, state, cwd }),
    rejectFile: draft.rejectFile === undefined ? undefined : resolve(cwd, draft.rejectFile),
  };
  checkConfig(config);
  return config;
}

/** A selection of nothing would be a job that moves nothing and is done. */
function refuseNothing({ collections, merge = [] }: Pick<JobChoices, 'collections' | 'merge'>): void {
  const refuse = (what: string): MigrateError =>
    new MigrateError('E_USAGE', `${what} names nothing`, { found: 'an empty list', wanted: 'names, or no list' });
  if (collections?.length === 0) throw refuse('collections');
  if (merge.some(({ inputs }) => inputs.length === 0)) throw refuse('merge.inputs');
}

interface Keeping {
  readonly stateDir: string | undefined;
  readonly state: Secret | string | undefined;
  readonly cwd: string;
}

/** A folder that is named is where the jobs are, whatever the environment says of a database. */
function keptAt(draft: JobDraft, { stateDir, state, cwd }: Keeping): Pick<JobConfig, 'stateDir' | 'state'> {
  const usual = { stateDir: resolve(cwd, draft.stateDir), state: stateDir === undefined ? draft.state : undefined };
  if (typeof state === 'string') return withState(usual, state, cwd);
  return { ...usual, state: state ?? usual.state };
}

function sealed(choice: CredentialsChoice | undefined): Secret | undefined {
  return choice instanceof Secret ? choice : sealCredentials(choice);
}

function storeOf(choice: StoreChoice, credentials: CredentialName): ObjectStoreConfig {
  const { scheme, bucket, root = '', maxMbps, ...options } = said(choice);
  checkBucket(bucket, scheme, 'store.bucket');
  const url = { ...NO_OPTIONS, ...options, scheme, bucket, key: takePrefix(root, 'store.root') };
  return { ...objectStore(url, credentials), maxMbps };
}

function sourceOf(choice: SourceChoice, around: Surroundings): SourceConfig {
  const { cwd } = around;
  if (choice.kind === 'elasticsearch') return elasticOf(choice, around);
  if (choice.kind === 'plugin') {
    const { module, options = {}, where } = choice;
    return { kind: 'plugin', store: undefined, module: modulePath(module, cwd, 'source.module'), options, where };
  }
  if (choice.kind === 'dumped') return dumpedOf(choice, cwd);
  if (choice.kind === 'faiss') {
    const { path, store, ...rest } = said(choice);
    if (store !== undefined) return faissSource(path, { ...rest, store: storeOf(store, 'source') });
    return faissAt(parseLocation(path, cwd, 'source.path'), rest);
  }
  const { skipBadSegments = false, ignoreUnflushed = false } = choice;
  return { kind: choice.kind, ...milvus1xOf(choice, cwd), skipBadSegments, ignoreUnflushed };
}

function elasticOf(choice: ElasticChoice, { env, cwd }: Surroundings): ElasticsearchSource {
  const access: Partial<ElasticAccess> = typeof choice.access === 'string' ? { urls: [choice.access] } : choice.access;
  const nodes = (access.urls ?? []).map((url) => parseElasticNode(url, 'source.access.urls'));
  const { caFile } = access;
  return elasticSource({
    ...choice,
    access: {
      ...access,
      urls: nodes.map(({ url }) => url),
      caFile: caFile === undefined ? undefined : resolve(cwd, caFile),
    },
    credentials:
      choice.credentials ?? chooseLogin([...nodes.map((node) => () => node), () => loginFromEnvironment(env, cwd)]),
  });
}

/** Of the source and of the job: who says it at one of them means both. */
function dynamicOf(
  from: ElasticsearchSource,
  { source, job }: { readonly source: SourceChoice; readonly job: boolean | undefined },
): Pick<JobConfig, 'source' | 'dynamicField'> {
  const said = job ?? (source.kind === 'elasticsearch' ? source.dynamicField : undefined);
  return withDynamicField(from, said);
}

function dumpedOf(choice: Extract<SourceChoice, { kind: 'dumped' }>, cwd: string): DumpedSource {
  const { dir, oldLayout = false, store } = choice;
  if (store === undefined) return dumpedAt(parseLocation(dir, cwd, 'source.dir'), oldLayout);
  return { kind: 'dumped', dir, oldLayout, store: storeOf(store, 'files') };
}

type Milvus1xChoice = Extract<SourceChoice, { kind: 'milvus1x' }>;

function milvus1xOf({ store, path, meta, tablesDir }: Milvus1xChoice, cwd: string): ReturnType<typeof placesOf> {
  if (store !== undefined) return { store: storeOf(store, 'source'), path, meta, tablesDir };
  const at = (text: string, where: string): Location => parseLocation(text, cwd, where);
  const file = meta === undefined || meta.kind === 'mysql' || typeof meta.store === 'object' ? undefined : meta.file;
  const places = placesOf({
    path: path === undefined ? undefined : at(path, 'source.path'),
    tables: tablesDir === undefined ? undefined : at(tablesDir, 'source.tablesDir'),
    meta:
      file === undefined || meta === undefined || meta.kind === 'mysql'
        ? undefined
        : { kind: meta.kind, at: at(file, 'source.meta.file') },
  });
  return file === undefined ? { ...places, meta } : places;
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
    const { dir, oldLayout, store } = source;
    return { dir, store, seenAs: chosen?.seenAs ?? store?.root ?? dir, oldLayout, keep: true };
  }
  if (chosen === undefined) return undefined;
  const { dir, seenAs, oldLayout = false, keep = false } = chosen;
  if (chosen.store !== undefined) {
    const store = storeOf(chosen.store, 'files');
    const shown = dir ?? showPlace({ ...store, key: store.root });
    return { dir: shown, store, seenAs: seenAs ?? store.root, oldLayout, keep };
  }
  if (dir === undefined)
    throw new MigrateError('E_USAGE', 'files has neither a folder nor a store', { wanted: 'files.dir' });
  return filesAt(parseLocation(dir, cwd, 'files.dir'), { seenAs, where: 'files.seenAs', oldLayout, keep });
}

/** Without what is undefined: that is as if it were not there. */
function said<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
