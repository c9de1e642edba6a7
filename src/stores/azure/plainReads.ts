/**
 * Ranges of blobs, asked for without the SDK: loading that takes each thread a tenth of a second of processor time, and
 * workers that only read need no more of it than one request. Only what goes well is taken from here: any other answer is
 * left to the SDK, which asks again, and to the words that its errors have.
 */
import { createHmac } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Connections } from '../http/connections.ts';
import type { AzureAccess } from './access.ts';

/** Bytes of one version of a blob. */
export interface BlobRange {
  readonly key: string;
  readonly etag: string;
  readonly start: number;
  readonly length: number;
}

/** undefined: the answer is not these bytes of this version, whatever it is. Connections that break throw. */
export type PlainRead = (range: BlobRange) => Promise<Readable | undefined>;

/** Of the service's interface; what is asked for here is older than any that is still served. */
const VERSION = '2021-12-02';

/** undefined: the login is the SDK's to make. */
export function plainReads(
  { url, login }: AzureAccess,
  container: string,
  connections: Pick<Connections, 'send'>,
): PlainRead | undefined {
  if (login.kind === 'default') return undefined;
  return async ({ key, etag, start, length }) => {
    const blob = blobUrl(url, `${container}/${key}`);
    if (login.kind === 'sas') blob.search = login.sas;
    const range = `bytes=${start}-${start + length - 1}`;
    const unsigned = { 'if-match': etag, 'x-ms-date': new Date().toUTCString(), 'x-ms-range': range };
    const headers = { ...unsigned, 'x-ms-version': VERSION };
    const signed = login.kind === 'key' ? { ...headers, authorization: authorization(login, blob, headers) } : headers;
    const answer = await connections.send({ url: blob, method: 'GET', headers: signed });
    const given = answer.headers['content-range'] ?? '';
    const same = answer.headers.etag === etag && given.startsWith(`bytes ${start}-${start + length - 1}/`);
    if (answer.status === 206 && same && answer.headers['x-ms-request-id'] !== undefined) return answer.body;
    answer.body.destroy();
    return undefined;
  };
}

/** As the SDK writes it: each step of the key encoded, the slashes between them kept. */
function blobUrl(service: URL, path: string): URL {
  const blob = new URL(service.href);
  blob.pathname = `${blob.pathname.replace(/\/$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return blob;
}

interface Key {
  readonly account: string;
  readonly key: string;
}

interface SignedHeaders {
  readonly 'if-match': string;
  readonly 'x-ms-date': string;
  readonly 'x-ms-range': string;
  readonly 'x-ms-version': string;
}

/** «Authorize with Shared Key» of Azure's REST reference, for a GET without a body and without parameters. */
function authorization({ account, key }: Key, url: URL, headers: SignedHeaders): string {
  // Encoding, language, length, MD5, type and date of the body, the time that it has not been modified since.
  const none = Array.from({ length: 7 }, () => '');
  const own = (['x-ms-date', 'x-ms-range', 'x-ms-version'] as const).map((name) => `${name}:${headers[name]}`);
  // After If-Match: If-None-Match, If-Unmodified-Since, Range.
  const text = ['GET', ...none, headers['if-match'], '', '', '', ...own, `/${account}${url.pathname}`].join('\n');
  return `SharedKey ${account}:${createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64')}`;
}
