/**
 * The tables of a checkpoint in MySQL or MariaDB.
 *
 * Names and ids are VARBINARY: compared byte by byte, trailing blanks included, which no collation of both servers does.
 * JSON is kept as text: the JSON type of MySQL reorders keys and rounds numbers, MariaDB's is text anyway.
 */
import { MigrateError, systemCode } from '../core/errors.ts';
import type { Sql } from './mysqlConnection.ts';
import type { MysqlSession } from './mysqlSession.ts';

export const TABLE = {
  schema: 'milvus_migrate_schema',
  jobs: 'milvus_migrate_jobs',
  partitions: 'milvus_migrate_partitions',
  collections: 'milvus_migrate_collections',
  uploads: 'milvus_migrate_uploads',
  locks: 'milvus_migrate_locks',
} as const;

const KIND = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/**
 * What each version of the tables added; a released step is never changed. Each may be done again after it was cut off in
 * the middle: statements that make tables can not be undone together.
 */
const STEPS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS ${TABLE.jobs} (
      id VARBINARY(64) NOT NULL PRIMARY KEY, job_key VARBINARY(64) NOT NULL UNIQUE, state VARCHAR(20) NOT NULL,
      created_at VARCHAR(30) NOT NULL, updated_at VARCHAR(30) NOT NULL, source LONGTEXT NOT NULL, target LONGTEXT NOT NULL,
      config LONGTEXT NOT NULL, fingerprint LONGTEXT NOT NULL, collections LONGTEXT NOT NULL,
      error LONGTEXT, report LONGTEXT) ${KIND}`,
    // 764 bytes of key: some older servers take no more than 767.
    `CREATE TABLE IF NOT EXISTS ${TABLE.partitions} (
      job VARBINARY(64) NOT NULL, id VARBINARY(700) NOT NULL, planned LONGTEXT NOT NULL, part LONGTEXT,
      load_state LONGTEXT, PRIMARY KEY (job, id)) ${KIND}`,
    `CREATE TABLE IF NOT EXISTS ${TABLE.collections} (
      job VARBINARY(64) NOT NULL, target VARBINARY(700) NOT NULL, record LONGTEXT NOT NULL,
      PRIMARY KEY (job, target)) ${KIND}`,
    // Paths and tokens are longer than a key may be: their SHA-256 stands for both.
    `CREATE TABLE IF NOT EXISTS ${TABLE.uploads} (
      job VARBINARY(64) NOT NULL, digest VARBINARY(64) NOT NULL, path LONGTEXT NOT NULL, token LONGTEXT NOT NULL,
      PRIMARY KEY (job, digest)) ${KIND}`,
    // Who may write for a job. Not in the job's row: the lock is there before the job is.
    `CREATE TABLE IF NOT EXISTS ${TABLE.locks} (
      job_key VARBINARY(64) NOT NULL PRIMARY KEY, owner VARCHAR(40) NOT NULL, host VARCHAR(255) NOT NULL,
      pid BIGINT NOT NULL, since VARCHAR(30) NOT NULL) ${KIND}`,
  ],
];

export const TABLES_VERSION = STEPS.length;
const MAKING_S = 30;

/** Whether the tables are there, as this version has them. E_STATE where a newer one made them. */
export async function hasTables(session: MysqlSession, place: string): Promise<boolean> {
  const version = await session.statements(versionIn);
  if (version > TABLES_VERSION)
    throw new MigrateError('E_STATE', 'the tables for the jobs were made by a newer version of this tool', {
      at: { file: place },
      found: `format ${version}`,
      wanted: `format ${TABLES_VERSION} or older`,
      hint: 'use that version, or another database',
    });
  return version === TABLES_VERSION;
}

/** Makes what is missing. Two processes may do so at once: one waits for the other. */
export async function makeTables(session: MysqlSession, place: string): Promise<void> {
  if (await hasTables(session, place)) return;
  await session.statements(async (sql) => {
    const lock = "CONCAT('milvus-migrate-', SHA1(DATABASE()))";
    const [got] = await sql.rows<{ got: number | null }>(`SELECT GET_LOCK(${lock}, ${MAKING_S}) AS got`);
    if (Number(got?.got) !== 1)
      throw new MigrateError('E_STATE', 'another process is making the tables for the jobs', {
        at: { file: place },
        found: `not done after ${MAKING_S} s`,
        hint: 'run the same command again',
      });
    for (const statement of STEPS.slice(await versionIn(sql)).flat()) await sql.say(statement);
    // Last of all: where this row is, everything is.
    await sql.say(
      `CREATE TABLE IF NOT EXISTS ${TABLE.schema} (id INT NOT NULL PRIMARY KEY, version INT NOT NULL) ${KIND}`,
    );
    await sql.run(`REPLACE INTO ${TABLE.schema} (id, version) VALUES (1, ?)`, TABLES_VERSION);
    await sql.rows(`SELECT RELEASE_LOCK(${lock})`);
  });
}

/** 0: there are none. */
async function versionIn(sql: Sql): Promise<number> {
  try {
    const [row] = await sql.rows<{ version: number }>(`SELECT version FROM ${TABLE.schema} WHERE id = 1`);
    return Number(row?.version ?? 0);
  } catch (thrown) {
    if (systemCode(thrown) === 'ER_NO_SUCH_TABLE') return 0;
    throw thrown;
  }
}
