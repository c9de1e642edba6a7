/** Where an Azure Blob service is and who we are to it, from a store's configuration: no connection is made here. */
import type { ObjectStoreConfig, StoreCredentials } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { endpointUrl } from '../endpointUrl.ts';

export interface AzureAccess {
  /** Of the account: `https://ACCOUNT.blob.core.windows.net`, `http://127.0.0.1:10000/ACCOUNT`. Without a signature. */
  readonly url: URL;
  readonly login: AzureLogin;
  /** What must not be in any message. */
  readonly secrets: readonly string[];
}

export type AzureLogin =
  | { readonly kind: 'key'; readonly account: string; readonly key: string }
  /** Without `?`. */
  | { readonly kind: 'sas'; readonly sas: string }
  /** What the machine offers. */
  | { readonly kind: 'default' };

/** The names of Azure's clouds, also as Milvus's configuration has them: without account and `blob`. */
const CLOUD = /^(?:blob\.)?(core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de))$/;

export function azureAccess(config: ObjectStoreConfig, given: StoreCredentials): AzureAccess {
  const parts = given.connectionString === undefined ? {} : connectionParts(given.connectionString);
  const account = given.accessKey ?? parts.AccountName;
  const key = given.secretKey ?? parts.AccountKey;
  const sas = (given.sas ?? parts.SharedAccessSignature)?.replace(/^\?/, '');
  const url = serviceUrl(config, parts, account);
  if (url.username !== '' || url.search !== '')
    throw wrong('the endpoint has a user or a signature in it', 'an endpoint alone');
  return { url, login: loginOf({ config, account, key, sas }), secrets: secretsOf(given, key, sas) };
}

type ConnectionParts = Readonly<Record<string, string | undefined>>;

function serviceUrl(config: ObjectStoreConfig, parts: ConnectionParts, account: string | undefined): URL {
  const endpoint = config.endpoint ?? parts.BlobEndpoint ?? parts.EndpointSuffix ?? 'core.windows.net';
  const url = endpointUrl(endpoint, config.useSsl ?? (parts.DefaultEndpointsProtocol === 'http' ? false : undefined));
  const cloud = CLOUD.exec(url.hostname)?.[1];
  if (cloud === undefined) {
    // An address instead of a name: there the account is the first step of the path.
    const numeric = /^[\d.]+$|^\[|^localhost$/.test(url.hostname);
    if (numeric && url.pathname === '/' && account !== undefined) url.pathname = `/${account}`;
    return url;
  }
  if (account === undefined || !/^[a-z0-9-]{3,63}$/.test(account))
    throw wrong(
      account === undefined ? 'no account' : 'an impossible name',
      'the name of the storage account (as access key)',
    );
  return new URL(`${url.protocol}//${account}.blob.${cloud}${url.port === '' ? '' : `:${url.port}`}`);
}

interface Given {
  readonly config: ObjectStoreConfig;
  readonly account: string | undefined;
  readonly key: string | undefined;
  readonly sas: string | undefined;
}

function loginOf({ config, account, key, sas }: Given): AzureLogin {
  if (config.useIam) return { kind: 'default' };
  if (key !== undefined) {
    if (account === undefined) throw wrong('only the key of an account', 'the account and its key');
    return { kind: 'key', account, key };
  }
  return sas === undefined ? { kind: 'default' } : { kind: 'sas', sas };
}

/** `Name=value;Name=value`; a value may have `=` in it. */
function connectionParts(text: string): ConnectionParts {
  const entries = text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const);
  const parts = Object.fromEntries(entries);
  if (parts.AccountName === undefined && parts.BlobEndpoint === undefined)
    throw wrong('a connection string without AccountName and BlobEndpoint', 'one as the Azure portal shows it');
  return parts;
}

/** Also as parts of them stand in URLs: the signature of a SAS is what must not be known. */
function secretsOf(given: StoreCredentials, key: string | undefined, sas: string | undefined): readonly string[] {
  const signature = sas === undefined ? null : new URLSearchParams(sas).get('sig');
  const written = /(?:^|&)sig=([^&]*)/.exec(sas ?? '')?.[1];
  const all = [given.connectionString, key, sas, written, signature];
  return all.filter((secret): secret is string => typeof secret === 'string' && secret !== '');
}

function wrong(found: string, wanted: string): MigrateError {
  return new MigrateError('E_CONFIG', 'the Azure account can not be told from the configuration', { found, wanted });
}
