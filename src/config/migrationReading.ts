/** A `migration.yaml` that is being read: the document, what is around it, and the errors that its reading can end in. */
import { MigrateError } from '../core/errors.ts';
import { readAt } from './configError.ts';
import type { JobDraft, Surroundings } from './defaults.ts';
import type { MigrationYaml } from './migrationYamlShape.ts';
import type { Fitted } from './yamlShape.ts';

export type JobCommand = 'run' | 'plan' | 'dump' | 'load' | 'start' | 'verify';

export interface ConfigFileOptions extends Surroundings {
  /** The file's name, for messages. */
  readonly file: string;
  readonly command: JobCommand;
  /** Of the command line (`-t`): in place of `meta.index`, which then may be absent. */
  readonly table?: string | undefined;
}

export interface ReadConfig {
  readonly draft: JobDraft;
  readonly warnings: readonly string[];
}

export interface Reading {
  readonly yaml: MigrationYaml;
  readonly options: ConfigFileOptions;
  readonly missing: (key: string, wanted: string) => MigrateError;
  readonly refused: (key: string, message: string, details: { wanted?: string; hint?: string }) => MigrateError;
  /** What `read` gives; what it finds wrong is about the key. */
  readonly about: <T>(key: string, read: () => T) => T;
}

export function readingOf(fitted: Fitted<MigrationYaml>, options: ConfigFileOptions): Reading {
  const { file } = options;
  const placeOf = (key: string) => {
    const line = lineNear(key, fitted.lines);
    return { file, field: key, ...(line === undefined ? {} : { line }) };
  };
  return {
    yaml: fitted.value,
    options,
    missing: (key, wanted) =>
      new MigrateError('E_CONFIG', 'a needed key is missing', { at: placeOf(key), found: `no ${key}`, wanted }),
    refused: (key, message, details) =>
      new MigrateError('E_CONFIG', message, { at: placeOf(key), found: fitted.show(key), ...details }),
    about: (key, read) => readAt(placeOf(key), read),
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

/** The sources of old files that this version reads. */
export const WORK_MODES_READ = ['milvus1x', 'faiss', 'elasticsearch'] as const;
export type WorkMode = (typeof WORK_MODES_READ)[number];

/** undefined: none that is read. */
export function workModeOf(yaml: MigrationYaml): WorkMode | undefined {
  const word = yaml.dumper?.worker?.workMode?.toLowerCase();
  return WORK_MODES_READ.find((mode) => mode === word);
}
