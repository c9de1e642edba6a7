/** Flags that are about one kind of source: refused where the source is of another. */
import type { SourceConfig } from '../config/job.ts';
import { type CommandName, dashed, type FlagName } from './flags.ts';
import type { RawArgs } from './rawArgs.ts';
import { usageError } from './usage.ts';

type Kind = 'milvus1x' | 'faiss' | 'elasticsearch' | 'plugin';

export const LOGIN_FLAGS = ['es-user', 'es-password', 'es-api-key', 'es-service-token'] as const;

const FLAGS_OF: Readonly<Record<Kind, readonly FlagName[]>> = {
  milvus1x: ['meta', 'tables', 'skip-bad-segments', 'ignore-unflushed'],
  faiss: ['collection', 'metric', 'keep-transformed', 'allow-sketch', 'strict'],
  elasticsearch: [
    ...LOGIN_FLAGS,
    'es-ca-file',
    'es-ca-fingerprint',
    'es-insecure',
    'es-timeout',
    'fields',
    'merge-indices',
    'dates',
    'long-text',
    'missing',
    'metric',
    'catch-up',
    'es-read',
    'es-encoding',
    'es-page-rows',
  ],
  plugin: ['source-options'],
};

const CALLED: Readonly<Record<Kind, readonly [string, string]>> = {
  milvus1x: ['Milvus 1.x', 'milvus1x:/path/to/db'],
  faiss: ['Faiss indexes', 'faiss:/path/to/file.index'],
  elasticsearch: ['Elasticsearch', 'es+https://host:9200/index'],
  plugin: ['sources of your own', 'plugin:./my-source.js'],
};

/** @throws MigrateError E_USAGE where a flag is given with a source of a kind that has no use for it */
export function refuseKindFlags(source: SourceConfig | undefined, raw: RawArgs, command: CommandName): void {
  // Whoever loads or verifies dumped files may do so by the words of the dump.
  if (source === undefined || source.kind === 'dumped') return;
  const kinds = Object.keys(FLAGS_OF) as Kind[];
  const own: readonly FlagName[] = FLAGS_OF[source.kind as Kind] ?? [];
  const given = kinds.flatMap((kind) => FLAGS_OF[kind]).find((flag) => raw.given.has(flag) && !own.includes(flag));
  if (given === undefined) return;
  const owners = kinds.filter((kind) => FLAGS_OF[kind].includes(given));
  throw usageError(command, `${dashed(given)} is for ${owners.map((kind) => CALLED[kind][0]).join(' and ')}`, {
    found: `a source of the kind ${source.kind}`,
    wanted: owners.map((kind) => CALLED[kind][1]).join(' or '),
  });
}
