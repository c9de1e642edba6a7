/** Every flag of every command: what it is called, what it takes, what it means. Help, parser and docs follow it. */

import { ELASTIC_FLAGS } from './elasticFlagList.ts';
import { SOURCE_FLAGS } from './sourceFlags.ts';
import { TRANSFORM_FLAGS } from './transformFlagList.ts';

export type FlagGroup = 'source' | 'transforms' | 'target' | 'files' | 'speed' | 'safety' | 'output';

export interface Flag {
  /** Long name, without the dashes. */
  readonly name: string;
  /** Other names; those of one letter are short flags. */
  readonly also?: readonly string[];
  /** What the value is called in the help; undefined: a switch. */
  readonly value?: string;
  /** Given several times, the values add up. */
  readonly repeat?: boolean;
  readonly group: FlagGroup;
  readonly help: string;
  /** Default, with its unit. */
  readonly preset?: string;
  /** Environment variable that stands in where neither flag nor file says it. */
  readonly env?: string;
}

const TARGET_FLAGS = {
  to: {
    name: 'to',
    value: 'URL',
    group: 'target',
    help: 'the Milvus 2.x: http://host:19530, https://host, host:19530',
    env: 'MILVUS_MIGRATE_TO',
  },
  user: { name: 'user', value: 'NAME', group: 'target', help: 'user', env: 'MILVUS_MIGRATE_USER' },
  password: {
    name: 'password',
    value: 'WORD',
    group: 'target',
    help: 'password; on a command line it shows in ps, in the environment it does not',
    env: 'MILVUS_MIGRATE_PASSWORD',
  },
  token: {
    name: 'token',
    value: 'WORD',
    group: 'target',
    help: 'token in place of user and password; shows in ps as well',
    env: 'MILVUS_MIGRATE_TOKEN',
  },
  database: {
    name: 'database',
    value: 'NAME',
    group: 'target',
    help: 'database, created if absent',
    preset: 'default',
    env: 'MILVUS_MIGRATE_DATABASE',
  },
  name: {
    name: 'name',
    also: ['t', 'table'],
    value: 'NAME',
    group: 'target',
    help: 'name of the target collection where one is moved; with an old Elasticsearch file -t and --table name the index',
    preset: "the source's",
  },
  'id-field': { name: 'id-field', value: 'NAME', group: 'target', help: 'name of the primary key', preset: 'id' },
  'vector-field': {
    name: 'vector-field',
    value: 'NAME',
    group: 'target',
    help: 'name of the vector field',
    preset: 'data',
  },
  'dynamic-field': {
    name: 'dynamic-field',
    group: 'target',
    help: 'create collections with the dynamic field; of Elasticsearch, what no field takes goes there (=false: it stays behind)',
    preset: 'without; Elasticsearch without --fields: with',
  },
  shards: {
    name: 'shards',
    value: 'N',
    group: 'target',
    help: 'shards of a new collection, 1 to 16',
    preset: "the server's",
  },
  consistency: {
    name: 'consistency',
    value: 'LEVEL',
    group: 'target',
    help: 'Strong, Session, Bounded, Eventually or Customized',
    preset: "the server's",
  },
  index: {
    name: 'index',
    value: 'auto|none|TYPE[:k=v,…]',
    group: 'target',
    help: 'index to build: as the source had it, none, or as said (IVF_FLAT:nlist=1024)',
    preset: 'auto',
  },
  'no-load': {
    name: 'no-load',
    group: 'target',
    help: 'do not load the collections after the migration',
    preset: 'they are loaded',
  },
} as const satisfies Record<string, Flag>;

