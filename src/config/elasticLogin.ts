/** What an Elasticsearch is logged in with, from flags, files and environment, the first that says it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MigrateError, messageOf } from '../core/errors.ts';
import type { Environment } from './defaults.ts';
import type { ElasticCredentials } from './elasticsearch.ts';
import { Secret } from './secret.ts';

/** What one place says; one kind of login, or none. */
export interface ElasticLogin {
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly apiKey?: Secret | undefined;
  readonly serviceToken?: Secret | undefined;
}

export const ES_USER = 'MILVUS_MIGRATE_ES_USER';
/** Each may be given as a file too: the same name with `_FILE`. */
export const ES_SECRETS = {
  password: 'MILVUS_MIGRATE_ES_PASSWORD',
  apiKey: 'MILVUS_MIGRATE_ES_API_KEY',
  serviceToken: 'MILVUS_MIGRATE_ES_SERVICE_TOKEN',
} as const;

/** What the environment says. @throws MigrateError E_USAGE for a file that can't be read, and for two kinds of login */
export function loginFromEnvironment(env: Environment, cwd: string): ElasticLogin {
  const secret = (name: string): Secret | undefined => {
    const value = filled(env[name]) ?? fromFile(env, `${name}_FILE`, cwd);
    return value === undefined ? undefined : new Secret(value);
  };
  const login: ElasticLogin = {
    user: filled(env[ES_USER]),
    password: secret(ES_SECRETS.password),
    apiKey: secret(ES_SECRETS.apiKey),
    serviceToken: secret(ES_SECRETS.serviceToken),
  };
  refuseSeveral(login, 'the environment (MILVUS_MIGRATE_ES_…)');
  return login;
}

function fromFile(env: Environment, name: string, cwd: string): string | undefined {
  const file = filled(env[name]);
  if (file === undefined) return undefined;
  try {
    // Editors end a file with a newline, which is no part of the secret.
    return filled(readFileSync(resolve(cwd, file), 'utf8').replace(/\r?\n$/, ''));
  } catch (cause) {
    throw new MigrateError('E_USAGE', `the file that ${name} names cannot be read`, {
      at: { file },
      found: messageOf(cause),
      cause,
    });
  }
}

/** @param where who says it, for the message. @throws MigrateError E_USAGE */
export function refuseSeveral(login: ElasticLogin, where: string): void {
  const kinds = kindsOf(login);
  if (kinds.length < 2) return;
  throw new MigrateError('E_USAGE', `${where} has more than one login for Elasticsearch`, {
    found: kinds.join(' and '),
    wanted: 'one of them',
  });
}

function kindsOf({ user, password, apiKey, serviceToken }: ElasticLogin): string[] {
  return [
    ...(user === undefined && password === undefined ? [] : ['user and password']),
    ...(apiKey === undefined ? [] : ['an API key']),
    ...(serviceToken === undefined ? [] : ['a service token']),
  ];
}

/**
 * The first that says anything decides of what kind the login is; what it lacks of user and password is filled from
 * those after it. A password belongs to its user: that of another one is no use.
 * @param logins asked in this order, and only as far as needed
 * @param knownUser whose password it is, where nobody says a user
 * @throws MigrateError E_USAGE for a user without password, or the reverse
 */
export function chooseLogin(
  logins: readonly (() => ElasticLogin | undefined)[],
  knownUser?: string | undefined,
): ElasticCredentials {
  let user: string | undefined;
  let password: Secret | undefined;
  for (const ask of logins) {
    const login = ask() ?? {};
    const basic = user !== undefined || password !== undefined;
    if (!basic && login.apiKey !== undefined) return { kind: 'apiKey', key: login.apiKey };
    if (!basic && login.serviceToken !== undefined) return { kind: 'serviceToken', token: login.serviceToken };
    if (user === undefined || login.user === undefined || login.user === user) password ??= login.password;
    user ??= login.user;
    if (user !== undefined && password !== undefined) return { kind: 'basic', user, password };
  }
  if (user === undefined && password === undefined) return { kind: 'none' };
  if (knownUser !== undefined && password !== undefined) return { kind: 'basic', user: knownUser, password };
  const missing = user === undefined ? 'user' : 'password';
  throw new MigrateError('E_USAGE', `the login of Elasticsearch has no ${missing}`, {
    found: user === undefined ? 'a password alone' : `the user ${user}`,
    wanted: user === undefined ? `--es-user or ${ES_USER}` : `${ES_SECRETS.password}, or ${ES_SECRETS.password}_FILE`,
  });
}

export function loginOf(credentials: ElasticCredentials | undefined): ElasticLogin | undefined {
  switch (credentials?.kind) {
    case 'basic':
      return { user: credentials.user, password: credentials.password };
    case 'apiKey':
      return { apiKey: credentials.key };
    case 'serviceToken':
      return { serviceToken: credentials.token };
    default:
      return undefined;
  }
}

/** The variables that give a login of a kind, for messages. */
export function loginVariables(kind: ElasticCredentials['kind']): string {
  if (kind === 'apiKey') return ES_SECRETS.apiKey;
  if (kind === 'serviceToken') return ES_SECRETS.serviceToken;
  return `${ES_USER} and ${ES_SECRETS.password}`;
}

function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
