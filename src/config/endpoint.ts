/** Milvus addresses: the credentials that a URL may carry are taken out before anything else sees it. */
import { MigrateError } from '../core/errors.ts';
import { Secret } from './secret.ts';

export interface Address {
  /** The address without user and password, as it was written otherwise. */
  readonly endpoint: string;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
}

const WANTED = 'http://host:19530, https://host or host:19530';

/**
 * Reads `http://user:password@host:19530`, `https://host`, `host:19530`. The port stays as it was written: leaving it
 * out means another one to a Milvus client than to a URL parser.
 * @param where the flag or key it stands in, for messages
 * @throws MigrateError E_USAGE; the text itself is never quoted, for it may hold a password
 */
export function parseAddress(text: string, where: string): Address {
  const match = /^(?:(https?):\/\/)?(?:([^/?#]*)@)?([^/?#@]+)\/?$/i.exec(text.trim());
  if (match === null || !isHost(match[3]!)) throw notAnAddress(text, where);
  const [, scheme, credentials, host] = match;
  const endpoint = scheme === undefined ? host! : `${scheme.toLowerCase()}://${host}`;
  if (credentials === undefined) return { endpoint, user: undefined, password: undefined };
  const colon = credentials.indexOf(':');
  const user = colon < 0 ? credentials : credentials.slice(0, colon);
  const password = colon < 0 ? undefined : new Secret(decode(credentials.slice(colon + 1), where));
  return { endpoint, user: user === '' ? undefined : decode(user, where), password };
}

function isHost(host: string): boolean {
  return /^(\[[0-9a-f:.]+\]|[^\s:[\]]+)(:\d{1,5})?$/i.test(host) && URL.canParse(`http://${host}`);
}

/** %40 and the like; a password with a bare % in it is taken as it is. */
function decode(text: string, where: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new MigrateError('E_USAGE', `the user or password in ${where} holds a % that is no escape`, {
      hint: 'write % as %25, or give the password by MILVUS_MIGRATE_PASSWORD',
      cause,
    });
  }
}

function notAnAddress(text: string, where: string): MigrateError {
  const path = /^(?:https?:\/\/)?[^/?#]+\/+([^/?#]+)/i.exec(text)?.[1];
  const hint = path === undefined || text.includes('@') ? undefined : 'a database is named by --database';
  const found = text.includes('@') ? 'an address with credentials (not shown)' : JSON.stringify(text);
  return new MigrateError('E_USAGE', `${where} is not the address of a Milvus`, {
    found,
    wanted: WANTED,
    ...(hint === undefined ? {} : { hint }),
  });
}
