/**
 * The checkpoint in one SQLite file under the state folder.
 *
 * WAL with synchronous = FULL: what was committed survives a crash of the machine too. A job's lock is an exclusive
 * transaction on a database of its own, which ends with the process, however that ends; a pid file would not.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type {
  Checkpoint,
  CollectionRecord,
  JobRecord,
  JobState,
  LoadRecord,
  NewJob,
  PartitionRecord,
} from '../core/checkpoint.ts';
import type { Part } from '../core/contracts.ts';
import { MigrateError, messageOf, type PlainError, systemCode } from '../core/errors.ts';
import type { PlannedPartition } from '../core/plan.ts';
import type { Report } from '../core/report.ts';

/** Changes with every incompatible change of the tables. */
const FORMAT = 1;

const TABLES = `
  CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL, config TEXT NOT NULL, fingerprint TEXT NOT NULL,
    collections TEXT NOT NULL, error TEXT, report TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS partitions (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    planned TEXT NOT NULL, part TEXT, load TEXT, PRIMARY KEY (job, id)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS collections (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, target TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (job, target)) STRICT, WITHOUT ROWID;`;

interface JobRow {
  readonly id: string;
  readonly key: string;
  readonly state: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly source: string;
  readonly target: string;
  readonly config: string;
  readonly fingerprint: string;
  readonly collections: string;
  readonly error: string | null;
  readonly report: string | null;
}

/** @param stateDir made if absent, readable by its owner alone */
export function openSqliteCheckpoint(stateDir: string): Checkpoint {
  const database = open(stateDir);
  const now = (): string => new Date().toISOString();
  const run = (sql: string, ...values: (string | number | null)[]): void => {
    writing(stateDir, () => database.prepare(sql).run(...values));
  };
  const jobs = (where: string, ...values: string[]): JobRecord[] =>
    (database.prepare(`SELECT * FROM jobs ${where}`).all(...values) as JobRow[]).map(jobOf);

  const create = (job: NewJob): JobRecord => {
    const { id, key, source, target } = job;
    const insert = database.prepare('INSERT INTO partitions (job, id, ordinal, planned) VALUES (?, ?, ?, ?)');
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
    find: async (key) => jobs('WHERE key = ?', key)[0],
    list: async () => jobs('ORDER BY updated_at DESC, id'),
    create: async (job) => create(job),
    async update(id, { state, error, report }) {
      const json = [error, report].map((value) => (value === undefined ? null : toJson(value)));
      run(
        'UPDATE jobs SET state = ?, updated_at = ?, error = ?, report = ? WHERE id = ?',
        state,
        now(),
        json[0]!,
        json[1]!,
        id,
      );
    },
    forget: async (id) => run('DELETE FROM jobs WHERE id = ?', id),
    partitions: async (id) =>
      (
        database.prepare('SELECT planned, part, load FROM partitions WHERE job = ? ORDER BY ordinal').all(id) as {
          planned: string;
          part: string | null;
          load: string | null;
        }[]
      ).map(partitionOf),
    recordPart: async (id, part) =>
      run('UPDATE partitions SET part = ? WHERE job = ? AND id = ?', toJson(part), id, part.partition),
    discardPart: async (id, partition) =>
      run('UPDATE partitions SET part = NULL WHERE job = ? AND id = ? AND load IS NULL', id, partition),
    recordLoad: async (id, partition, load) =>
      run('UPDATE partitions SET load = ? WHERE job = ? AND id = ?', toJson(load), id, partition),
    collections: async (id) =>
      new Map(
        (
          database.prepare('SELECT target, record FROM collections WHERE job = ?').all(id) as {
            target: string;
            record: string;
          }[]
        ).map(({ target, record }) => [target, JSON.parse(record) as CollectionRecord]),
      ),
    recordCollection: async (id, target, record) =>
      run('INSERT OR REPLACE INTO collections (job, target, record) VALUES (?, ?, ?)', id, target, toJson(record)),
    [Symbol.asyncDispose]: async () => void database.close(),
  };
}

function open(stateDir: string): Database.Database {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const file = join(stateDir, 'state.sqlite');
    const database = new Database(file, { timeout: 10_000 });
    chmodSync(file, 0o600);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    const found = database.pragma('user_version', { simple: true });
    if (found !== 0 && found !== FORMAT)
      throw new MigrateError('E_STATE', 'the state folder was written by another version of this tool', {
        at: { file },
        found: `format ${found}`,
        wanted: `format ${FORMAT}`,
        hint: 'use that version, or another --state folder',
      });
    if (found === 0) {
      database.exec(TABLES);
      database.pragma(`user_version = ${FORMAT}`);
    }
    return database;
  } catch (thrown) {
    if (thrown instanceof MigrateError) throw thrown;
    throw new MigrateError('E_STATE', 'could not open the state folder', {
      at: { file: stateDir },
      found: messageOf(thrown),
      hint: 'name a folder that this user can write to with --state',
      cause: thrown,
    });
  }
}

function lockJob(stateDir: string, key: string): AsyncDisposable {
  const dir = join(stateDir, 'locks');
  mkdirSync(dir, { recursive: true });
  const database = new Database(join(dir, `${key}.sqlite`), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if (systemCode(thrown) !== 'SQLITE_BUSY') throw thrown;
    throw new MigrateError('E_JOB_LOCKED', 'another process is at work on this job', {
      hint: 'wait until it ends, or stop it; `milvus-migrate jobs` lists the jobs',
      cause: thrown,
    });
  }
  return { [Symbol.asyncDispose]: async () => void database.close() };
}

function writing<T>(stateDir: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    const full = systemCode(thrown) === 'SQLITE_FULL';
    throw new MigrateError(full ? 'E_NO_SPACE' : 'E_STATE', 'could not record the progress of the job', {
      at: { file: join(stateDir, 'state.sqlite') },
      found: messageOf(thrown),
      hint: full
        ? 'make room and run the same command again'
        : 'look at the state folder, or name another with --state',
      cause: thrown,
    });
  }
}

function toJson(value: unknown): string {
  return JSON.stringify(value);
}

function partitionOf(row: { planned: string; part: string | null; load: string | null }): PartitionRecord {
  return {
    planned: JSON.parse(row.planned) as PlannedPartition,
    part: row.part === null ? undefined : (JSON.parse(row.part) as Part),
    load: row.load === null ? undefined : (JSON.parse(row.load) as LoadRecord),
  };
}

function jobOf(row: JobRow): JobRecord {
  const { id, key, source, target } = row;
  return {
    id,
    key,
    source,
    target,
    state: row.state as JobState,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    config: JSON.parse(row.config),
    fingerprint: JSON.parse(row.fingerprint),
    collections: JSON.parse(row.collections),
    error: row.error === null ? undefined : (JSON.parse(row.error) as PlainError),
    report: row.report === null ? undefined : (JSON.parse(row.report) as Report),
  };
}
