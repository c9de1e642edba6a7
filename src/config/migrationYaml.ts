/**
 * The old tool's `migration.yaml` as a job of ours. Old files do what they say: no index and no loaded collection
 * unless they ask for it, files below `<outputDir>/migration`, kept by `dump`, cleaned by `start` once verified.
 */
import { resolve } from 'node:path';
import { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import { emptyDraft, type JobDraft, type Surroundings } from './defaults.ts';
import { parseAddress } from './endpoint.ts';
import type { IndexChoice, SourceConfig, TargetConfig } from './job.ts';
import { type MigrationYaml, migrationYamlShape, SECRET_KEYS, UNUSED_BY_MILVUS1X } from './migrationYamlShape.ts';
import { Secret } from './secret.ts';
import { type Fitted, fitShape } from './yamlShape.ts';
import type { YamlNode } from './yamlTree.ts';

export type JobCommand = 'run' | 'plan' | 'dump' | 'load' | 'start' | 'verify';

export interface ConfigFileOptions extends Surroundings {
  /** The file's name, for messages. */
  readonly file: string;
  readonly command: JobCommand;
}

export interface ReadConfig {
  readonly draft: JobDraft;
  readonly warnings: readonly string[];
}

const WORK_MODES = ['milvus1x', 'faiss', 'elasticsearch', 'milvus2x', 'hdf5', 'pinecone', 'chroma', 'qdrant'] as const;

/** The document and the two errors that its reading can end in. */
interface Reading {
  readonly yaml: MigrationYaml;
  readonly options: ConfigFileOptions;
  readonly missing: (key: string, wanted: string) => MigrateError;
  readonly refused: (key: string, message: string, details: { wanted?: string; hint?: string }) => MigrateError;
}

/** A tree that `parseYaml` read, as a draft of a job. @throws MigrateError E_CONFIG with file, line and key */
export function fromMigrationYaml(tree: YamlNode, options: ConfigFileOptions): ReadConfig {
  const { file, env } = options;
  const fitted = fitShape(tree, migrationYamlShape, { file, env, strict: false, secretKeys: SECRET_KEYS });
  const reading: Reading = { yaml: fitted.value, options, ...errorsAbout(fitted, file) };
  checkWorkMode(reading);
  const draft = toDraft(reading);
  return { draft, warnings: [...fitted.warnings, ...unusedKeys(fitted, file)] };
}

function errorsAbout(fitted: Fitted<MigrationYaml>, file: string): Pick<Reading, 'missing' | 'refused'> {
  return {
    missing: (key, wanted) => {
      const line = lineNear(key, fitted.lines);
      const at = { file, field: key, ...(line === undefined ? {} : { line }) };
      return new MigrateError('E_CONFIG', 'a needed key is missing', { at, found: `no ${key}`, wanted });
    },
    refused: (key, message, details) => {
      const line = lineNear(key, fitted.lines);
      const at = { file, field: key, ...(line === undefined ? {} : { line }) };
      return new MigrateError('E_CONFIG', message, { at, found: fitted.show(key), ...details });
    },
  };
}

/** The line of the key, or of the nearest key above it that is there. */
function lineNear(key: string, lines: ReadonlyMap<string, number>): number | undefined {
  for (let path = key; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    const line = lines.get(path);
    if (line !== undefined) return line;
  }
  return undefined;
}

function checkWorkMode({ yaml, missing, refused }: Reading): void {
  const key = 'dumper.worker.workMode';
  const mode = yaml.dumper?.worker?.workMode;
  if (mode === undefined) throw missing(key, 'milvus1x');
  const known = WORK_MODES.find((word) => word === mode.toLowerCase());
  if (known === 'milvus1x') return;
  if (known !== undefined)
    throw refused(key, `the work mode ${known} is not yet in this version`, { wanted: 'milvus1x' });
  throw refused(key, 'the work mode is not known', {
    wanted: nearestWord(mode, WORK_MODES) ?? `one of ${WORK_MODES.join(', ')} (this version: milvus1x)`,
  });
}

function toDraft(reading: Reading): JobDraft {
  const { yaml, options } = reading;
  const base = emptyDraft(options);
  const milvus = yaml.meta?.milvus ?? {};
  const dir = outputDir(reading);
  const index: IndexChoice = milvus.createIndex === true ? { kind: 'auto' } : { kind: 'none' };
  return {
    ...base,
    source: sourceOf(reading, dir),
    targetName: milvus.collection,
    files: { dir, seenAs: dir, oldLayout: true, keep: options.command === 'dump' || options.command === 'load' },
    target: targetOf(reading),
    // Absent means off: rows of Milvus 1.x have nothing that would need the dynamic field.
    dynamicField: milvus.closeDynamicField === false,
    shards: milvus.shardNum,
    consistencyLevel: milvus.consistencyLevel,
    index,
    loadCollection: milvus.loadData === true,
    threads: yaml.dumper?.worker?.limit ?? base.threads,
    loadTasks: yaml.loader?.worker?.limit ?? base.loadTasks,
  };
}

function sourceOf(reading: Reading, dir: string): SourceConfig {
  const { yaml, options, missing, refused } = reading;
  // A host that only loads needs to know nothing of where the rows came from.
  if (options.command === 'load' && yaml.meta?.mode === undefined && yaml.source === undefined) {
    return { kind: 'dumped', dir, oldLayout: true };
  }
  const meta = metaOf(reading);
  const mode = yaml.source?.mode?.toLowerCase();
  if (mode === undefined) throw missing('source.mode', 'local');
  if (mode === 'remote')
    throw refused('source.mode', 'a source in an object store is not yet in this version', { wanted: 'local' });
  if (mode !== 'local') throw refused('source.mode', 'the source mode is not known', { wanted: 'local' });
  const tablesDir = yaml.source?.local?.tablesDir;
  if (tablesDir === undefined) throw missing('source.local.tablesDir', "the path of Milvus 1.x's db/tables folder");
  return {
    kind: 'milvus1x',
    path: undefined,
    meta,
    tablesDir: resolve(options.cwd, tablesDir),
    skipBadSegments: false,
    ignoreUnflushed: false,
  };
}

type Meta = Extract<SourceConfig, { kind: 'milvus1x' }>['meta'];

function metaOf({ yaml, options, missing, refused }: Reading): Meta {
  const meta = yaml.meta ?? {};
  switch (meta.mode?.toLowerCase()) {
    case 'local':
    case 'mock': {
      const file = meta.localFile ?? meta.mockFile;
      if (file === undefined) throw missing('meta.localFile', 'the path of a meta.json');
      return { kind: 'json', file: resolve(options.cwd, file) };
    }
    case 'sqlite':
      if (meta.sqliteFile === undefined) throw missing('meta.sqliteFile', "the path of Milvus 1.x's meta.sqlite");
      return { kind: 'sqlite', file: resolve(options.cwd, meta.sqliteFile) };
    case 'mysql':
      if (meta.mysqlUrl === undefined) throw missing('meta.mysqlUrl', 'user:password@tcp(host:3306)/database');
      return { kind: 'mysql', url: new Secret(meta.mysqlUrl) };
    case 'remote':
      throw refused('meta.mode', 'metadata in an object store is not yet in this version', {
        wanted: 'local, sqlite or mysql',
      });
    case undefined:
      throw missing('meta.mode', 'local, sqlite or mysql');
    default:
      throw refused('meta.mode', 'the meta mode is not one of milvus1x', { wanted: 'local, sqlite or mysql' });
  }
}

function outputDir({ yaml, options, missing, refused }: Reading): string {
  const mode = yaml.target?.mode?.toLowerCase();
  if (mode === undefined) throw missing('target.mode', 'local');
  if (mode === 'remote')
    throw refused('target.mode', 'dumped files in an object store are not yet in this version', { wanted: 'local' });
  if (mode !== 'local') throw refused('target.mode', 'the target mode is not known', { wanted: 'local' });
  const dir = yaml.target?.local?.outputDir;
  if (dir === undefined) throw missing('target.local.outputDir', 'the folder for the dumped files');
  return resolve(options.cwd, dir);
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

function unusedKeys(fitted: Fitted<MigrationYaml>, file: string): string[] {
  const unused = UNUSED_BY_MILVUS1X.filter((key) => fitted.lines.has(key));
  if (unused.length === 0) return [];
  return [`${file}: not used by milvus1x: ${unused.map((key) => `${key} (line ${fitted.lines.get(key)})`).join(', ')}`];
}
