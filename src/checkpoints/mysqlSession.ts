/**
 * Statements to a MySQL server that survive the loss of a connection.
 *
 * What a connection took along when it broke is repeated on a new one, within a bound. A commit whose answer was lost
 * may have happened: so every write is a transaction that leaves the same when it is done twice. Nothing is written
 * outside of one: a statement that lingers on its way can then never take effect after the repetition, since only we
 * send the COMMIT, after its answer.
 */
import { tellAgain } from '../core/again.ts';
import { pause } from '../core/pause.ts';
import type { MysqlAddress } from '../formats/mysqlDsn.ts';
import { connectMysql, type MysqlConnection, type Sql } from './mysqlConnection.ts';
import { explainMysql, mayGoWellAgain } from './mysqlErrors.ts';

/** From the first failure on. A restart of the server fits in. */
const PATIENCE_MS = 30_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

export interface MysqlSession extends AsyncDisposable {
  /** Statements that change nothing, or may be done twice one by one. */
  statements<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * All of `work` or nothing, durable by the server's own setting (innodb_flush_log_at_trx_commit = 1 is MySQL's).
   * @param work may run again; `repeated`: an earlier try may have been committed
   */
  transaction<T>(work: (sql: Sql, repeated: boolean) => Promise<T>): Promise<T>;
}

/**
 * The first connection is not waited for: who has just typed an address wants to hear that it is wrong.
 * @param patienceMs how long a statement is tried again
 */
export async function openMysqlSession(address: MysqlAddress, patienceMs = PATIENCE_MS): Promise<MysqlSession> {
  let connection: MysqlConnection | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const closing = new AbortController();

  const connect = async (): Promise<MysqlConnection> => {
    const made = await connectMysql(address);
    made.onEnd(() => {
      if (connection === made) connection = undefined;
    });
    connection = made;
    return made;
  };

  const persist = async <T>(work: (sql: Sql, repeated: boolean) => Promise<T>): Promise<T> => {
    let giveUpAt: number | undefined;
    for (let tries = 0; ; tries++) {
      try {
        return await work(connection ?? (await connect()), tries > 0);
      } catch (thrown) {
        // With it goes what was not committed.
        connection?.destroy();
        connection = undefined;
        giveUpAt ??= performance.now() + patienceMs;
        const wait = Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS);
        const again = mayGoWellAgain(thrown) && !closing.signal.aborted && performance.now() + wait < giveUpAt;
        const error = explainMysql(thrown, address);
        if (!again) throw error;
        tellAgain(error, tries + 1);
        await pause(wait);
      }
    }
  };

  // One at a time: a connection has one transaction.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  await connect().catch((thrown: unknown) => {
    throw explainMysql(thrown, address);
  });
  return {
    statements: (work) => inTurn(() => persist(work)),
    transaction: (work) =>
      inTurn(() =>
        persist(async (sql, repeated) => {
          await sql.say('START TRANSACTION');
          const result = await work(sql, repeated);
          await sql.say('COMMIT');
          return result;
        }),
      ),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await last;
      // Nothing is left to be said: a connection that breaks now is as good as closed.
      await connection?.close().catch(() => connection?.destroy());
    },
  };
}
