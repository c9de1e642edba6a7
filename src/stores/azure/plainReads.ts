/**
 * Ranges and sizes of blobs, asked for without the SDK: loading that takes each thread a tenth of a second of processor
 * time, and workers that only read need no more of it than these two requests. What is refused is left to the SDK, which
 * asks again, and to the words that its errors have.
 */
import { createHmac } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { StoreStat } from '../../core/contracts.ts';
import type { Connections, HttpAnswer } from '../http/connections.ts';
import type { AzureAccess } from './access.ts';

/** Bytes of one version of a blob. */
export interface BlobRange {
  readonly key: string;
  readonly etag: string;
  readonly start: number;
  readonly length: number;
}

/** Requests without the SDK. undefined: another answer than was asked for, whatever it is. Connections that break throw. */
export interface PlainReads {
  /** The body of an answer that is these bytes of this version. */
  read(range: BlobRange): Promise<Readable | undefined>;
  /** What is there: a blob, or the service says that there is none. */
  stat(key: string): Promise<StoreStat | 'absent' | undefined>;
}

/** Of the service's interface; what is asked for here is older than any that is still served. */
const VERSION = '2021-12-02';

/** undefined: the login is the SDK's to make. */
export function plainReads(
  { url, login }: AzureAccess,
  container: string,
  connections: Pick<Connections, 'send'>,
): PlainReads | undefined {
  if (login.kind === 'default') return undefined;
  const send = async (method: 'GET' | 'HEAD', key: string, asked: Readonly<Record<string, string>>) => {
    const blob = blobUrl(url, `${container}/${key}`);
    if (login.kind === 'sas') blob.search = login.sas;
    const headers = { ...asked, 'x-ms-date': new Date().toUTCString(), 'x-ms-version': VERSION };
    const signed =
      login.kind === 'key'
        ? { ...headers, authorization: authorization(login, { method, url: blob, headers }) }
        : headers;
    const answer = await connections.send({ url: blob, method, headers: signed });
    if (answer.status === 429 || answer.status >= 500) throw busy(answer);
    return { ...answer, ours: answer.headers['x-ms-request-id'] !== undefined };
  };
  return {
    async read({ key, etag, start, length }) {
      const last = start + length - 1;
      const answer = await send('GET', key, { 'if-match': etag, 'x-ms-range': `bytes=${start}-${last}` });
      const { status, headers, body, ours } = answer;
      const given = headers['content-range'] ?? '';
      if (ours && status === 206 && headers.etag === etag && given.startsWith(`bytes ${start}-${last}/`)) return body;
      body.destroy();
      return undefined;
    },
    async stat(key) {
      const { status, headers, body, ours } = await send('HEAD', key, {});
      body.resume();
      if (!ours) return undefined;
      // By this code the container is there.
      if (status === 404) return headers['x-ms-error-code'] === 'BlobNotFound' ? 'absent' : undefined;
      const size = /^\d{1,16}$/.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : Number.NaN;
      if (status !== 200 || !Number.isSafeInteger(size) || !headers.etag) return undefined;
      if (headers['x-ms-meta-hdi_isfolder'] !== undefined) return undefined;
      return { size, version: headers.etag };
    },
  };
}

/** A service that has too much to do is not asked again at once, by the SDK: an error as that has them. */
function busy({ status, headers, body }: HttpAnswer): Error {
  body.destroy();
  const get = (name: string): unknown => headers[name];
  const error = new Error(body.statusMessage || 'no message');
  return Object.assign(error, { statusCode: status, code: get('x-ms-error-code'), response: { headers: { get } } });
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

interface Signed {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** «Authorize with Shared Key» of Azure's REST reference, for a request without a body and without parameters. */
function authorization({ account, key }: Key, { method, url, headers }: Signed): string {
  // Encoding, language, length, MD5, type and date of the body, the time that it has not been modified since.
  const none = Array.from({ length: 7 }, () => '');
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-ms-'))
    .map(([name, value]) => `${name}:${value}`)
    .sort();
  // After If-Match: If-None-Match, If-Unmodified-Since, Range.
  const text = [method, ...none, headers['if-match'] ?? '', '', '', '', ...own, `/${account}${url.pathname}`].join(
    '\n',
  );
  return `SharedKey ${account}:${createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64')}`;
}