const FILE_FLAGS = {
  staging: {
    name: 'staging',
    value: 'DIR|URL',
    group: 'files',
    help: "folder or bucket that Milvus can read too (s3://bucket/prefix, Milvus's own bucket): bulk insert, which is faster",
    preset: 'none: rows are streamed',
  },
  'staging-as': {
    name: 'staging-as',
    value: 'PATH',
    group: 'files',
    help: 'the same folder as Milvus sees it (in its container); of a bucket, the key prefix',
    preset: 'the same path, the same prefix',
  },
  out: { name: 'out', value: 'DIR|URL', group: 'files', help: 'folder or bucket for the dumped files' },
  'files-endpoint': {
    name: 'files-endpoint',
    value: 'HOST|URL',
    group: 'files',
    help: 'where the object store of --staging, --out, --output or the dumped files answers',
    preset: "the cloud's own",
    env: 'MILVUS_MIGRATE_FILES_ENDPOINT',
  },
  'files-region': {
    name: 'files-region',
    value: 'REGION',
    group: 'files',
    help: 'region of that bucket',
    preset: "as the cloud's own variables and files say",
    env: 'MILVUS_MIGRATE_FILES_REGION',
  },
  keep: {
    name: 'keep',
    group: 'files',
    help: 'keep the files after a verified load; jobs clean keeps them too',
    preset: 'run and start clean them',
  },
  output: {
    name: 'output',
    also: ['o'],
    value: 'DIR|URL',
    group: 'files',
    help: 'folder or bucket for meta.json',
    preset: '.',
  },
} as const satisfies Record<string, Flag>;

const SPEED_FLAGS = {
  threads: {
    name: 'threads',
    value: 'N',
    group: 'speed',
    help: 'segments, ranges or shards read at a time, at most 1024',
    preset: 'the number of cores',
  },
  'part-size': {
    name: 'part-size',
    value: 'SIZE',
    group: 'speed',
    help: 'size of one part: 512MB, 256MiB, 2GB, or bytes; at most 16 GiB',
    preset: '512MB',
  },
  'load-tasks': {
    name: 'load-tasks',
    value: 'N',
    group: 'speed',
    help: 'import tasks that Milvus is given at a time',
    preset: '4',
  },
  'max-mbps': {
    name: 'max-mbps',
    value: 'N',
    group: 'speed',
    help: 'megabytes a second that are read from and written to buckets at most, all buckets and threads together',
    preset: 'no limit',
  },
} as const satisfies Record<string, Flag>;

const SAFETY_FLAGS = {
  mode: {
    name: 'mode',
    value: 'append|skip|overwrite',
    group: 'safety',
    help: 'an existing collection: add to it, leave it, or replace it once the new one is proven',
    preset: 'append, into an absent or empty collection only',
  },
  verify: {
    name: 'verify',
    value: 'sample|full|counts|none',
    group: 'safety',
    help: 'what is compared at the end',
    preset: 'sample; counts where a collection is not loaded',
  },
  'reject-file': {
    name: 'reject-file',
    value: 'FILE',
    group: 'safety',
    help: 'put rows that Milvus refuses (NaN, infinity, values that fit no field) there and load the rest',
    preset: 'their collection is not loaded',
  },
  'skip-bad-segments': {
    name: 'skip-bad-segments',
    group: 'safety',
    help: 'report damaged segments and go on without them (exit code 6)',
  },
  'ignore-unflushed': {
    name: 'ignore-unflushed',
    group: 'safety',
    help: "go on without rows that are only in the old server's write-ahead log",
  },
  'check-parts': {
    name: 'check-parts',
    group: 'safety',
    help: 'at a resume, check the checksum of finished parts, not only their size',
  },
  fresh: { name: 'fresh', group: 'safety', help: 'forget what an earlier job did and start over' },
  state: {
    name: 'state',
    value: 'DIR|URL',
    group: 'safety',
    help: 'where jobs are recorded: a folder, or mysql://… for several hosts; a password here shows in ps',
    preset: '$XDG_STATE_HOME/milvus-migrate',
    env: 'MILVUS_MIGRATE_STATE',
  },
  scan: {
    name: 'scan',
    group: 'safety',
    help: 'look through the ids that the source stores (which occur twice, which are negative) and through documents (how long texts are, what would be rejected or changed)',
    preset: 'while it runs',
  },
  preflight: {
    name: 'preflight',
    group: 'safety',
    help: 'try a zero-row import too (makes and drops a scratch collection)',
  },
} as const satisfies Record<string, Flag>;

