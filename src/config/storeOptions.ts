/** How an object store is reached: the options behind the `?` of its URL. Job files have the same by other spelling. */
import type { ObjectStoreConfig } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';

/** What is undefined was not said. */
export interface StoreOptions {
  /** `host`, `host:port` or a URL. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly useSsl: boolean | undefined;
  readonly pathStyle: boolean | undefined;
  readonly useIam: boolean | undefined;
  readonly iamEndpoint: string | undefined;
  readonly createBucket: boolean | undefined;
}

export const NO_OPTIONS: StoreOptions = {
  endpoint: undefined,
  region: undefined,
  useSsl: undefined,
  pathStyle: undefined,
  useIam: undefined,
  iamEndpoint: undefined,
  createBucket: undefined,
};

type Kind = 'host' | 'word' | 'truth';

/** In the order in which they are written. */
const OPTIONS = [
  ['endpoint', 'endpoint', 'host'],
  ['region', 'region', 'word'],
  ['ssl', 'useSsl', 'truth'],
  ['path-style', 'pathStyle', 'truth'],
  ['iam', 'useIam', 'truth'],
  ['iam-endpoint', 'iamEndpoint', 'host'],
  ['create-bucket', 'createBucket', 'truth'],
] as const satisfies readonly (readonly [string, keyof StoreOptions, Kind])[];

/** As they are written in a URL. */
export const OPTION_WORDS: readonly string[] = OPTIONS.map(([word]) => word);

/** Words by which people would give credentials. */
const CREDENTIAL_WORDS =
  /^(ak|sk|sas|sig|se|sp|sv|key|secret|token|user|password|account-?key|(aws-?)?(access|secret|session|security|shared|api)[a-z-]*|x-amz-.*|connection-?string|credential.*)$/;

/** @throws MigrateError E_USAGE; values of what may be credentials are never shown */
export function readStoreOptions(query: string, where: string): StoreOptions {
  const read: Record<string, string | boolean> = {};
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const word = equals < 0 ? pair : pair.slice(0, equals);
    const [, name, kind] = OPTIONS.find(([known]) => known === word.toLowerCase()) ?? [];
    if (name === undefined) throw unknownOption(word, where);
    if (name in read) throw new MigrateError('E_USAGE', `${where} has an option twice`, { found: `${word}=…` });
    const text = decoded(equals < 0 ? '' : pair.slice(equals + 1), word, where);
    read[name] = readOption({ word, kind: kind!, text }, where);
  }
  return { ...NO_OPTIONS, ...read };
}

function readOption({ word, kind, text }: { word: string; kind: Kind; text: string }, where: string): string | boolean {
  if (kind === 'truth') {
    if (/^(true|1|yes)$/i.test(text)) return true;
    if (/^(false|0|no)$/i.test(text)) return false;
    throw wrongOption(word, { where, found: JSON.stringify(text), wanted: 'true or false' });
  }
  if (kind === 'host') return checkHost(text, `${word} of ${where}`);
  if (/^[A-Za-z0-9._-]+$/.test(text)) return text;
  throw wrongOption(word, { where, found: JSON.stringify(text), wanted: 'letters, digits, hyphens' });
}

/**
 * `host`, `host:port`, `http://host:port`, also with a path (Azurite has its account there). Never with user and password,
 * for it is printed and recorded.
 * @throws MigrateError E_USAGE
 */
export function checkHost(text: string, where: string): string {
  const rest = text.replace(/^https?:\/\//i, '');
  if (/^[^\s@?#\\]+$/.test(rest) && !rest.includes('://') && URL.canParse(`http://${rest}`))
    return text.replace(/\/+$/, '');
  throw new MigrateError('E_USAGE', `${where} is no host and no URL`, {
    found: text.includes('@') ? 'an address with credentials (not shown)' : JSON.stringify(text),
    wanted: 'host, host:port, http://host:port or https://host:port',
  });
}

/** `?endpoint=…&region=…`; `''` where nothing was said. */
export function writeStoreOptions(options: StoreOptions): string {
  const pairs = OPTIONS.flatMap(([word, name]) => {
    const value = options[name];
    return value === undefined ? [] : [`${word}=${String(value).replace(/[%&+#]/g, encodeURIComponent)}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Those of a URL over what is said elsewhere. */
export function overlay<T extends Partial<ObjectStoreConfig>>(said: StoreOptions, below: T): T & StoreOptions {
  const fields = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  return { ...NO_OPTIONS, ...below, ...fields } as T & StoreOptions;
}

function decoded(text: string, word: string, where: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new MigrateError('E_USAGE', `${word} of ${where} holds a % that is no escape`, {
      wanted: '%25 for a percent sign',
      cause,
    });
  }
}

function unknownOption(word: string, where: string): MigrateError {
  if (CREDENTIAL_WORDS.test(word.toLowerCase().replaceAll('_', '-')))
    return new MigrateError('E_USAGE', `${where} has credentials in the URL, where everybody sees them`, {
      found: `${word}=… (not shown)`,
      wanted: 'them in the environment, see docs/stores.md',
    });
  const near = nearestWord(word, OPTION_WORDS);
  return new MigrateError('E_USAGE', `${where} has an option that is not known`, {
    found: JSON.stringify(word),
    wanted: near ?? OPTION_WORDS.join(', '),
    hint: 'a ? that belongs to the key is written %3F',
  });
}

function wrongOption(
  word: string,
  { where, found, wanted }: { where: string; found: string; wanted: string },
): MigrateError {
  return new MigrateError('E_USAGE', `${word} of ${where} does not take this value`, { found, wanted });
}
