/** Our own job files: YAML with one top key `job`. Keys are exact and an unknown one is an error. */
import { resolve } from 'node:path';
import { MigrateError } from '../core/errors.ts';
import { emptyDraft, type JobDraft } from './defaults.ts';
import { parseAddress } from './endpoint.ts';
import type { JobConfig, SourceConfig, TargetConfig } from './job.ts';
import { JOB_SECRET_KEYS, type JobFile, jobFileShape } from './jobFileShape.ts';
import { parseMeta } from './metaSource.ts';
import type { ConfigFileOptions, ReadConfig } from './migrationYaml.ts';
import { Secret } from './secret.ts';
import { fitShape } from './yamlShape.ts';
import type { YamlNode } from './yamlTree.ts';

type Job = JobFile['job'];

/** A tree that `parseYaml` read, as a draft of a job. @throws MigrateError E_CONFIG with file, line and key */
export function fromJobFile(tree: YamlNode, options: ConfigFileOptions): ReadConfig {
  const { file, env } = options;
  const fitted = fitShape(tree, jobFileShape, { file, env, strict: true, secretKeys: JOB_SECRET_KEYS });
  const refuse = (key: string, message: string, wanted: string): MigrateError => {
    const line = fitted.lines.get(key);
    return new MigrateError('E_CONFIG', message, {
      at: { file, field: key, ...(line === undefined ? {} : { line }) },
      wanted,
    });
  };
  const { job } = fitted.value;
  return { draft: toDraft(job, { options, refuse }), warnings: fitted.warnings };
}

interface Reading {
  readonly options: ConfigFileOptions;
  readonly refuse: (key: string, message: string, wanted: string) => MigrateError;
}

function toDraft(job: Job, reading: Reading): JobDraft {
  const { cwd } = reading.options;
  const base = emptyDraft(reading.options);
  return {
    ...base,
    source: sourceOf(job, reading),
    collections: job.collections,
    merge: job.merge ?? base.merge,
    onDuplicate: job.onDuplicate ?? base.onDuplicate,
    targetName: job.name,
    files: filesOf(job, reading),
    target: targetOf(job.to, reading),
    idField: job.idField ?? base.idField,
    vectorField: job.vectorField ?? base.vectorField,
    dynamicField: job.dynamicField ?? base.dynamicField,
    shards: job.shards,
    consistencyLevel: job.consistency,
    mode: job.mode ?? base.mode,
    modeGiven: job.mode !== undefined,
    index: job.index ?? base.index,
    loadCollection: job.load ?? base.loadCollection,
    verify: job.verify ?? base.verify,
    threads: job.threads ?? base.threads,
    partBytes: job.partSize ?? base.partBytes,
    loadTasks: job.loadTasks ?? base.loadTasks,
    stateDir: job.state === undefined ? base.stateDir : resolve(cwd, job.state),
    rejectFile: job.rejectFile === undefined ? undefined : resolve(cwd, job.rejectFile),
    checkParts: job.checkParts ?? base.checkParts,
  };
}

function sourceOf({ source }: Job, { options, refuse }: Reading): SourceConfig | undefined {
  if (source === undefined) return undefined;
  const { cwd } = options;
  if (source.dumped !== undefined) {
    if (source.milvus1x !== undefined)
      throw refuse('job.source', 'the file names two sources', 'milvus1x or dumped, one of them');
    return { kind: 'dumped', dir: resolve(cwd, source.dumped), oldLayout: false };
  }
  if (source.milvus1x === undefined && (source.meta === undefined || source.tables === undefined)) {
    throw refuse('job.source', 'the file does not say where the source is', 'milvus1x: FOLDER, or meta and tables');
  }
  return {
    kind: 'milvus1x',
    path: source.milvus1x === undefined ? undefined : resolve(cwd, source.milvus1x),
    meta: source.meta === undefined ? undefined : parseMeta(source.meta, cwd),
    tablesDir: source.tables === undefined ? undefined : resolve(cwd, source.tables),
    skipBadSegments: source.skipBadSegments ?? false,
    ignoreUnflushed: source.ignoreUnflushed ?? false,
  };
}

function filesOf({ staging, out }: Job, { options, refuse }: Reading): JobConfig['files'] {
  if (staging?.dir !== undefined && out !== undefined) {
    throw refuse('job.out', 'the file names two folders for the dumped files', 'staging.dir or out, one of them');
  }
  if (staging !== undefined && staging.dir === undefined && out === undefined) {
    throw refuse('job.staging', 'the staging area has no folder', 'staging.dir');
  }
  const named = staging?.dir ?? out;
  if (named === undefined) return undefined;
  const dir = resolve(options.cwd, named);
  const keep = staging?.keep ?? (out !== undefined || options.command === 'dump');
  return { dir, seenAs: staging?.as ?? dir, oldLayout: false, keep };
}

function targetOf(to: Job['to'], { options, refuse }: Reading): TargetConfig | undefined {
  if (to === undefined) return undefined;
  if (to.url === undefined) throw refuse('job.to', 'the target has no address', 'to.url');
  const address = parseAddress(to.url, `job.to.url of ${options.file}`);
  return {
    endpoint: address.endpoint,
    user: to.user ?? address.user,
    password: to.password === undefined ? address.password : new Secret(to.password),
    token: to.token === undefined ? undefined : new Secret(to.token),
    database: to.database,
  };
}
