/** Our own job files: YAML with one top key `job`. Keys are exact and an unknown one is an error. */
import { type ErrorPlace, MigrateError } from '../core/errors.ts';
import { readAt } from './configError.ts';
import { emptyDraft, type JobDraft } from './defaults.ts';
import { withDynamicField } from './elasticSource.ts';
import { parseAddress } from './endpoint.ts';
import type { TargetConfig } from './job.ts';
import { type JobReading, jobEnds } from './jobFileEnds.ts';
import { JOB_SECRET_KEYS, type JobFile, jobFileShape } from './jobFileShape.ts';
import { transformsOf } from './jobTransforms.ts';
import type { ConfigFileOptions, ReadConfig } from './migrationReading.ts';
import { Secret } from './secret.ts';
import { withState } from './stateWord.ts';
import { localPath } from './storeUrl.ts';
import { fitShape } from './yamlShape.ts';
import type { YamlNode } from './yamlTree.ts';

type Job = JobFile['job'];

/** A tree that `parseYaml` read, as a draft of a job. @throws MigrateError E_CONFIG with file, line and key */
export function fromJobFile(tree: YamlNode, options: ConfigFileOptions): ReadConfig {
  const { file, env } = options;
  const fitted = fitShape(tree, jobFileShape, { file, env, strict: true, secretKeys: JOB_SECRET_KEYS });
  const at = (key: string): ErrorPlace => {
    const line = fitted.lines.get(key);
    return { file, field: key, ...(line === undefined ? {} : { line }) };
  };
  const refuse = (key: string, message: string, wanted: string): MigrateError =>
    new MigrateError('E_CONFIG', message, { at: at(key), wanted });
  const { job } = fitted.value;
  return { draft: toDraft(job, { options, refuse, at }), warnings: fitted.warnings };
}

function toDraft(job: Job, reading: JobReading): JobDraft {
  const { cwd } = reading.options;
  const base = emptyDraft(reading.options);
  const ends = jobEnds(job, reading);
  const { source } = ends;
  const dynamicField = job.dynamicField ?? base.dynamicField;
  return {
    ...base,
    ...ends,
    ...(source?.kind === 'elasticsearch' ? withDynamicField(source, job.dynamicField) : { dynamicField }),
    collections: job.collections,
    merge: job.merge ?? base.merge,
    onDuplicate: job.onDuplicate ?? base.onDuplicate,
    targetName: job.name,
    target: targetOf(job.to, reading),
    transforms: source?.kind === 'dumped' ? [] : transformsOf(job.transforms, reading),
    format: job.format,
    idField: job.idField ?? base.idField,
    vectorField: job.vectorField ?? base.vectorField,
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
    ...(job.state === undefined
      ? {}
      : readAt(reading.at('job.state'), () =>
          withState({ stateDir: base.stateDir, state: base.state }, job.state!, cwd),
        )),
    rejectFile: job.rejectFile === undefined ? undefined : hostPath('job.rejectFile', job.rejectFile, reading),
    checkParts: job.checkParts ?? base.checkParts,
  };
}

function hostPath(key: string, text: string, { options, at }: JobReading): string {
  return readAt(at(key), () => localPath(text, options.cwd, key));
}

function targetOf(to: Job['to'], { options, refuse }: JobReading): TargetConfig | undefined {
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
