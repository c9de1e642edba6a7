/**
 * Addresses of a MySQL server, in the two forms that Milvus users have: `user:password@tcp(host:port)/db?params` (the
 * older migration tool's) and `mysql://user:password@host:port/db` (Milvus 1.x's own backend_url).
 */
import { MigrateError } from '../core/errors.ts';

const DEFAULT_PORT = 3306;
const FORMS = 'mysql://user:password@host:3306/database or user:password@tcp(host:3306)/database';

export interface MysqlAddress {
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  /** Path of a Unix socket, in place of host and port. */
  readonly socket: string | undefined;
  readonly database: string;
  /** From the parameter `tls`, `ssl` or `ssl-mode`. */
  readonly tls: 'off' | 'verify' | 'verify-ca' | 'skip-verify';
}

/** Error: E_CONFIG; the text itself, which holds a password, is not shown. */
export function parseMysqlDsn(text: string): MysqlAddress {
  const url = /^mysql(?:\+pymysql)?:\/\//i.exec(text);
  const address = url === null ? parseGoDsn(text) : parseUrl(text.slice(url[0].length));
  if (address.database === '') throw refuse('no database', 'a database behind the host');
  if (address.host === '' && address.socket === undefined) throw refuse('no host', 'a host');
  return address;
}

/** What may be shown: user, host, database. */
export function showMysql({ user, host, port, socket, database }: MysqlAddress): string {
  return `mysql://${user === '' ? '' : `${user}@`}${socket ?? `${host}:${port}`}/${database}`;
}

function parseUrl(rest: string): MysqlAddress {
  // Not by URL: passwords in such addresses are seldom percent-encoded, and the last @ is the one that counts.
  const at = rest.lastIndexOf('@');
  const [user, password] = cutAt(at < 0 ? '' : rest.slice(0, at), ':');
  const [place, path] = cutAt(rest.slice(at + 1), '/');
  const [database, params] = cutAt(path, '?');
  return {
    user: decode(user),
    password: decode(password),
    ...hostAndPort(place),
    socket: undefined,
    database: decode(database),
    tls: tlsOf(params),
  };
}

/** `[user[:password]@][net[(address)]]/database[?params]`, as the Go driver reads it: the last slash begins the database. */
function parseGoDsn(text: string): MysqlAddress {
  const parts = /^(?:(.*)@)?(?:([a-z0-9]+)\(([^()]*)\))?\/([^/?]*)(?:\?(.*))?$/is.exec(text);
  if (parts === null) throw refuse('neither of the two forms', FORMS);
  const [user, password] = cutAt(parts[1] ?? '', ':');
  const [net, address, database] = [(parts[2] ?? 'tcp').toLowerCase(), parts[3] ?? '127.0.0.1', parts[4] ?? ''];
  const tls = tlsOf(parts[5] ?? '');
  if (net === 'unix') return { user, password, host: '', port: DEFAULT_PORT, socket: address, database, tls };
  if (net !== 'tcp') throw refuse(`protocol ${net}`, 'tcp(host:port) or unix(/path)');
  return { user, password, ...hostAndPort(address), socket: undefined, database, tls };
}

/**
 * Words of the Go driver, and of MySQL's own `ssl-mode`. Any other one names a certificate of its own, which we do not
 * have: the server is verified.
 */
function tlsOf(params: string): MysqlAddress['tls'] {
  const query = new URLSearchParams(params);
  const word = (query.get('tls') ?? query.get('ssl') ?? query.get('ssl-mode') ?? 'false').toLowerCase();
  if (['false', '0', '', 'disabled'].includes(word)) return 'off';
  if (word === 'verify_ca') return 'verify-ca';
  return ['skip-verify', 'preferred', 'required'].includes(word) ? 'skip-verify' : 'verify';
}

interface TlsChecks {
  readonly rejectUnauthorized: boolean;
  readonly verifyIdentity: boolean;
}

/** For the driver, which holds a certificate against the host's name only when it is told to, and never against an address. */
export function tlsChecks({ tls, host }: MysqlAddress): TlsChecks | undefined {
  if (tls === 'off') return undefined;
  const named = !host.includes(':') && !/^[\d.]*$/.test(host);
  return { rejectUnauthorized: tls !== 'skip-verify', verifyIdentity: tls === 'verify' && named };
}

function hostAndPort(text: string): { host: string; port: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d*))?$/.exec(text);
  if (parts === null) throw refuse('a host and port that can not be read', 'host:port, [::1]:port');
  const port = parts[3] === undefined || parts[3] === '' ? DEFAULT_PORT : Number(parts[3]);
  if (port < 1 || port > 65_535) throw refuse(`port ${port}`, '1 to 65535');
  return { host: parts[1] ?? parts[2] ?? '', port };
}

function cutAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** As it is where it holds what no encoding makes. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The error would show the text, which may be a password.
    return text;
  }
}

function refuse(found: string, wanted: string): MigrateError {
  return new MigrateError('E_CONFIG', 'the address of the MySQL server can not be read', {
    found,
    wanted,
    hint: FORMS,
  });
}
