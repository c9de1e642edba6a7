/** Finds a job's YAML file and reads it, whichever of the known kinds it is. */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { MigrateError, messageOf, systemCode } from '../core/errors.ts';
import type { ConfigFileOptions, ReadConfig } from './migrationYaml.ts';
import { localPath } from './storeUrl.ts';
import type { YamlNode } from './yamlTree.ts';

/** Where old scripts have theirs, in the order of looking. */
export const DEFAULT_CONFIG_FILES = ['migration.yaml', 'configs/migration.yaml'] as const;

/** Top keys of MilvusDM's files. */
const MILVUSDM_KEYS = ['F2M', 'H2M', 'M2M', 'M2H'];

export interface FoundConfig extends ReadConfig {
  /** As it was named. */
  readonly file: string;
  readonly kind: 'job' | 'migration';
}

/** @throws MigrateError E_CONFIG: not there, not YAML, or wrong inside */
export async function readConfigFile(file: string, options: Omit<ConfigFileOptions, 'file'>): Promise<FoundConfig> {
  const text = await readText(file, options.cwd);
  if (text === undefined) throw notThere(file);
  return parseConfig(text, { ...options, file });
}

/** The first of the files where old scripts have theirs; undefined: there is none. */
export async function findConfigFile(options: Omit<ConfigFileOptions, 'file'>): Promise<FoundConfig | undefined> {
  for (const file of DEFAULT_CONFIG_FILES) {
    const text = await readText(file, options.cwd);
    if (text !== undefined) return parseConfig(text, { ...options, file });
  }
  return undefined;
}

/** The text of a file as a draft of a job: nothing is read or looked up but `options`. */
export async function parseConfig(text: string, options: ConfigFileOptions): Promise<FoundConfig> {
  const { parseYaml } = await import('./yamlTree.ts');
  const tree = await parseYaml(text, options.file);
  const keys = topKeys(tree);
  const milvusdm = keys.find((key) => MILVUSDM_KEYS.includes(key));
  if (milvusdm !== undefined) {
    throw new MigrateError('E_CONFIG', "MilvusDM's files are not yet in this version", {
      at: { file: options.file, line: tree.line, field: milvusdm },
      wanted: 'a migration.yaml or a job file',
    });
  }
  if (keys.includes('job')) {
    const { fromJobFile } = await import('./jobFile.ts');
    return { file: options.file, kind: 'job', ...fromJobFile(tree, options) };
  }
  const { fromMigrationYaml } = await import('./migrationYaml.ts');
  return { file: options.file, kind: 'migration', ...fromMigrationYaml(tree, options) };
}

function topKeys(tree: YamlNode): string[] {
  return tree.kind === 'map' ? tree.entries.map((entry) => entry.key) : [];
}

async function readText(file: string, cwd: string): Promise<string | undefined> {
  const path = localPath(file, cwd, '--config');
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new MigrateError('E_CONFIG', 'the configuration file cannot be read', {
      at: { file },
      found: messageOf(cause),
      cause,
    });
  }
  // Else what is none would become U+FFFD: in names, passwords, constants.
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const lines = bytes.toString('latin1').split('\n');
  throw new MigrateError('E_CONFIG', 'the configuration file is not UTF-8', {
    at: { file, line: 1 + lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1'))) },
    found: 'bytes of another encoding',
    hint: 'iconv -f LATIN1 -t UTF-8 (or -f UTF-16) writes it anew',
  });
}

function notThere(file: string): MigrateError {
  return new MigrateError('E_CONFIG', 'the configuration file is not there', {
    at: { file },
    hint: 'name it with --config FILE',
  });
}
