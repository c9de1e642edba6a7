/** Flags about an Elasticsearch source: over what the file says, and its login from wherever it is said. */
import type { Environment } from '../config/defaults.ts';
import { FIELDS_WANTED, parseField } from '../config/elasticFields.ts';
import {
  chooseLogin,
  type ElasticLogin,
  loginFromEnvironment,
  loginOf,
  refuseSeveral,
} from '../config/elasticLogin.ts';
import {
  DATES,
  ES_ENCODINGS,
  ES_METRICS,
  ES_READ,
  LONG_TEXT,
  MAX_PAGE_ROWS,
  MAX_TIMEOUT_SECONDS,
  MISSING,
} from '../config/elasticSource.ts';
import type { DeclaredField, ElasticCredentials, ElasticsearchSource } from '../config/elasticsearch.ts';
import { Secret } from '../config/secret.ts';
import { namesIn, pathFlag, textFlag, wholeFlag, wordFlag, wrongValue } from './flagValues.ts';
import { switchFlag } from './jobFlags.ts';
import type { RawArgs } from './rawArgs.ts';

interface Context {
  readonly raw: RawArgs;
  readonly env: Environment;
  readonly cwd: string;
  /** What stood in the source's URL, which may lack the password. */
  readonly login: ElasticLogin | undefined;
}

/** @throws MigrateError E_USAGE */
export function withElasticFlags(source: ElasticsearchSource, { raw, env, cwd, login }: Context): ElasticsearchSource {
  const { access, choices } = source;
  const fields = fieldFlags(raw);
  const insecure = switchFlag(raw, 'es-insecure');
  const timeout = wholeFlag(raw, 'es-timeout', { min: 1, max: MAX_TIMEOUT_SECONDS });
  const merged = switchFlag(raw, 'merge-indices');
  return {
    ...source,
    access: {
      ...access,
      caFile: pathFlag(raw, 'es-ca-file', cwd) ?? access.caFile,
      caFingerprint: textFlag(raw, 'es-ca-fingerprint') ?? access.caFingerprint,
      verifyTls: insecure === undefined ? access.verifyTls : !insecure,
      timeoutMs: timeout === undefined ? access.timeoutMs : timeout * 1000,
    },
    credentials: elasticAgain(raw, { file: source.credentials, url: login }, { env, cwd }),
    indices: merged === undefined ? source.indices : merged ? 'merged' : 'each',
    fields: fields.length > 0 ? fields : source.fields,
    choices: {
      dates: wordFlag(raw, 'dates', DATES) ?? choices.dates,
      longText: wordFlag(raw, 'long-text', LONG_TEXT) ?? choices.longText,
      missing: wordFlag(raw, 'missing', MISSING) ?? choices.missing,
      metric: wordFlag(raw, 'metric', ES_METRICS) ?? choices.metric,
    },
    read: wordFlag(raw, 'es-read', ES_READ) ?? source.read,
    encoding: wordFlag(raw, 'es-encoding', ES_ENCODINGS) ?? source.encoding,
    pageRows: wholeFlag(raw, 'es-page-rows', { min: 1, max: MAX_PAGE_ROWS }) ?? source.pageRows,
    catchUp: switchFlag(raw, 'catch-up') ?? source.catchUp,
  };
}

interface Known {
  /** Of a configuration file. */
  readonly file: ElasticCredentials | undefined;
  readonly url?: ElasticLogin | undefined;
  /** Of a stored job. */
  readonly user?: string | undefined;
}

/** The login from flags, the URL, the file and the environment, the first that says it. @throws MigrateError E_USAGE */
export function elasticAgain(
  raw: RawArgs,
  { file, url, user }: Known,
  { env, cwd }: Pick<Context, 'env' | 'cwd'>,
): ElasticCredentials {
  const logins = [() => loginFlags(raw), () => url, () => loginOf(file), () => loginFromEnvironment(env, cwd)];
  return chooseLogin(logins, user);
}

function loginFlags(raw: RawArgs): ElasticLogin {
  const secret = (flag: 'es-password' | 'es-api-key' | 'es-service-token'): Secret | undefined => {
    const text = textFlag(raw, flag);
    return text === undefined ? undefined : new Secret(text);
  };
  const login: ElasticLogin = {
    user: textFlag(raw, 'es-user'),
    password: secret('es-password'),
    apiKey: secret('es-api-key'),
    serviceToken: secret('es-service-token'),
  };
  refuseSeveral(login, 'the command line');
  return login;
}

function fieldFlags(raw: RawArgs): DeclaredField[] {
  return raw.values('fields').flatMap((text) =>
    namesIn('fields', text).map((word) => {
      const field = parseField(word);
      if (field === undefined) throw wrongValue('fields', word, FIELDS_WANTED);
      return field;
    }),
  );
}
