/**
 * The checkpoint in a database of MySQL or MariaDB: for jobs that another host may go on with.
 *
 * Every write is a transaction that first looks whether this process still has the job (`mysqlFence.ts`), and may be done
 * twice (`mysqlSession.ts`). Durable as the server is: innodb_flush_log_at_trx_commit = 1 is its default.
 */
import { createHash } from 'node:crypto';
import type { Secret } from '../config/secret.ts';
import type { Checkpoint, JobLock, JobRecord } from '../core/checkpoint.ts';
import type { Upload } from '../core/contracts.ts';
import { type MysqlAddress, parseMysqlDsn, showMysql } from '../formats/mysqlDsn.ts';
import type { SqlValue } from './mysqlConnection.ts';
import { type Fence, gone, openFence } from './mysqlFence.ts';
import { isMysqlLocked, takeMysqlLock } from './mysqlLock.ts';
import { insertJob, insertPartitions } from './mysqlPlan.ts';
import { type MysqlSession, openMysqlSession } from './mysqlSession.ts';
import { hasTables, makeTables, TABLE } from './mysqlTables.ts';
import {
  type CollectionRow,
  collectionOf,
  countsOf,
  type JobRow,
  jobOf,
  jsonOrNull,
  type PartitionRow,
  type ProgressRow,
  partitionOf,
  toJson,
} from './rows.ts';

const JOB_COLUMNS = `CONVERT(id USING utf8mb4) AS id, CONVERT(job_key USING utf8mb4) AS \`key\`, state, created_at,
  updated_at, source, target, config, fingerprint, collections, error, report`;

/**
 * Errors: E_CONFIG for an address that can not be read, E_STATE for all that the server may say; none shows the password.
 * @param make whether tables that are absent are made; else undefined comes back
 */
export async function openMysqlCheckpoint(url: Secret, make: boolean): Promise<Checkpoint | undefined> {
  const address = parseMysqlDsn(url.reveal());
  const place = showMysql(address);
  const session = await openMysqlSession(address);
  try {
    if (make) await makeTables(session, place);
    if (make || (await hasTables(session, place))) return checkpointOn(session, address);
  } catch (thrown) {
    await session[Symbol.asyncDispose]();
    throw thrown;
  }
  await session[Symbol.asyncDispose]();
  return undefined;
}

