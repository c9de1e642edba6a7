/** The target's address and login from flags, file and environment, the first that says it. */
import type { Environment } from '../config/defaults.ts';
import { type Address, parseAddress } from '../config/endpoint.ts';
import type { TargetConfig } from '../config/job.ts';
import { Secret } from '../config/secret.ts';
import { MigrateError } from '../core/errors.ts';
import { textFlag } from './flagValues.ts';
import type { RawArgs } from './rawArgs.ts';

type Login = Pick<TargetConfig, 'user' | 'password' | 'token'>;

const NO_ADDRESS: Partial<Address> = {};

/** undefined: nobody named an address. */
export function targetFrom(raw: RawArgs, file: TargetConfig | undefined, env: Environment): TargetConfig | undefined {
  const flag = textFlag(raw, 'to');
  const named = flag === undefined ? NO_ADDRESS : parseAddress(flag, '--to');
  const ambient = fromEnvironment(env, named.endpoint ?? file?.endpoint);
  const endpoint = named.endpoint ?? file?.endpoint ?? ambient.endpoint;
  if (endpoint === undefined) return undefined;
  const byFlags: Login = {
    user: textFlag(raw, 'user') ?? named.user,
    password: secret(raw.value('password')) ?? named.password,
    token: secret(raw.value('token')),
  };
  if (byFlags.token !== undefined && (byFlags.user ?? byFlags.password) !== undefined) {
    throw new MigrateError('E_USAGE', 'both a token and a user or password are given', { wanted: 'one of the two' });
  }
  const database = textFlag(raw, 'database') ?? file?.database ?? filled(env.MILVUS_MIGRATE_DATABASE);
  return { endpoint, ...mergeLogins([byFlags, file, ambient]), database };
}

/** The connection of a stored job, given anew: it knows its address, and is told its login again. */
export function targetAgain(
  raw: RawArgs,
  known: { file: TargetConfig | undefined; endpoint: string },
  env: Environment,
): TargetConfig | undefined {
  const stored: TargetConfig = {
    endpoint: known.endpoint,
    user: undefined,
    password: undefined,
    token: undefined,
    database: undefined,
  };
  return targetFrom(raw, known.file ?? stored, env);
}

/**
 * A token and a user with password exclude each other: who says the one, first in order, shuts out the other in what
 * comes after. Otherwise what is not said is filled from the next.
 */
function mergeLogins(logins: readonly (Partial<Login> | undefined)[]): Login {
  let { user, password, token }: Partial<Login> = {};
  for (const login of logins) {
    if (user === undefined && password === undefined) token ??= login?.token;
    if (token !== undefined) break;
    // A password belongs to its user: that of another one is no use.
    if (user === undefined || login?.user === undefined || login.user === user) password ??= login?.password;
    user ??= login?.user;
  }
  return { user, password, token };
}

/** @param known the address that was named elsewhere: a login in MILVUS_MIGRATE_TO is not sent to another one */
function fromEnvironment(env: Environment, known: string | undefined): Login & { endpoint: string | undefined } {
  const to = filled(env.MILVUS_MIGRATE_TO);
  const parsed = to === undefined ? NO_ADDRESS : parseAddress(to, 'MILVUS_MIGRATE_TO');
  const address = known === undefined || known === parsed.endpoint ? parsed : NO_ADDRESS;
  return {
    endpoint: address.endpoint,
    user: filled(env.MILVUS_MIGRATE_USER) ?? address.user,
    password: secret(filled(env.MILVUS_MIGRATE_PASSWORD)) ?? address.password,
    token: secret(filled(env.MILVUS_MIGRATE_TOKEN)),
  };
}

function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function secret(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : new Secret(value);
}
