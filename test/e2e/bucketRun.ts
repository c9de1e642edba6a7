/** A run of the command line between buckets: its words, its environment, and what it left behind. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteCheckpoint } from '../../src/checkpoints/sqlite.ts';
import type { Report } from '../../src/core/report.ts';
import { temporaryFolder } from '../temporary.ts';
import type { Bucket, Clouds } from './clouds.ts';
import { type Ended, milvusMigrate } from './harness.ts';
import { type TestDatabase, testDatabase } from './reading.ts';
import { assertHidden } from './secrets.ts';

export interface BucketRun extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly path: string;
  readonly state: string;
  /** Prefix in Milvus's bucket, of this run alone. */
  readonly prefix: string;
  readonly env: Readonly<Record<string, string>>;
  /** `run` of a Milvus 1.x at that URL, with staging below the prefix. */
  words(source: string, ...flags: string[]): string[];
  /** Runs them, and looks for the credentials in all that it says and leaves on this host. */
  migrate(words: readonly string[]): Promise<Ended>;
  report(): Report;
  /** Keys of the uploads that the checkpoint knows of. */
  recordedUploads(): Promise<string[]>;
}

export async function bucketRun(clouds: Clouds): Promise<BucketRun> {
  const folder = temporaryFolder();
  const database = await testDatabase(clouds.milvus);
  const { path } = folder;
  const state = join(path, 'state');
  const prefix = `stage/${randomBytes(4).toString('hex')}`;
  const { accessKey, secretKey } = clouds.minio;
  const env = {
    MILVUS_MIGRATE_SOURCE_ACCESS_KEY: accessKey,
    MILVUS_MIGRATE_SOURCE_SECRET_KEY: secretKey,
    MILVUS_MIGRATE_FILES_ACCESS_KEY: accessKey,
    MILVUS_MIGRATE_FILES_SECRET_KEY: secretKey,
    MILVUS_MIGRATE_STATE: state,
  };
  return {
    database,
    path,
    state,
    prefix,
    env,
    words: (source, ...flags) => [
      'run',
      `milvus1x:${source}`,
      ...database.flags,
      ...(flags.includes('--threads') ? [] : ['--threads', '2']),
      '--report',
      join(path, 'report.json'),
      ...(flags.includes('--staging') ? [] : ['--staging', clouds.staging.url(prefix)]),
      ...flags,
    ],
    async migrate(words) {
      const ended = await milvusMigrate(words, { env, cwd: path });
      assertHidden([secretKey], ended, [path]);
      return ended;
    },
    report: () => JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')) as Report,
    async recordedUploads() {
      await using checkpoint = openSqliteCheckpoint(state);
      const [job] = await checkpoint.list();
      const uploads = job === undefined ? [] : await checkpoint.uploads(job.id);
      return uploads.map((upload) => `${prefix}/${upload.path}`);
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Uploads to these keys that are not complete. */
export async function openUploads(bucket: Bucket, keys: readonly string[]): Promise<number> {
  const counts = await Promise.all(keys.map((key) => bucket.uploads(key)));
  return counts.reduce((sum, count) => sum + count, 0);
}
