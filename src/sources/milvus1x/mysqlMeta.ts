/** Reads Milvus 1.x's metadata from a MySQL server, in one snapshot. */
import { connect as connectSocket, type Socket } from 'node:net';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Secret } from '../../config/secret.ts';
import { MigrateError, messageOf, systemCode } from '../../core/errors.ts';
import type { MetaRow } from '../../formats/milvus1x/fieldValues.ts';
import { checkTableNames, type MetadataTables } from '../../formats/milvus1x/metadata.ts';
import { type MysqlAddress, parseMysqlDsn, showMysql, tlsChecks } from '../../formats/mysqlDsn.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** A server that fell silent (stopped, or a table is locked) may stay so for ever. */
const SILENCE_MS = 60_000;

/**
 * Errors: E_SOURCE_NOT_FOUND, E_SOURCE_UNREACHABLE, E_SOURCE_ACCESS, E_METADATA, E_SOURCE_VERSION; none shows the password.
 * @param silenceMs how long not a byte may come
 */
export async function readMysqlMeta(url: Secret, silenceMs = SILENCE_MS): Promise<MetadataTables> {
  const address = parseMysqlDsn(url.reveal());
  const connection = await connect(address, silenceMs);
  try {
    return await readTables(connection, address);
  } catch (thrown) {
    throw explain(thrown, address);
  } finally {
    connection.destroy();
  }
}

async function connect(address: MysqlAddress, silenceMs: number): Promise<Connection> {
  const { createConnection } = await import('mysql2/promise');
  const { user, password, host, port, socket, database } = address;
  const ssl = tlsChecks(address);
  try {
    return await createConnection({
      user,
      password,
      database,
      // The host, too: a certificate is held against it.
      ...(socket === undefined ? { host, port } : { socketPath: socket }),
      stream: () => openSocket(address, silenceMs),
      ...(ssl === undefined ? {} : { ssl }),
      connectTimeout: CONNECT_TIMEOUT_MS,
      // BIGINT exact: as digits. Dates are not needed.
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
    });
  } catch (thrown) {
    throw explain(thrown, address);
  }
}

/** The driver's own limits are for whole answers, however many rows come. */
function openSocket({ host, port, socket: path }: MysqlAddress, silenceMs: number): Socket {
  const socket = path === undefined ? connectSocket({ host, port }) : connectSocket({ path });
  const silent = Object.assign(new Error(`nothing for ${silenceMs / 1000} s`), { code: SILENT });
  return socket.setTimeout(silenceMs, () => socket.destroy(silent));
}

const SILENT = 'SILENT';

async function readTables(connection: Connection, address: MysqlAddress): Promise<MetadataTables> {
  await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
  const [listed] = await connection.query<RowDataPacket[]>('SHOW TABLES');
  const there = listed.map((row) => String(Object.values(row)[0]));
  // Servers with lower_case_table_names have them in lower case, and so does what their dumps bring elsewhere. Beside tables
  // in their own case, others of these names are another program's.
  const known = there.includes('Tables') ? (name: string): string => name : canonical;
  const own = new Map(there.map((name) => [known(name), name]));
  const names = [...own.keys()];
  checkTableNames(names, { file: showMysql(address) });
  const rowsOf = async (table: string): Promise<MetaRow[]> => {
    const name = own.get(table);
    if (name === undefined) return [];
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT * FROM \`${name}\``);
    return rows as MetaRow[];
  };
  return {
    names,
    Tables: await rowsOf('Tables'),
    TableFiles: await rowsOf('TableFiles'),
    Environment: await rowsOf('Environment'),
    Fields: await rowsOf('Fields'),
  };
}

function canonical(name: string): string {
  return (
    ['Tables', 'TableFiles', 'Environment', 'Fields'].find((table) => table.toLowerCase() === name.toLowerCase()) ??
    name
  );
}

function explain(thrown: unknown, address: MysqlAddress): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  const code = systemCode(thrown) ?? '';
  const at = { file: showMysql(address) };
  const found = code === '' ? messageOf(thrown) : code;
  const server = address.socket ?? `${address.host}:${address.port}`;
  switch (code) {
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
      return new MigrateError('E_SOURCE_ACCESS', 'MySQL refuses the user or the password', {
        at,
        found: `user ${JSON.stringify(address.user)}, ${address.password === '' ? 'no password' : 'a password'}`,
        hint: 'check both; special characters of a password stand as they are, or percent-encoded in mysql://…',
      });
    case 'ER_DBACCESS_DENIED_ERROR':
    case 'ER_TABLEACCESS_DENIED_ERROR':
      return new MigrateError('E_SOURCE_ACCESS', 'the MySQL user may not read this database', {
        at,
        found,
        hint: `GRANT SELECT ON \`${address.database}\`.* TO '${address.user}', or check the database's name`,
      });
    case 'ER_BAD_DB_ERROR':
      return new MigrateError('E_SOURCE_NOT_FOUND', 'MySQL has no such database', {
        at,
        found: `database ${address.database}`,
      });
    case 'ER_NO_SUCH_TABLE':
      return new MigrateError('E_METADATA', 'a table is missing in the metadata', { at, found: messageOf(thrown) });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new MigrateError('E_SOURCE_NOT_FOUND', 'the host of the MySQL server is not known', {
        at,
        found: `host ${address.host} (${code})`,
        hint: 'check its name',
        retry: code === 'EAI_AGAIN',
      });
    case 'HANDSHAKE_NO_SSL_SUPPORT':
    case 'HANDSHAKE_SSL_ERROR':
      return new MigrateError('E_SOURCE_ACCESS', 'no secure connection to the MySQL server', {
        at,
        found: `${code}: ${messageOf(thrown)}`,
        hint: 'NODE_EXTRA_CA_CERTS=ca.pem makes its authority known; ?ssl-mode=VERIFY_CA goes by that alone, whatever name is in the certificate; ?tls=false does without TLS',
      });
    case SILENT:
      return new MigrateError('E_SOURCE_UNREACHABLE', 'the MySQL server fell silent', {
        at,
        found: messageOf(thrown),
        hint: 'look at what it does (SHOW PROCESSLIST): a table may be locked; then run the same command again',
        retry: true,
      });
    case 'ECONNREFUSED':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOENT':
      return new MigrateError('E_SOURCE_NOT_FOUND', 'no MySQL server answers there', {
        at,
        found: `${code} at ${server}`,
        hint: 'check host and port, and that the server runs',
        retry: true,
      });
    default:
      return new MigrateError('E_READ', 'the metadata could not be read from MySQL', { at, found, cause: thrown });
  }
}