function checkpointOn(session: MysqlSession, address: MysqlAddress): Checkpoint {
  const place = showMysql(address);
  const fence = openFence(session, place);
  const all = <T>(text: string, ...values: SqlValue[]): Promise<T[]> =>
    session.statements((sql) => sql.rows<T>(text, ...values));
  const jobs = async (where: string, ...values: string[]): Promise<JobRecord[]> =>
    (await all<JobRow>(`SELECT ${JOB_COLUMNS} FROM ${TABLE.jobs} ${where}`, ...values)).map(jobOf);
  /** One statement for a job that is there. */
  const write = (id: string, text: string, ...values: SqlValue[]): Promise<void> =>
    fence.write(id, (sql) => sql.run(text, ...values));
  const setPartition = (id: string, partition: string, column: 'part' | 'load_state', value: string): Promise<void> =>
    fence.write(id, async (sql) => {
      const text = `UPDATE ${TABLE.partitions} SET ${column} = ? WHERE job = ? AND id = ?`;
      if ((await sql.run(text, value, id, partition)) === 0) throw gone(place, id);
    });

  return {
    lock: (key) => lockFenced(address, key, fence),
    isLocked: (key) => session.statements((sql) => isMysqlLocked(sql, key)),
    find: async (key) => (await jobs('WHERE job_key = ?', key))[0],
    // Sorted here: servers sort rows with long texts in a buffer of fixed size.
    list: async () => (await jobs('')).sort(newestFirst),
    async create(job) {
      await fence.writeNew(job.key, async (sql, repeated) => {
        // Ids are random: one that is there when this is repeated was put there by the try before.
        const known = `SELECT 1 FROM ${TABLE.jobs} WHERE id = ? AND job_key = ?`;
        if (repeated && (await sql.rows(known, job.id, job.key)).length > 0) return;
        await insertJob(sql, job, now());
      });
      return (await jobs('WHERE id = ?', job.id))[0]!;
    },
    update: (id, { state, error, report, config }) =>
      write(
        id,
        `UPDATE ${TABLE.jobs} SET state = ?, updated_at = ?, error = ?, report = ?, config = COALESCE(?, config) WHERE id = ?`,
        ...[state, now(), jsonOrNull(error), jsonOrNull(report), jsonOrNull(config), id],
      ),
    forget: (id) =>
      fence.writeIfThere(id, async (sql) => {
        for (const table of [TABLE.partitions, TABLE.collections, TABLE.uploads])
          await sql.run(`DELETE FROM ${table} WHERE job = ?`, id);
        await sql.run(`DELETE FROM ${TABLE.jobs} WHERE id = ?`, id);
      }),
    addPartitions: (id, partitions) =>
      fence.write(id, async (sql) => {
        const [first] = partitions;
        if (first === undefined) return;
        // All or none were put there by a try whose answer got lost.
        const known = `SELECT 1 FROM ${TABLE.partitions} WHERE job = ? AND id = ?`;
        if ((await sql.rows(known, id, first.partition.id)).length === 0) await insertPartitions(sql, id, partitions);
      }),
    async partitions(id) {
      const text = `SELECT planned, part, load_state AS \`load\` FROM ${TABLE.partitions} WHERE job = ?`;
      const records = (await all<PartitionRow>(text, id)).map(partitionOf);
      return records.sort((one, other) => one.planned.ordinal - other.planned.ordinal);
    },
    async counts(id) {
      const text = `SELECT part IS NOT NULL AS made, load_state AS \`load\` FROM ${TABLE.partitions} WHERE job = ?`;
      return countsOf(await all<ProgressRow>(text, id));
    },
    recordPart: (id, part) => setPartition(id, part.partition, 'part', toJson(part)),
    discardPart: (id, partition) =>
      write(
        id,
        `UPDATE ${TABLE.partitions} SET part = NULL WHERE job = ? AND id = ? AND load_state IS NULL`,
        ...[id, partition],
      ),
    recordLoad: (id, partition, load) => setPartition(id, partition, 'load_state', toJson(load)),
    async collections(id) {
      const text = `SELECT CONVERT(target USING utf8mb4) AS target, record FROM ${TABLE.collections} WHERE job = ?`;
      return new Map((await all<CollectionRow>(text, id)).map(collectionOf));
    },
    recordCollection: (id, target, record) =>
      write(
        id,
        `REPLACE INTO ${TABLE.collections} (job, target, record) VALUES (?, ?, ?)`,
        ...[id, target, toJson(record)],
      ),
    recordUpload: (id, upload) =>
      write(
        id,
        `REPLACE INTO ${TABLE.uploads} (job, digest, path, token) VALUES (?, ?, ?, ?)`,
        ...[id, digestOf(upload), upload.path, upload.token],
      ),
    uploads: (id) => all<Upload>(`SELECT path, token FROM ${TABLE.uploads} WHERE job = ?`, id),
    dropUploads: (id, uploads) =>
      fence.writeIfThere(id, async (sql) => {
        for (const upload of uploads)
          await sql.run(`DELETE FROM ${TABLE.uploads} WHERE job = ? AND digest = ?`, id, digestOf(upload));
      }),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

async function lockFenced(address: MysqlAddress, key: string, fence: Fence): Promise<JobLock> {
  const lock = await takeMysqlLock(address, key);
  fence.own(key, lock);
  return {
    lost: lock.lost,
    async [Symbol.asyncDispose]() {
      await lock[Symbol.asyncDispose]();
      fence.release(key, lock);
    },
  };
}

function digestOf({ path, token }: Upload): string {
  return createHash('sha256')
    .update(JSON.stringify([path, token]))
    .digest('hex');
}

/** ISO 8601 sorts as text. */
function newestFirst(one: JobRecord, other: JobRecord): number {
  if (one.updatedAt !== other.updatedAt) return one.updatedAt < other.updatedAt ? 1 : -1;
  return one.id < other.id ? -1 : 1;
}

function now(): string {
  return new Date().toISOString();
}
