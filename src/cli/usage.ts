/** Usage errors, and the examples that go with them and with the help. */
import { type ErrorDetails, MigrateError } from '../core/errors.ts';
import type { CommandName } from './flags.ts';

const DB = 'milvus1x:/var/lib/milvus/db';
const TO = '--to http://localhost:19530';

/** Three for each command, the most usual first. */
export const EXAMPLES: Readonly<Record<CommandName, readonly string[]>> = {
  run: [
    `milvus-migrate run ${DB} ${TO}`,
    `milvus-migrate run ${DB} ${TO} --staging 's3://milvus-bucket/import?endpoint=http://minio:9000'`,
    `milvus-migrate run ${DB} ${TO} --col faces,docs --mode overwrite --report report.json`,
  ],
  plan: [
    `milvus-migrate plan ${DB} ${TO}`,
    `milvus-migrate plan ${DB} ${TO} --staging /data/import --preflight`,
    `milvus-migrate plan ${DB} --json`,
  ],
  dump: [
    `milvus-migrate dump ${DB} --out /data/dump`,
    `milvus-migrate dump ${DB} --out /data/dump --col faces --threads 4`,
    'milvus-migrate dump --config migration.yaml',
  ],
  load: [
    `milvus-migrate load /data/dump ${TO}`,
    `milvus-migrate load /data/dump ${TO} --staging-as /var/lib/milvus/import`,
    'milvus-migrate load --config migration.yaml',
  ],
  start: [
    'milvus-migrate start --config migration.yaml',
    'milvus-migrate start --config migration.yaml --col faces -t faces_2026',
    'milvus-migrate start --config migration.yaml --keep --report report.json',
  ],
  verify: [
    `milvus-migrate verify ${DB} ${TO}`,
    `milvus-migrate verify ${DB} ${TO} --verify full`,
    'milvus-migrate verify --config migration.yaml',
  ],
  export: [
    'milvus-migrate export -s /var/lib/milvus/db/meta.sqlite -o out',
    "MILVUS_MIGRATE_META='user:pw@tcp(localhost:3306)/milvus' milvus-migrate export -o out",
    'milvus-migrate export --config migration.yaml -o out',
  ],
  inspect: [
    'milvus-migrate inspect /data/docs.index',
    'milvus-migrate inspect /data/docs.index --keep-transformed --metric COSINE',
    'milvus-migrate inspect /data/docs.index --json',
  ],
  jobs: ['milvus-migrate jobs', 'milvus-migrate jobs resume 7f3a', 'milvus-migrate jobs clean'],
  server: ['milvus-migrate start --config migration.yaml'],
  version: ['milvus-migrate version', 'milvus-migrate version --json'],
  help: ['milvus-migrate help', 'milvus-migrate help run', 'milvus-migrate help milvus1x'],
};

/** A usage error with the command's first example, unless the details have a hint of their own. */
export function usageError(command: CommandName, message: string, details: ErrorDetails = {}): MigrateError {
  return new MigrateError('E_USAGE', message, { hint: EXAMPLES[command][0]!, ...details });
}
