/** What MySQL, MariaDB and the line to them answer, in our words: none of it shows the password. */
import { MigrateError, messageOf, systemCode } from '../core/errors.ts';
import { type MysqlAddress, showMysql } from '../formats/mysqlDsn.ts';

/** The connection is gone, or nobody knows in what state it is. */
const LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_PACKETS_OUT_OF_ORDER',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  // A socket's file is absent while its server starts again.
  'ENOENT',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_NEW_ABORTING_CONNECTION',
]);

/** The server undid the transaction, or does not take it now: a server that was just made a replica refuses writes. */
const UNDONE = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_CHECKREAD',
]);

/** Whether the same transaction may go well on a new connection. */
export function mayGoWellAgain(thrown: unknown): boolean {
  if (thrown instanceof MigrateError) return false;
  const code = systemCode(thrown) ?? '';
  // Without a code: what the client says of a connection that is closed already.
  const closed = typeof thrown === 'object' && thrown !== null && 'fatal' in thrown && thrown.fatal === true;
  return LOST.has(code) || UNDONE.has(code) || (code === '' && closed);
}

interface Saying {
  readonly address: MysqlAddress;
  /** Code and message of the server or the line. */
  readonly said: string;
}

/** What to say: message, found, hint. */
type Said = readonly [message: string, found: string, hint: string];

const DENIED = ({ address, said }: Saying): Said => [
  'the MySQL user may not keep jobs in this database',
  said,
  `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON \`${address.database}\`.* TO '${address.user}', or check the database's name`,
];
const WRONG_LOGIN = ({ address }: Saying): Said => [
  'the MySQL server of --state refuses the user or the password',
  `user ${JSON.stringify(address.user)}, ${address.password === '' ? 'no password' : 'a password'}`,
  'check both; special characters of a password stand as they are, or percent-encoded in mysql://…' +
    (address.tls === 'off' ? '; MariaDB says so, too, where it wants TLS: ?tls=true' : ''),
];
const UNKNOWN_HOST = ({ address, said }: Saying): Said => [
  'the host of the MySQL server of --state is not known',
  `host ${address.host} (${said})`,
  'check its name',
];
const FULL = ({ said }: Saying): Said => [
  'the MySQL server of --state has no space left',
  said,
  'make room and run the same command again',
];
const READ_ONLY = ({ said }: Saying): Said => [
  'the MySQL server of --state takes no writes',
  said,
  'name the primary, not a replica',
];
const ROW_HELD = ({ said }: Saying): Said => [
  'another session holds rows of the jobs',
  said,
  'run the same command again in a minute',
];
const NOT_LET_IN = ({ said }: Saying): Said => [
  'the MySQL server of --state does not let this host in',
  said,
  'ask who runs it',
];
const NO_TLS = ({ said }: Saying): Said => [
  'no secure connection to the MySQL server of --state',
  said,
  'NODE_EXTRA_CA_CERTS=ca.pem makes its authority known; ?ssl-mode=VERIFY_CA takes any name in the certificate, ?tls=skip-verify goes without looking, ?tls=false without TLS',
];
const SILENT = ({ address, said }: Saying): Said => [
  'the MySQL server of --state does not answer',
  `${said} (${address.socket ?? `${address.host}:${address.port}`})`,
  'check that it runs, then the same command again: what it had confirmed is kept',
];
const OTHER = ({ said }: Saying): Said => [
  'could not record the progress of the job',
  said,
  'look at the MySQL server of --state',
];

const BY_CODE: Readonly<Record<string, (saying: Saying) => Said>> = {
  ER_ACCESS_DENIED_ERROR: WRONG_LOGIN,
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: WRONG_LOGIN,
  ER_DBACCESS_DENIED_ERROR: DENIED,
  ER_TABLEACCESS_DENIED_ERROR: DENIED,
  ER_COLUMNACCESS_DENIED_ERROR: DENIED,
  ER_BAD_DB_ERROR: ({ address }) => [
    'the MySQL server of --state has no such database',
    `database ${address.database}`,
    `CREATE DATABASE \`${address.database}\` CHARACTER SET utf8mb4`,
  ],
  ENOTFOUND: UNKNOWN_HOST,
  EAI_AGAIN: UNKNOWN_HOST,
  ER_HOST_NOT_PRIVILEGED: NOT_LET_IN,
  ER_HOST_IS_BLOCKED: NOT_LET_IN,
  ER_RECORD_FILE_FULL: FULL,
  ER_DISK_FULL: FULL,
  ER_OPTION_PREVENTS_STATEMENT: READ_ONLY,
  ER_READ_ONLY_MODE: READ_ONLY,
  ER_LOCK_WAIT_TIMEOUT: ROW_HELD,
  ER_LOCK_DEADLOCK: ROW_HELD,
  ER_SECURE_TRANSPORT_REQUIRED: ({ said }) => [
    'the MySQL server of --state wants TLS',
    said,
    'add ?tls=true to its address',
  ],
};

/** ENOSPC, as the server gives what its own system said, with codes of many sorts (EE_WRITE where MariaDB 10.11 makes tables). */
const NO_ROOM = /\berr(?:code|no): 28\b/i;

/** A MigrateError as it is, anything else as E_STATE (E_NO_SPACE where the server's disk is full). */
export function explainMysql(thrown: unknown, address: MysqlAddress): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  const code = systemCode(thrown) ?? '';
  const known = NO_ROOM.test(messageOf(thrown)) ? FULL : BY_CODE[code];
  const say = known ?? (isTlsTrouble(code) ? NO_TLS : mayGoWellAgain(thrown) ? SILENT : OTHER);
  const message = messageOf(thrown);
  const said = code === '' || message.includes(code) ? message : `${code}: ${message}`;
  const [what, found, hint] = say({ address, said });
  const at = { file: showMysql(address) };
  return new MigrateError(say === FULL ? 'E_NO_SPACE' : 'E_STATE', what, { at, found, hint, cause: thrown });
}

function isTlsTrouble(code: string): boolean {
  return /^(HANDSHAKE_(NO_SSL_SUPPORT|SSL_ERROR)|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|UNABLE_TO_)/.test(
    code,
  );
}
