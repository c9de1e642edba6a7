/**
 * The old tool's `migration.yaml` as a job of ours. Old files do what they say: no index and no loaded collection
 * unless they ask for it, files below `<outputDir>/migration`, kept by `dump`, cleaned by `start` once verified.
 */
import { nearestWord } from '../core/nearest.ts';
import { orList } from './choices.ts';
import { emptyDraft, type JobDraft } from './defaults.ts';
import { withDynamicField } from './elasticSource.ts';
import { parseAddress } from './endpoint.ts';
import type { IndexChoice, SourceConfig, TargetConfig } from './job.ts';
import { OLD_SHARDS, outranked, UNUSED_BY_ELASTIC } from './migrationElastic.ts';
import { endsOf } from './migrationEnds.ts';
import { UNUSED_BY_FAISS } from './migrationFaiss.ts';
import {
  type ConfigFileOptions,
  type ReadConfig,
  type Reading,
  readingOf,
  WORK_MODES_READ,
  type WorkMode,
  workModeOf,
} from './migrationReading.ts';
import { type MigrationYaml, migrationYamlShape, SECRET_KEYS, UNUSED_BY_MILVUS1X } from './migrationYamlShape.ts';
import { Secret } from './secret.ts';
import { type Fitted, fitShape } from './yamlShape.ts';
import type { YamlNode } from './yamlTree.ts';

export type { ConfigFileOptions, JobCommand, ReadConfig } from './migrationReading.ts';

const WORK_MODES = ['milvus1x', 'faiss', 'elasticsearch', 'milvus2x', 'hdf5', 'pinecone', 'chroma', 'qdrant'] as const;

/** A tree that `parseYaml` read, as a draft of a job. @throws MigrateError E_CONFIG with file, line and key */
export function fromMigrationYaml(tree: YamlNode, options: ConfigFileOptions): ReadConfig {
  const { file, env } = options;
  const fitted = fitShape(tree, migrationYamlShape, { file, env, strict: false, secretKeys: SECRET_KEYS });
  const reading = readingOf(fitted, options);
  checkWorkMode(reading);
  const draft = toDraft(reading);
  return { draft, warnings: [...fitted.warnings, ...unusedKeys(fitted, file)] };
}

function checkWorkMode({ yaml, missing, refused }: Reading): void {
  const key = 'dumper.worker.workMode';
  const mode = yaml.dumper?.worker?.workMode;
  if (mode === undefined) throw missing(key, orList(WORK_MODES_READ));
  if (workModeOf(yaml) !== undefined) return;
  const known = WORK_MODES.find((word) => word === mode.toLowerCase());
  if (known !== undefined)
    throw refused(key, `the work mode ${known} is not yet in this version`, { wanted: orList(WORK_MODES_READ) });
  const read = `this version: ${WORK_MODES_READ.join(', ')}`;
  throw refused(key, 'the work mode is not known', {
    wanted: nearestWord(mode, WORK_MODES) ?? `one of ${WORK_MODES.join(', ')} (${read})`,
  });
}

function toDraft(reading: Reading): JobDraft {
  const { yaml, options } = reading;
  const base = emptyDraft(options);
  const milvus = yaml.meta?.milvus ?? {};
  const index: IndexChoice = milvus.createIndex === true ? { kind: 'auto' } : { kind: 'none' };
  const ends = endsOf(reading);
  return {
    ...base,
    ...ends,
    targetName: milvus.collection,
    target: targetOf(reading),
    ...openness(ends.source, milvus.closeDynamicField),
    ...(ends.source?.kind === 'elasticsearch' ? { format: 'json' } : {}),
    shards: shardsOf(yaml),
    consistencyLevel: milvus.consistencyLevel,
    index,
    loadCollection: milvus.loadData === true,
    threads: yaml.dumper?.worker?.limit ?? base.threads,
    loadTasks: yaml.loader?.worker?.limit ?? base.loadTasks,
  };
}

/** Absent means off for Milvus 1.x and Faiss, whose rows have nothing that would need the dynamic field. */
function openness(
  source: SourceConfig | undefined,
  close: boolean | undefined,
): Pick<JobDraft, 'source' | 'dynamicField'> {
  if (source?.kind === 'elasticsearch') {
    const open = withDynamicField(source, close !== true);
    // As it was with the old tool: the collection has the field, and of the documents what meta.fields name goes over.
    const dynamicField = open.dynamicField && source.fields === undefined;
    return { ...open, source: { ...source, dynamicField } };
  }
  return { source, dynamicField: close === false };
}

function shardsOf(yaml: MigrationYaml): number | undefined {
  const said = yaml.meta?.milvus?.shardNum;
  switch (workModeOf(yaml)) {
    case 'faiss':
      return said ?? yaml.target?.create?.collection?.shardsNum;
    case 'elasticsearch':
      return said ?? OLD_SHARDS;
    default:
      return said;
  }
}

function targetOf({ yaml, options }: Reading): TargetConfig | undefined {
  const target = yaml.target?.milvus2x;
  if (target?.endpoint === undefined) return undefined;
  const address = parseAddress(target.endpoint, `target.milvus2x.endpoint of ${options.file}`);
  return {
    endpoint: address.endpoint,
    user: target.username ?? address.user,
    password: target.password === undefined ? address.password : new Secret(target.password),
    token: undefined,
    database: target.database,
  };
}

const UNUSED: Readonly<Record<WorkMode, readonly string[]>> = {
  milvus1x: UNUSED_BY_MILVUS1X,
  faiss: UNUSED_BY_FAISS,
  elasticsearch: UNUSED_BY_ELASTIC,
};

function unusedKeys({ lines, value }: Fitted<MigrationYaml>, file: string): string[] {
  const mode = workModeOf(value)!;
  const given = [...UNUSED[mode], ...otherPlaces(value), ...outranked(value)].filter((key) => lines.has(key));
  const unused = given
    .filter((key) => !given.some((above) => key.startsWith(`${above}.`)))
    .sort((a, b) => lines.get(a)! - lines.get(b)!);
  if (unused.length === 0) return [];
  return [`${file}: not used by ${mode}: ${unused.map((key) => `${key} (line ${lines.get(key)})`).join(', ')}`];
}

/** Of `local` and `remote` the one that the mode does not mean. */
function otherPlaces(yaml: MigrationYaml): string[] {
  const mode = workModeOf(yaml);
  const remoteMeta = yaml.meta?.mode?.toLowerCase() === 'remote' && mode === 'milvus1x';
  const isRemote = (side: 'source' | 'target') => yaml[side]?.mode?.toLowerCase() === 'remote';
  const target = isRemote('target') ? 'target.local' : 'target.remote';
  if (mode === 'elasticsearch') return [target];
  return [
    ...(remoteMeta || mode === 'faiss' ? [] : ['meta.remoteMetaFile']),
    ...(isRemote('source') ? ['source.local'] : remoteMeta ? [] : ['source.remote']),
    target,
  ];
}
