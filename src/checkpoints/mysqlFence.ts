/** Writes for a job that only its owner can do: each looks, in its own transaction, who has the job by now. */
import { MigrateError } from '../core/errors.ts';
import type { Sql } from './mysqlConnection.ts';
import { describeOwner, heldByOther, type LockRow, type MysqlLock } from './mysqlLock.ts';
import type { MysqlSession } from './mysqlSession.ts';
import { TABLE } from './mysqlTables.ts';

export interface Fence {
  /** From now on, writes for that job want the token of this lock; until `release`. */
  own(key: string, lock: MysqlLock): void;
  release(key: string, lock: MysqlLock): void;
  /** A write for a job that is there. E_STATE where it is not, E_JOB_LOCKED where another process has it. */
  write(id: string, work: (sql: Sql) => Promise<unknown>): Promise<void>;
  /** As `write`; of a job that is not there, nothing is done. */
  writeIfThere(id: string, work: (sql: Sql) => Promise<unknown>): Promise<void>;
  /** A write for the key of a job that is not there yet. @param work see `MysqlSession.transaction` */
  writeNew(key: string, work: (sql: Sql, repeated: boolean) => Promise<void>): Promise<void>;
}

type Found = LockRow | Readonly<Record<keyof LockRow, null>>;

export function openFence(session: MysqlSession, place: string): Fence {
  const locks = new Map<string, MysqlLock>();

  const checkOwner = (key: string, found: Found | undefined): void => {
    const mine = locks.get(key);
    // Nobody's, and never asked for: as with a state folder.
    if ((found?.owner ?? undefined) === mine?.token) return;
    const owner = found === undefined || found.owner === null ? undefined : found;
    throw mine === undefined ? heldByOther(place, owner) : takenOver(place, owner);
  };
  /** Its row stays as it is until the transaction ends: who takes the job over waits for that. */
  const isThere = async (sql: Sql, id: string): Promise<boolean> => {
    const [row] = await sql.rows<Found & { readonly key: string }>(
      `SELECT CONVERT(j.job_key USING utf8mb4) AS \`key\`, owner, host, pid, since FROM ${TABLE.jobs} AS j
         LEFT JOIN ${TABLE.locks} AS l ON l.job_key = j.job_key WHERE j.id = ? LOCK IN SHARE MODE`,
      id,
    );
    if (row !== undefined) checkOwner(row.key, row);
    return row !== undefined;
  };

  return {
    own: (key, lock) => void locks.set(key, lock),
    release(key, lock) {
      if (locks.get(key) === lock) locks.delete(key);
    },
    write: (id, work) =>
      session.transaction(async (sql) => {
        if (!(await isThere(sql, id))) throw gone(place, id);
        await work(sql);
      }),
    writeIfThere: (id, work) =>
      session.transaction(async (sql) => {
        if (await isThere(sql, id)) await work(sql);
      }),
    writeNew: (key, work) =>
      session.transaction(async (sql, repeated) => {
        const [owner] = await sql.rows<LockRow>(
          `SELECT owner, host, pid, since FROM ${TABLE.locks} WHERE job_key = ? LOCK IN SHARE MODE`,
          key,
        );
        checkOwner(key, owner);
        await work(sql, repeated);
      }),
  };
}

function takenOver(place: string, owner: LockRow | undefined): MigrateError {
  return new MigrateError('E_JOB_LOCKED', 'another process took over this job, and this one stops', {
    at: { file: place },
    found: owner === undefined ? 'it was at work on it, and ended' : describeOwner(owner),
    hint: 'nothing is lost: look at `milvus-migrate jobs`, and run the same command again if it did not end well',
  });
}

export function gone(place: string, id: string): MigrateError {
  return new MigrateError('E_STATE', 'the job is not recorded any more', {
    at: { file: place },
    found: `no job ${id}`,
    hint: 'it was forgotten meanwhile; run the same command again',
  });
}
