/** A fixture's metadata in a real MySQL, in a database of the test's own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { fixture, provided } from './harness.ts';

export interface MetaDatabase extends AsyncDisposable {
  readonly name: string;
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  /** mysql://user:password@host:port/database */
  readonly url: string;
  /** As old files have it: user:password@tcp(host:port)/database?… */
  readonly dsn: string;
  /** Statements in that database. */
  run(sql: string): Promise<void>;
  /** KILL CONNECTION for all that are in that database but our own. Returns how many. */
  killConnections(): Promise<number>;
}

let databases = 0;

/** @param fixtureName undefined: an empty database */
export async function metaDatabase(fixtureName: string | undefined): Promise<MetaDatabase> {
  const server = new URL(provided('TEST_MYSQL'));
  const name = `meta_${process.pid}_${databases++}`;
  const [host, port] = [server.hostname, Number(server.port)];
  const [user, password] = [decodeURIComponent(server.username), decodeURIComponent(server.password)];
  const connection = await createConnection({ host, port, user, password, multipleStatements: true });
  const run = async (sql: string): Promise<void> => {
    await connection.query(sql);
  };
  try {
    await run(`CREATE DATABASE ${name} CHARACTER SET utf8mb4; USE ${name}`);
    if (fixtureName !== undefined) await run(readFileSync(join(fixture(fixtureName), 'db/meta.sql'), 'utf8'));
  } catch (thrown) {
    connection.destroy();
    throw thrown;
  }
  return {
    name,
    user,
    password,
    host,
    port,
    url: `mysql://${user}:${password}@${host}:${port}/${name}`,
    dsn: `${user}:${password}@tcp(${host}:${port})/${name}?charset=utf8mb4&parseTime=True&loc=Local`,
    run,
    async killConnections() {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
        [name],
      );
      // One that ended by itself meanwhile is unknown.
      const killed = await Promise.allSettled(rows.map(({ id }) => run(`KILL CONNECTION ${Number(id)}`)));
      return killed.filter(({ status }) => status === 'fulfilled').length;
    },
    async [Symbol.asyncDispose]() {
      await run(`DROP DATABASE ${name}`);
      await connection.end();
    },
  };
}
