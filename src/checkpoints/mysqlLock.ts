/**
 * Holds a job for one process among all that share a MySQL server.
 *
 * Two things together. GET_LOCK on a connection of its own keeps others out and ends with that connection, however it
 * ends: with the process, or (a host that fell silent) when the server has heard nothing for `SILENCE_S`. And a row names
 * the owner: who takes the lock writes a new token there, and every write of a checkpoint looks at it in its own
 * transaction. So a process that lost the lock without knowing it changes nothing any more.
 *
 * ```
 *   asks every 10 s ─ no answer for 10 s ─ tries to get it back for 30 s ─► its run ends │ 60 s: the server lets others in
 * ```
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobLock } from '../core/checkpoint.ts';
import { MigrateError, toMigrateError } from '../core/errors.ts';
import { type MysqlAddress, showMysql } from '../formats/mysqlDsn.ts';
import { CONNECT_MS, connectMysql, type MysqlConnection, type Sql } from './mysqlConnection.ts';
import { explainMysql, mayGoWellAgain } from './mysqlErrors.ts';
import { TABLE } from './mysqlTables.ts';

const ASK_EVERY_MS = 10_000;
const ANSWER_MS = 10_000;
/** With the time of a connection that does not come, 30 s. */
const BACK_WITHIN_MS = 30_000 - CONNECT_MS;
const RETRY_MS = 500;
/** A connection that was just cut frees its lock a moment later. */
const WAIT_S = 1;

/** At most 64 characters; locks are the server's, not the database's. */
const NAME = "CONCAT('milvus-migrate-', SHA1(CONCAT(DATABASE(), '/', ?)))";

/** The lock, and the token that its writes must find. */
export interface MysqlLock extends JobLock {
  readonly token: string;
}

/** Who has a job. */
export interface LockRow {
  readonly owner: string;
  readonly host: string;
  readonly pid: number | string;
  readonly since: string;
}

export async function isMysqlLocked(sql: Sql, key: string): Promise<boolean> {
  const [row] = await sql.rows<{ free: number | null }>(`SELECT IS_FREE_LOCK(${NAME}) AS free`, key);
  return Number(row?.free) !== 1;
}

/** E_JOB_LOCKED where another process has it. */
export async function takeMysqlLock(address: MysqlAddress, key: string): Promise<MysqlLock> {
  const token = randomUUID();
  const lost = new AbortController();
  const place = showMysql(address);
  let released = false;
  let connection: MysqlConnection | undefined;

  const hold = (held: MysqlConnection): void => {
    connection = held;
    held.onEnd(() => regain(held));
  };
  const regain = (broken: MysqlConnection): void => {
    if (released || connection !== broken) return;
    connection = undefined;
    broken.destroy();
    takeBack().catch((thrown: unknown) => lost.abort(lostError(place, thrown)));
  };
  const takeBack = async (): Promise<void> => {
    const again = await connectWithin(address, () => released);
    try {
      await getLock(again, key, place);
      // Whoever had it in between has put a token of his own there, or removed it in the end.
      const owner = await ownerOf(again, key);
      if (owner?.owner !== token) throw heldByOther(place, owner);
    } catch (thrown) {
      again.destroy();
      throw thrown;
    }
    if (released) again.destroy();
    else hold(again);
  };
  const ask = (): void => {
    const asked = connection;
    const sure = asked?.rows<{ mine: number | null }>(`SELECT IS_USED_LOCK(${NAME}) = CONNECTION_ID() AS mine`, key);
    sure?.then(
      ([row]) => Number(row?.mine) !== 1 && asked !== undefined && regain(asked),
      () => asked !== undefined && regain(asked),
    );
  };

  hold(await takeNew(address, { key, token, place }));
  const asking = setInterval(ask, ASK_EVERY_MS);
  asking.unref();
  return {
    token,
    lost: lost.signal,
    async [Symbol.asyncDispose]() {
      released = true;
      clearInterval(asking);
      const held = connection;
      connection = undefined;
      try {
        await held?.run(`DELETE FROM ${TABLE.locks} WHERE job_key = ? AND owner = ?`, key, token);
        await held?.rows(`SELECT RELEASE_LOCK(${NAME})`, key);
        await held?.close();
      } catch {
        // The lock ends with its connection all the same, and the row of one that is not held hinders nobody.
        held?.destroy();
      }
    },
  };
}

interface Taking {
  readonly key: string;
  readonly token: string;
  readonly place: string;
}

async function takeNew(address: MysqlAddress, { key, token, place }: Taking): Promise<MysqlConnection> {
  let connection: MysqlConnection | undefined;
  try {
    connection = await connectMysql(address, ANSWER_MS);
    await getLock(connection, key, place);
    // Waits for a write of an earlier owner that is under way; after it he finds that he is none any more.
    await connection.run(
      `REPLACE INTO ${TABLE.locks} (job_key, owner, host, pid, since) VALUES (?, ?, ?, ?, ?)`,
      key,
      token,
      hostname(),
      process.pid,
      new Date().toISOString(),
    );
    return connection;
  } catch (thrown) {
    connection?.destroy();
    throw explainMysql(thrown, address);
  }
}

async function getLock(connection: MysqlConnection, key: string, place: string): Promise<void> {
  const [row] = await connection.rows<{ got: number | null }>(`SELECT GET_LOCK(${NAME}, ${WAIT_S}) AS got`, key);
  if (Number(row?.got) !== 1) throw heldByOther(place, await ownerOf(connection, key));
}

async function ownerOf(sql: Sql, key: string): Promise<LockRow | undefined> {
  const [row] = await sql.rows<LockRow>(`SELECT owner, host, pid, since FROM ${TABLE.locks} WHERE job_key = ?`, key);
  return row;
}

/** A connection, or the last error after `BACK_WITHIN_MS`. */
async function connectWithin(address: MysqlAddress, given: () => boolean): Promise<MysqlConnection> {
  const giveUpAt = performance.now() + BACK_WITHIN_MS;
  for (;;) {
    try {
      return await connectMysql(address, ANSWER_MS);
    } catch (thrown) {
      if (given() || !mayGoWellAgain(thrown) || performance.now() + RETRY_MS > giveUpAt)
        throw explainMysql(thrown, address);
    }
    await delay(RETRY_MS);
  }
}

/** @param owner undefined where its row does not say */
export function heldByOther(place: string, owner: LockRow | undefined): MigrateError {
  return new MigrateError('E_JOB_LOCKED', 'another process is at work on this job', {
    at: { file: place },
    hint: 'wait until it ends, or stop it; `milvus-migrate jobs` lists the jobs',
    ...(owner === undefined ? {} : { found: describeOwner(owner) }),
  });
}

export function describeOwner({ pid, host, since }: LockRow): string {
  return `process ${pid} on ${host}, since ${since}`;
}

function lostError(place: string, thrown: unknown): MigrateError {
  const { message, found } = toMigrateError(thrown);
  return new MigrateError('E_JOB_LOCKED', 'this run lost its hold on the job, and stops', {
    at: { file: place },
    found: found === undefined ? message : `${message}: ${found}`,
    hint: 'what is done is recorded: the same command goes on with it, unless another process does already',
    cause: thrown,
  });
}
