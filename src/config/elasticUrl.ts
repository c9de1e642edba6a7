/**
 * Where an Elasticsearch source is, in one text: `es+https://host:9200/index`, `es+http://host,host2:9200/a,b-*`,
 * `es+cloud:CLOUD_ID/index`. A user and password in it are taken out before anything else sees it.
 */
import { MigrateError } from '../core/errors.ts';
import { Secret } from './secret.ts';

export const ELASTIC_WANTED = 'es+https://host:9200/index, or es+cloud:CLOUD_ID/index';

export interface ElasticAddress {
  /** Without user and password; empty where `cloudId` says it. */
  readonly urls: readonly string[];
  readonly cloudId: string | undefined;
  readonly index: string;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
}

/** A node's URL, and the login that stood in it. */
export interface ElasticNode {
  readonly url: string;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
}

/** Whether a text means an Elasticsearch source, well-formed or not. */
export function namesElastic(text: string): boolean {
  return /^es\+[a-z]+:/i.test(text);
}

/** The text without what stands before an @, for messages: there may be a password. */
export function withoutLogin(text: string): string {
  return text.replace(/(^|:)\/\/.*@/s, '$1//…@');
}

/**
 * @param where the argument it stands in, for messages
 * @throws MigrateError E_USAGE; what may be a password is never quoted
 */
export function parseElasticAddress(text: string, where: string): ElasticAddress {
  const [, scheme = '', rest = ''] = /^es\+([a-z]+):(.*)$/is.exec(text) ?? [];
  if (scheme.toLowerCase() === 'cloud') return cloudAddress(rest.replace(/^\/\//, ''), { text, where });
  if (!/^https?$/i.test(scheme) || !rest.startsWith('//')) throw notAnAddress(text, where);
  const slash = indexSlash(rest.slice(2));
  if (slash < 0) throw noIndex(text, where);
  const nodes = rest.slice(2, 2 + slash);
  const { user, password, hosts } = takeLogin(nodes, { text, where });
  const urls = hosts.split(',').map((host) => nodeUrl(scheme, host, { text, where }));
  return { urls, cloudId: undefined, index: indexIn(rest.slice(3 + slash), { text, where }), user, password };
}

/** One node, as configuration files name it: `https://user:password@host:9200`. @throws MigrateError E_USAGE */
export function parseElasticNode(text: string, where: string): ElasticNode {
  const [, scheme, rest] = /^(https?):\/\/(.*)$/is.exec(text.trim()) ?? [];
  if (scheme === undefined) throw notANode(text, where);
  const at = rest!.lastIndexOf('@');
  const login = at < 0 ? undefined : readLogin(rest!.slice(0, at), where);
  const url = canonicalUrl(scheme, rest!.slice(at + 1));
  if (url === undefined) throw notANode(text, where);
  return { url, user: login?.user, password: login?.password };
}

interface About {
  readonly text: string;
  readonly where: string;
}

/** The slash before the index: the last one, but for those in date math (`<logs-{now/d}>`). */
function indexSlash(rest: string): number {
  return rest.replace(/<[^>]*>/g, (math) => 'x'.repeat(math.length)).lastIndexOf('/');
}

function cloudAddress(rest: string, { text, where }: About): ElasticAddress {
  const slash = indexSlash(rest);
  if (slash < 0) throw noIndex(text, where);
  const cloudId = rest.slice(0, slash);
  if (!/^[^\s@/]+$/.test(cloudId))
    throw new MigrateError('E_USAGE', `${where} has no cloud id`, {
      found: withoutLogin(text).includes('@') ? 'a text with an @ (not shown)' : JSON.stringify(text),
      wanted: 'es+cloud:NAME:BASE64/index, with the id that the deployment shows',
    });
  const index = indexIn(rest.slice(slash + 1), { text, where });
  return { urls: [], cloudId, index, user: undefined, password: undefined };
}

function takeLogin(nodes: string, about: About): Pick<ElasticNode, 'user' | 'password'> & { readonly hosts: string } {
  const at = nodes.lastIndexOf('@');
  if (at < 0) return { user: undefined, password: undefined, hosts: nodes };
  const login = nodes.slice(0, at);
  if (login.includes('@') && nodes.includes(','))
    throw new MigrateError('E_USAGE', `${about.where} has a user and password more than once`, {
      found: 'more than one @ before the index (not shown)',
      wanted: 'es+https://user:password@host:9200,host2:9200/index, and %40 for an @ in a password',
    });
  return { ...readLogin(login, about.where), hosts: nodes.slice(at + 1) };
}

function readLogin(login: string, where: string): Pick<ElasticNode, 'user' | 'password'> {
  const colon = login.indexOf(':');
  const user = colon < 0 ? login : login.slice(0, colon);
  return {
    user: user === '' ? undefined : decoded(user, where),
    password: colon < 0 ? undefined : new Secret(decoded(login.slice(colon + 1), where)),
  };
}

/** %40 and the like; a bare % is taken as it is. */
function decoded(text: string, where: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new MigrateError('E_USAGE', `the user or password in ${where} holds a % that is no escape`, {
      hint: 'write % as %25, or give the password by MILVUS_MIGRATE_ES_PASSWORD',
      cause,
    });
  }
}

function nodeUrl(scheme: string, host: string, { text, where }: About): string {
  const url = canonicalUrl(scheme, host);
  if (url === undefined) throw notAnAddress(text, where);
  return url;
}

/** `scheme://host:port/prefix` without a slash at its end; undefined: it is none. */
function canonicalUrl(scheme: string, rest: string): string | undefined {
  const url = `${scheme.toLowerCase()}://${rest.replace(/\/+$/, '')}`;
  const ok = /^(\[[0-9a-f:.]+\]|[^\s:[\]/]+)(:\d{1,5})?(\/[^\s?#]*)?$/i.test(rest) && !/[?#@\\]/.test(rest);
  return ok && URL.canParse(url) ? url : undefined;
}

function indexIn(index: string, { text, where }: About): string {
  if (index === '') throw noIndex(text, where);
  return checkIndex(index, where);
}

/** A name as Elasticsearch takes it, several with commas. @throws MigrateError E_USAGE */
export function checkIndex(index: string, where: string): string {
  const wrong = index.split(',').find((name) => !/^(<.+>|[^\s\\/?"<>|#]+)$/.test(name) || /^_(?!all$)/.test(name));
  if (wrong === undefined) return index;
  throw new MigrateError('E_USAGE', `${where} names what no index is called`, {
    found: JSON.stringify(wrong),
    wanted: 'an index, an alias, a data stream or a pattern like logs-*, several with commas',
    hint: 'how it is read is said by flags: milvus-migrate help elasticsearch',
  });
}

function noIndex(text: string, where: string): MigrateError {
  return new MigrateError('E_USAGE', `${where} names no index`, {
    found: shown(text),
    wanted: ELASTIC_WANTED,
  });
}

function notAnAddress(text: string, where: string): MigrateError {
  return new MigrateError('E_USAGE', `${where} is not the address of an Elasticsearch`, {
    found: shown(text),
    wanted: ELASTIC_WANTED,
  });
}

function notANode(text: string, where: string): MigrateError {
  return new MigrateError('E_USAGE', `${where} is not the URL of an Elasticsearch node`, {
    found: shown(text),
    wanted: 'https://host:9200',
  });
}

function shown(text: string): string {
  return text.includes('@') ? 'an address with credentials (not shown)' : JSON.stringify(text);
}
