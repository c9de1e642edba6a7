/**
 * The checkpoint in one SQLite file under the state folder.
 *
 * WAL with synchronous = FULL: what was committed survives a crash of the machine too. A job's lock is an exclusive
 * transaction on a database of its own, which ends with the process, however that ends; a pid file would not.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import type { Checkpoint, JobLock, JobRecord, NewJob } from '../core/checkpoint.ts';
import type { Upload } from '../core/contracts.ts';
import { MigrateError, messageOf, systemCode } from '../core/errors.ts';
import { loadPackage } from '../core/loadPackage.ts';
import type { PartitionRow } from './rows.ts';
import { type CollectionRow, collectionsOf, type JobRow, jobOf, jsonOrNull, partitionOf, toJson } from './rows.ts';
import { lacksRoom, openStateFile, STATE_FILE, stateFailure } from './sqliteFile.ts';

const Database = loadPackage('better-sqlite3');

const INSERT_PARTITION = 'INSERT INTO partitions (job, id, ordinal, planned) VALUES (?, ?, ?, ?)';

/** @param stateDir made if absent, readable by its owner alone */
export function openSqliteCheckpoint(stateDir: string): Checkpoint {
  const database = openStateFile(stateDir);
  const now = (): string => new Date().toISOString();
  const run = (sql: string, ...values: (string | number | null)[]): number =>
    writing(stateDir, () => database.prepare(sql).run(...values).changes);
  /** For rows that were made with the job: without one there is nothing to go on with. */
  const runOnJob = (id: string, sql: string, ...values: (string | number | null)[]): void => {
    if (run(sql, ...values) === 0) throw gone(stateDir, id);
  };
  const all = <T>(sql: string, ...values: string[]): T[] => database.prepare(sql).all(...values) as T[];
  const jobs = (where: string, ...values: string[]): JobRecord[] =>
    all<JobRow>(`SELECT * FROM jobs ${where}`, ...values).map(jobOf);

  const create = (job: NewJob): JobRecord => {
    const { id, key, source, target } = job;
    const insert = database.prepare(INSERT_PARTITION);
    writing(stateDir, () =>
      database.transaction(() => {
        database
          .prepare(
            `INSERT INTO jobs (id, key, state, created_at, updated_at, source, target, config, fingerprint, collections)
             VALUES (?, ?, 'planned', ?, ?, ?, ?, ?, ?, ?)`,
          )
          .run(id, key, now(), now(), source, target, ...[job.config, job.fingerprint, job.collections].map(toJson));
        for (const planned of job.partitions) insert.run(id, planned.partition.id, planned.ordinal, toJson(planned));
      })(),
    );
    return jobs('WHERE id = ?', id)[0]!;
  };

  return {
    lock: async (key) => lockJob(stateDir, key),
    isLocked: async (key) => isLocked(stateDir, key),
    find: async (key) => jobs('WHERE key = ?', key)[0],
    list: async () => jobs('ORDER BY updated_at DESC, id'),
    create: async (job) => create(job),
    update: async (id, { state, error, report }) =>
      runOnJob(
        id,
        'UPDATE jobs SET state = ?, updated_at = ?, error = ?, report = ? WHERE id = ?',
        state,
        now(),
        jsonOrNull(error),
        jsonOrNull(report),
        id,
      ),
    forget: async (id) => void run('DELETE FROM jobs WHERE id = ?', id),
    async addPartitions(id, partitions) {
      if (jobs('WHERE id = ?', id).length === 0) throw gone(stateDir, id);
      const insert = database.prepare(INSERT_PARTITION);
      writing(stateDir, () =>
        database.transaction(() => {
          for (const planned of partitions) insert.run(id, planned.partition.id, planned.ordinal, toJson(planned));
        })(),
      );
    },
    partitions: async (id) =>
      all<PartitionRow>('SELECT planned, part, load FROM partitions WHERE job = ? ORDER BY ordinal', id).map(
        partitionOf,
      ),
    recordPart: async (id, part) =>
      runOnJob(id, 'UPDATE partitions SET part = ? WHERE job = ? AND id = ?', toJson(part), id, part.partition),
    discardPart: async (id, partition) =>
      void run('UPDATE partitions SET part = NULL WHERE job = ? AND id = ? AND load IS NULL', id, partition),
    recordLoad: async (id, partition, load) =>
      runOnJob(id, 'UPDATE partitions SET load = ? WHERE job = ? AND id = ?', toJson(load), id, partition),
    collections: async (id) =>
      collectionsOf(all<CollectionRow>('SELECT target, record FROM collections WHERE job = ?', id)),
    recordCollection: async (id, target, record) =>
      void run('INSERT OR REPLACE INTO collections (job, target, record) VALUES (?, ?, ?)', id, target, toJson(record)),
    recordUpload: async (id, { path, token }) =>
      void run('INSERT OR IGNORE INTO uploads (job, path, token) VALUES (?, ?, ?)', id, path, token),
    uploads: async (id) => all<Upload>('SELECT path, token FROM uploads WHERE job = ? ORDER BY path, token', id),
    async dropUploads(id, uploads) {
      const drop = database.prepare('DELETE FROM uploads WHERE job = ? AND path = ? AND token = ?');
      writing(stateDir, () =>
        database.transaction(() => {
          for (const { path, token } of uploads) drop.run(id, path, token);
        })(),
      );
    },
    [Symbol.asyncDispose]: async () => void database.close(),
  };
}

/** Whether the folder has jobs: to ask does not make one. */
export function hasSqliteCheckpoint(stateDir: string): boolean {
  return existsSync(join(stateDir, STATE_FILE));
}

function lockJob(stateDir: string, key: string): JobLock {
  const database = tryLock(stateDir, key);
  if (database === undefined)
    throw new MigrateError('E_JOB_LOCKED', 'another process is at work on this job', {
      hint: 'wait until it ends, or stop it; `milvus-migrate jobs` lists the jobs',
    });
  // The lock of an open file is not lost while the process lives.
  return { lost: new AbortController().signal, [Symbol.asyncDispose]: async () => void database.close() };
}

function isLocked(stateDir: string, key: string): boolean {
  const database = tryLock(stateDir, key);
  database?.close();
  return database === undefined;
}

/** undefined: another process has it. */
function tryLock(stateDir: string, key: string): BetterSqlite3.Database | undefined {
  const dir = join(stateDir, 'locks');
  let database: BetterSqlite3.Database | undefined;
  try {
    mkdirSync(dir, { recursive: true });
    database = new Database(join(dir, `${key}.sqlite`), { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (thrown) {
    database?.close();
    if (systemCode(thrown) === 'SQLITE_BUSY') return undefined;
    throw stateFailure(stateDir, 'could not lock the job', thrown);
  }
}

function gone(stateDir: string, id: string): MigrateError {
  return new MigrateError('E_STATE', 'the job is not recorded any more', {
    at: { file: join(stateDir, STATE_FILE) },
    found: `no job ${id}`,
    hint: 'it was forgotten meanwhile; run the same command again',
  });
}

function writing<T>(stateDir: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    const full = lacksRoom(stateDir, thrown);
    throw new MigrateError(full ? 'E_NO_SPACE' : 'E_STATE', 'could not record the progress of the job', {
      at: { file: join(stateDir, STATE_FILE) },
      found: messageOf(thrown),
      hint: full
        ? 'make room and run the same command again'
        : 'look at the state folder, or name another with --state',
      cause: thrown,
    });
  }
}