const OUTPUT_FLAGS = {
  report: { name: 'report', value: 'FILE', group: 'output', help: 'write the report as JSON' },
  json: { name: 'json', group: 'output', help: 'results as JSON on stdout' },
  'log-format': {
    name: 'log-format',
    value: 'text|json',
    group: 'output',
    help: 'progress, warnings and errors on stderr',
    preset: 'text',
  },
  debug: { name: 'debug', group: 'output', help: 'stack traces with errors' },
  help: { name: 'help', also: ['h'], group: 'output', help: 'this text' },
  port: {
    name: 'port',
    also: ['p'],
    value: 'PORT',
    group: 'output',
    help: 'port of the server, which is not in this version',
  },
  version: { name: 'version', also: ['v'], group: 'output', help: 'the version' },
} as const satisfies Record<string, Flag>;

export const FLAGS = {
  ...SOURCE_FLAGS,
  ...ELASTIC_FLAGS,
  ...TRANSFORM_FLAGS,
  ...TARGET_FLAGS,
  ...FILE_FLAGS,
  ...SPEED_FLAGS,
  ...SAFETY_FLAGS,
  ...OUTPUT_FLAGS,
};

export type FlagName = keyof typeof FLAGS;

export function flagOf(name: FlagName): Flag {
  return FLAGS[name];
}

/** How a flag is written: `--col`, `-t`. */
export function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

const COMMON: readonly FlagName[] = ['log-format', 'debug', 'help'];
const SELECTION: readonly FlagName[] = ['config', 'meta', 'tables', 'col', 'merge', 'into', 'on-duplicate'];
const FAISS: readonly FlagName[] = ['collection', 'metric', 'keep-transformed', 'allow-sketch', 'strict'];
const ELASTIC_LOGIN: readonly FlagName[] = ['es-user', 'es-password', 'es-api-key', 'es-service-token'];
const ELASTIC = Object.keys(ELASTIC_FLAGS) as readonly FlagName[];
const TRANSFORMS = Object.keys(TRANSFORM_FLAGS) as readonly FlagName[];
const CONNECTION: readonly FlagName[] = ['to', 'user', 'password', 'token', 'database'];
const COLLECTION: readonly FlagName[] = [
  'name',
  'id-field',
  'vector-field',
  'dynamic-field',
  'shards',
  'consistency',
  'index',
  'no-load',
];
const DUMPING: readonly FlagName[] = [
  'threads',
  'part-size',
  'reject-file',
  'skip-bad-segments',
  'ignore-unflushed',
  'check-parts',
  'fresh',
  'state',
];
const STAGING: readonly FlagName[] = ['staging', 'staging-as', 'keep'];
const PLACES: readonly FlagName[] = ['source-endpoint', 'source-region', 'files-endpoint', 'files-region'];
const STORES: readonly FlagName[] = [...PLACES, 'max-mbps'];
const JOB: readonly FlagName[] = [
  ...SELECTION,
  ...FAISS,
  ...ELASTIC,
  ...TRANSFORMS,
  ...CONNECTION,
  ...COLLECTION,
  ...STAGING,
  ...STORES,
  ...DUMPING,
  'load-tasks',
  'mode',
  'verify',
];

/** The flags that each command takes. Those about a job share theirs, so that one line can be planned, run and verified. */
export const COMMAND_FLAGS = {
  run: [...JOB, 'report', 'json', ...COMMON],
  plan: [...JOB, 'out', 'report', 'preflight', 'scan', 'json', ...COMMON],
  dump: [...JOB, 'out', 'report', 'json', ...COMMON],
  load: [...JOB, 'report', 'json', ...COMMON],
  start: [...JOB, 'report', 'json', ...COMMON],
  verify: [...JOB.filter((name) => name !== 'fresh'), 'report', 'json', ...COMMON],
  export: ['sqlite', 'mysql', 'output', 'config', 'col', 'meta', ...PLACES, 'json', ...COMMON],
  inspect: [...FAISS, 'source-endpoint', 'source-region', 'json', ...COMMON],
  jobs: [
    'config',
    'meta',
    ...ELASTIC_LOGIN,
    ...CONNECTION,
    'threads',
    'load-tasks',
    'max-mbps',
    'check-parts',
    'state',
    'report',
    'json',
    ...COMMON,
  ],
  server: ['port', 'config', ...COMMON],
  version: ['json', ...COMMON],
  help: [...COMMON],
} as const satisfies Record<string, readonly FlagName[]>;

export type CommandName = keyof typeof COMMAND_FLAGS;
