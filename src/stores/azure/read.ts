/** Reading blobs: one version of each (by its ETag), by ranges. */
import type { Readable } from 'node:stream';
import type { StoreStat } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type FirstBytes, opener, takeFirst } from '../http/opening.ts';
import { otherBytes, type ReadBody } from '../http/ranges.ts';
import { brokenBody, objectGone } from './failure.ts';
import type { BlobRange } from './plainReads.ts';
import type { AzureSession, Doing } from './session.ts';

/** undefined: no such blob, in a container that is there. */
export async function statBlob(session: AzureSession, path: string): Promise<StoreStat | undefined> {
  const doing: Doing = { what: 'look at an object', path };
  const key = session.key(path);
  if (key === '') return undefined;
  const plain = await session.call(doing, async () => session.plain?.stat(key));
  if (plain !== undefined) return plain === 'absent' ? undefined : plain;
  const found = await session.unless(404, doing, () => session.blob(path).getProperties());
  if (found === undefined) return session.absent(doing);
  if (isFolder(found.metadata)) return undefined;
  return {
    size: session.must(found.contentLength, 'Content-Length', doing),
    version: session.must(found.etag, 'ETag', doing),
  };
}

/** Accounts with real folders (Data Lake Storage Gen2) show each as an empty blob that is marked so. */
export function isFolder(metadata: Readonly<Record<string, string>> | undefined): boolean {
  return metadata?.hdi_isfolder === 'true';
}

export const openBlob = opener({ stat: statBlob, first: firstBytes, reader: bodyReader });

async function firstBytes(session: AzureSession, path: string, length: number): Promise<FirstBytes | undefined> {
  const doing: Doing = { what: 'read', path };
  if (session.key(path) === '') return undefined;
  const answer = await session.call(doing, () => session.blob(path).download(0, length, { maxRetryRequests: 0 }));
  const body = session.must(answer.readableStreamBody as Readable | undefined, 'a body', doing);
  if (isFolder(answer.metadata)) {
    body.destroy();
    return undefined;
  }
  const { contentRange: range, etag: version } = answer;
  return takeFirst({ range, version, body, length, place: session.describe(path) }).catch((thrown: unknown) => {
    throw brokenOff(thrown, session, doing);
  });
}

/** The SDK's stream has words of its own for a body that broke off. */
function brokenOff(thrown: unknown, session: AzureSession, doing: Doing): MigrateError {
  return thrown instanceof MigrateError ? thrown : brokenBody(thrown, session.failed(doing));
}

function bodyReader(session: AzureSession, path: string, etag: string): ReadBody {
  const doing: Doing = { what: 'read', path };
  const key = session.key(path);
  return async (start, length, use) => {
    const plain = await session.call(doing, async () => session.plain?.read({ key, etag, start, length }));
    const body = plain ?? (await readBySdk(session, path, { key, etag, start, length }));
    await use(body).catch((thrown: unknown) => {
      throw brokenOff(thrown, session, doing);
    });
  };
}

async function readBySdk(session: AzureSession, path: string, { etag, start, length }: BlobRange): Promise<Readable> {
  const doing: Doing = { what: 'read', path };
  const options = { conditions: { ifMatch: etag }, maxRetryRequests: 0 };
  const answer = await session.unless(404, doing, () => session.blob(path).download(start, length, options));
  if (answer === undefined) throw objectGone(session.failed(doing));
  const body = session.must(answer.readableStreamBody as Readable | undefined, 'a body', doing);
  const range = `bytes ${start}-${start + length - 1}`;
  if (answer.etag === etag && answer.contentRange?.startsWith(`${range}/`)) return body;
  body.destroy();
  const found = `${answer.contentRange || 'no range'}, ETag ${answer.etag}`;
  throw otherBytes(session.describe(path), found, `${range}, ETag ${etag}`);
}
