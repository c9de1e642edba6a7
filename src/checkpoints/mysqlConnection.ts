/** One connection to MySQL or MariaDB, with the session that a checkpoint needs, whatever the server's own defaults. */
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { MigrateError } from '../core/errors.ts';
import { type MysqlAddress, showMysql, tlsChecks } from '../formats/mysqlDsn.ts';

export const CONNECT_MS = 10_000;
/** An answer that has not come in this time never will: the connection is of no use any more. */
const ANSWER_MS = 30_000;
/**
 * After so long without a word the server ends a session, with its locks and what it had not committed: of a host that
 * fell silent in mid-sentence nothing stands in the way of others for longer.
 */
export const SILENCE_S = 60;
/** Below `ANSWER_MS`. */
const ROW_LOCK_S = 10;
/** What a statement says besides its values. */
const STATEMENT_BYTES = 64 * 1024;

export type SqlValue = string | number | null;

/** Statements on one connection. Values are sent apart from the text: no setting of the server changes their bytes. */
export interface Sql {
  /** Bytes that the values of one statement may have: the server takes no more. */
  readonly valueBytes: number;
  /** A statement without values: not all of them can be prepared. */
  say(text: string): Promise<void>;
  rows<T>(text: string, ...values: SqlValue[]): Promise<T[]>;
  /** Returns how many rows were found, changed by it or not. */
  run(text: string, ...values: SqlValue[]): Promise<number>;
}

export interface MysqlConnection extends Sql {
  /** Called once, when the connection ends in any way but by `close`. */
  onEnd(listener: () => void): void;
  /** Says good-bye where that is possible. */
  close(): Promise<void>;
  /** At once. */
  destroy(): void;
}

/**
 * Throws what the driver throws: who called knows what it means.
 * @param answerMs how long each answer may take
 */
export async function connectMysql(address: MysqlAddress, answerMs = ANSWER_MS): Promise<MysqlConnection> {
  const { createConnection } = await import('mysql2/promise');
  const { user, password, host, port, socket, database } = address;
  const ssl = tlsChecks(address);
  const connection = await createConnection({
    user,
    password,
    database,
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    ...(ssl === undefined ? {} : { ssl }),
    connectTimeout: CONNECT_MS,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    enableKeepAlive: true,
    keepAliveInitialDelay: CONNECT_MS,
    maxPreparedStatements: 32,
  });
  let ended = false;
  let listener: (() => void) | undefined;
  const end = (): void => {
    if (ended) return;
    ended = true;
    listener?.();
  };
  // Without a listener the driver's error would end the process.
  connection.on('error', end);
  connection.on('end', end);
  try {
    const maxPacket = await within(answerMs, prepareSession(connection));
    return {
      ...statements(connection, { maxPacket, answerMs, place: showMysql(address) }),
      onEnd(call) {
        listener = call;
        if (ended) call();
      },
      async close() {
        if (ended) return connection.destroy();
        listener = undefined;
        ended = true;
        await connection.end();
      },
      destroy() {
        listener = undefined;
        ended = true;
        connection.destroy();
      },
    };
  } catch (thrown) {
    connection.destroy();
    throw thrown;
  }
}

/** Returns max_allowed_packet. */
async function prepareSession(connection: Connection): Promise<number> {
  await connection.query(
    `SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
       wait_timeout = ${SILENCE_S}, innodb_lock_wait_timeout = ${ROW_LOCK_S}`,
  );
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  const [rows] = await connection.query<RowDataPacket[]>('SELECT @@max_allowed_packet AS bytes');
  return Number(rows[0]?.bytes);
}

interface Limits {
  readonly maxPacket: number;
  readonly answerMs: number;
  readonly place: string;
}

function statements(connection: Connection, { maxPacket, answerMs, place }: Limits): Sql {
  const send = <R extends RowDataPacket[] | ResultSetHeader>(
    text: string,
    values: SqlValue[],
  ): Promise<[R, unknown]> => {
    refuseTooLarge(values, maxPacket, place);
    return within(answerMs, connection.execute<R>(text, values));
  };
  return {
    valueBytes: Math.max(0, maxPacket - STATEMENT_BYTES),
    async say(text) {
      await within(answerMs, connection.query(text));
    },
    async rows<T>(text: string, ...values: SqlValue[]) {
      const [rows] = await send<RowDataPacket[]>(text, values);
      return rows as T[];
    },
    async run(text, ...values) {
      const [result] = await send<ResultSetHeader>(text, values);
      return result.affectedRows;
    },
  };
}

/** Not by the driver's own limit: its timer stays behind when the line breaks, and keeps the process. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error(`no answer within ${ms / 1000} s`), { code: 'ETIMEDOUT' });
    timer = setTimeout(reject, ms, error);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The server would cut the connection without a word about why. */
function refuseTooLarge(values: readonly SqlValue[], maxPacket: number, place: string): void {
  const bytes = values.reduce<number>((sum, value) => sum + bytesOf(value), STATEMENT_BYTES);
  if (bytes <= maxPacket) return;
  throw new MigrateError('E_STATE', 'a record is larger than the MySQL server takes', {
    at: { file: place },
    found: `${bytes} bytes`,
    wanted: `at most max_allowed_packet = ${maxPacket} bytes`,
    hint: 'raise max_allowed_packet of the server, or keep the jobs in a folder (--state DIR)',
  });
}

export function bytesOf(value: SqlValue): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 8;
}
