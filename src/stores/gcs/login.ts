/** Who we are to Google: a service account, what the machine offers, or nobody. The SDK is loaded only for the former. */
import { readFileSync } from 'node:fs';
import type { ObjectStoreConfig, StoreCredentials } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { loadPackage } from '../../core/loadPackage.ts';

export interface Login {
  /** Headers that sign a request in; renewed by the SDK before they expire. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** The project that a new bucket belongs to. */
  project(): Promise<string>;
  /** What must not be in any message. */
  readonly secrets: readonly string[];
}

/** A key file as Google writes it; the SDK reads what is in it. */
type AccountKey = Readonly<Record<string, unknown>>;

/** @param ownEndpoint whether the endpoint is none of Google's: an emulator, as a rule */
export async function openLogin(
  config: ObjectStoreConfig,
  { serviceAccount }: StoreCredentials,
  ownEndpoint: boolean,
): Promise<Login> {
  if (serviceAccount === undefined && ownEndpoint && !config.useIam) return NOBODY;
  // The library asks the environment where the metadata server is.
  if (config.iamEndpoint !== undefined) process.env.GCE_METADATA_HOST ??= hostOf(config.iamEndpoint);
  const key = serviceAccount === undefined || config.useIam ? undefined : accountKey(serviceAccount);
  const { Storage } = loadPackage('@google-cloud/storage');
  const { authClient } = new Storage(key === undefined ? {} : { credentials: key, ...projectOf(key) });
  return {
    headers: async () => ({ ...(await authClient.getRequestHeaders('https://storage.googleapis.com/')) }),
    project: () => authClient.getProjectId(),
    secrets: key === undefined ? [] : secretsOf(key),
  };
}

const NOBODY: Login = {
  headers: async () => ({}),
  project: async () => 'none',
  secrets: [],
};

function projectOf({ project_id }: AccountKey): { projectId?: string } {
  return typeof project_id === 'string' ? { projectId: project_id } : {};
}

function secretsOf(key: AccountKey): readonly string[] {
  const values = [key.private_key, key.client_secret, key.refresh_token].filter((value) => typeof value === 'string');
  return values.flatMap((value) => [value, value.replaceAll('\n', '\\n')]);
}

function hostOf(endpoint: string): string {
  return endpoint.replace(/^https?:\/\//i, '').replace(/\/.*$/, '');
}

/** @param given the JSON itself, or the path of its file; never shown where it is the JSON */
function accountKey(given: string): AccountKey {
  const inline = given.trimStart().startsWith('{');
  const wrong = (found: string): MigrateError =>
    new MigrateError('E_CONFIG', 'the key of the service account can not be used', {
      ...(inline ? {} : { at: { file: given } }),
      found,
      wanted: 'the JSON that Google makes for a service account, with client_email and private_key',
    });
  let text = given;
  try {
    if (!inline) text = readFileSync(given, 'utf8');
  } catch (thrown) {
    throw wrong(messageOf(thrown));
  }
  const key = parsed(text);
  if (key === undefined) throw wrong('no JSON');
  // Other kinds (of other clouds' identities, of users) have other fields: the SDK knows them.
  if (key.type !== undefined && key.type !== 'service_account') return key;
  const lacks = ['client_email', 'private_key'].find((field) => typeof key[field] !== 'string');
  if (lacks !== undefined) throw wrong(`no ${lacks}`);
  return key;
}

function parsed(text: string): AccountKey | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as AccountKey) : undefined;
  } catch {
    // The parser's message quotes the text.
    return undefined;
  }
}
