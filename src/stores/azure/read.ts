/** Reading blobs: one version of each (by its ETag), by ranges. */
import type { Readable } from 'node:stream';
import type { StoreFile, StoreStat } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { fillTarget, otherBytes } from '../http/ranges.ts';
import { brokenBody, objectGone } from './failure.ts';
import type { AzureSession, Doing } from './session.ts';

/** undefined: no such blob, in a container that is there. */
export async function statBlob(session: AzureSession, path: string): Promise<StoreStat | undefined> {
  const doing: Doing = { what: 'look at an object', path };
  if (session.key(path) === '') return undefined;
  const found = await session.unless(404, doing, () => session.blob(path).getProperties());
  if (found === undefined) return session.absent(doing);
  return {
    size: session.must(found.contentLength, 'Content-Length', doing),
    version: session.must(found.etag, 'ETag', doing),
  };
}

export async function openBlob(session: AzureSession, path: string): Promise<StoreFile | undefined> {
  const stat = await statBlob(session, path);
  if (stat === undefined) return undefined;
  return {
    ...stat,
    async readInto(target, start) {
      if (start + target.length > stat.size)
        throw new MigrateError('E_STORE', 'the object ended early', {
          at: { file: session.describe(path), offset: start },
          found: `${Math.max(0, stat.size - start)} bytes`,
          wanted: `${target.length} bytes`,
        });
      if (target.length > 0) await readRange(session, path, { target, start, etag: stat.version });
    },
    close: async () => undefined,
  };
}

interface Range {
  readonly target: Uint8Array;
  readonly start: number;
  readonly etag: string;
}

async function readRange(session: AzureSession, path: string, { target, start, etag }: Range): Promise<void> {
  const doing: Doing = { what: 'read', path };
  const place = session.describe(path);
  const options = { conditions: { ifMatch: etag }, maxRetryRequests: 0 };
  const answer = await session.unless(404, doing, () => session.blob(path).download(start, target.length, options));
  if (answer === undefined) throw objectGone(session.failed(doing));
  const body = session.must(answer.readableStreamBody as Readable | undefined, 'a body', doing);
  const range = `bytes ${start}-${start + target.length - 1}`;
  if (answer.etag !== etag || !answer.contentRange?.startsWith(`${range}/`)) {
    body.destroy();
    throw otherBytes(place, `${answer.contentRange || 'no range'}, ETag ${answer.etag}`, `${range}, ETag ${etag}`);
  }
  await fillTarget(body, target, { place, start }).catch((thrown: unknown) => {
    // The SDK's stream has words of its own for a body that broke off.
    throw thrown instanceof MigrateError ? thrown : brokenBody(thrown, session.failed(doing));
  });
}
