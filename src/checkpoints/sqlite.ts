/**
 * The checkpoint in one SQLite file under the state folder.
 *
 * WAL with synchronous = FULL: what was committed survives a crash of the machine too. A job's lock is an exclusive
 * transaction on a database of its own, which ends with the process, however that ends; a pid file would not.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import type { Checkpoint, JobLock, JobRecord, NewJob } from '../core/checkpoint.ts';
import type { Upload } from '../core/contracts.ts';
import { MigrateError, systemCode } from '../core/errors.ts';
import { makeFolders } from '../core/folders.ts';
import { openSqlite } from '../core/sqlite.ts';
import { collectionOf, countsOf, jobOf, jsonOrNull, type ProgressRow, partitionOf, toJson } from './rows.ts';
import { openStateFile, STATE_FILE, unusable } from './sqliteFile.ts';

const INSERT_PARTITION = 'INSERT INTO partitions (job, id, ordinal, planned) VALUES (?, ?, ?, ?)';

/** @param stateDir made if absent, readable by its owner alone */
export function openSqliteCheckpoint(stateDir: string): Checkpoint {
  const database = openStateFile(stateDir);
  const stateFile = join(stateDir, STATE_FILE);
  const now = (): string => new Date().toISOString();
  const run = (sql: string, ...values: (string | number | null)[]): number =>
    writing(stateDir, () => database.prepare(sql).run(...values).changes);
  /** For rows that were made with the job: without one there is nothing to go on with. */
  const runOnJob = (id: string, sql: string, ...values: (string | number | null)[]): void => {
    if (run(sql, ...values) === 0) throw gone(stateDir, id);
  };
  const all = <Row, T>(read: (row: Row) => T, sql: string, ...values: string[]): T[] =>
    looking(stateFile, () => (database.prepare(sql).all(...values) as Row[]).map(read));
  const jobs = (where: string, ...values: string[]): JobRecord[] =>
    all(jobOf, `SELECT * FROM jobs ${where}`, ...values);

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
    update: async (id, { state, error, report, config }) =>
      runOnJob(
        id,
        'UPDATE jobs SET state = ?, updated_at = ?, error = ?, report = ?, config = COALESCE(?, config) WHERE id = ?',
        ...[state, now(), jsonOrNull(error), jsonOrNull(report), jsonOrNull(config), id],
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
      all(partitionOf, 'SELECT planned, part, load FROM partitions WHERE job = ? ORDER BY ordinal', id),
    counts: async (id) =>
      countsOf(
        all((row: ProgressRow) => row, 'SELECT part IS NOT NULL AS made, load FROM partitions WHERE job = ?', id),
      ),
    recordPart: async (id, part) =>
      runOnJob(id, 'UPDATE partitions SET part = ? WHERE job = ? AND id = ?', toJson(part), id, part.partition),
    discardPart: async (id, partition) =>
      void run('UPDATE partitions SET part = NULL WHERE job = ? AND id = ? AND load IS NULL', id, partition),
    recordLoad: async (id, partition, load) =>
      runOnJob(id, 'UPDATE partitions SET load = ? WHERE job = ? AND id = ?', toJson(load), id, partition),
    collections: async (id) => new Map(all(collectionOf, 'SELECT target, record FROM collections WHERE job = ?', id)),
    recordCollection: async (id, target, record) =>
      void run('INSERT OR REPLACE INTO collections (job, target, record) VALUES (?, ?, ?)', id, target, toJson(record)),
    recordUpload: async (id, { path, token }) =>
      void run('INSERT OR IGNORE INTO uploads (job, path, token) VALUES (?, ?, ?)', id, path, token),
    uploads: async (id) =>
      all((row: Upload) => row, 'SELECT path, token FROM uploads WHERE job = ? ORDER BY path, token', id),
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
  const file = join(stateDir, 'locks', `${key}.sqlite`);
  let database: BetterSqlite3.Database | undefined;
  try {
    makeFolders(dirname(file));
    database = openSqlite(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (thrown) {
    database?.close();
    if (systemCode(thrown) === 'SQLITE_BUSY') return undefined;
    if (thrown instanceof MigrateError) throw thrown;
    throw unusable('could not lock the job', file, thrown);
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
    throw unusable('could not record the progress of the job', join(stateDir, STATE_FILE), thrown);
  }
}

function looking<T>(file: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw unusable('could not read what is recorded', file, thrown);
  }
}
