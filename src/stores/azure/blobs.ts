/** Whole blobs: list, put, copy, delete. */
import { createHash } from 'node:crypto';
import type { ContainerListBlobsOptions } from '@azure/storage-blob';
import { MigrateError } from '../../core/errors.ts';
import { inBatches } from '../batches.ts';
import { checkNamed } from '../trees.ts';
import { isFolder } from './read.ts';
import type { AzureSession, Doing } from './session.ts';

export interface ListedBlob {
  readonly path: string;
  readonly size: number;
}

/** Names on a page, as many as the other clouds give: the service would give 5,000, which no test would go past. */
const PAGE = 1000;

/** Every blob below a folder that is complete; `''`: in the whole store. */
export async function* listBlobs(session: AzureSession, folder: string): AsyncGenerator<ListedBlob> {
  for await (const blob of listKeys(session, folder, { includeMetadata: true }))
    if (!blob.folder && !blob.path.endsWith('/')) yield { path: blob.path, size: blob.size };
}

export async function* listKeys(
  session: AzureSession,
  folder: string,
  more: ContainerListBlobsOptions,
): AsyncGenerator<ListedBlob & { readonly folder: boolean }> {
  const doing: Doing = { what: 'list', path: folder };
  const prefix = session.below(folder);
  const listing = session.container.listBlobsFlat({ ...more, ...(prefix === '' ? {} : { prefix }) });
  const pages = listing.byPage({ maxPageSize: PAGE });
  for (;;) {
    const page = await session.unless(404, doing, () => pages.next());
    if (page === undefined) return session.absent(doing);
    if (page.done === true) return;
    for (const { name, properties, metadata } of page.value.segment.blobItems) {
      const size = session.must(properties.contentLength, 'Content-Length', doing);
      yield { path: session.path(name), size, folder: isFolder(metadata) };
    }
  }
}

/** In one request; the service's MD5 of what it got must be ours. */
export async function putBlob(session: AzureSession, path: string, bytes: Uint8Array): Promise<void> {
  checkNamed(session, path);
  const doing: Doing = { what: 'write an object', path };
  const answer = await session.call(doing, () =>
    session.blob(path).upload(bytes as Uint8Array<ArrayBuffer>, bytes.length),
  );
  const found = Buffer.from(session.must(answer.contentMD5, 'Content-MD5', doing)).toString('hex');
  const wanted = md5(bytes).toString('hex');
  if (found !== wanted)
    throw new MigrateError('E_STORE', 'could not write an object: the service has other bytes than were sent', {
      at: { file: session.describe(path) },
      found: `MD5 ${found}`,
      wanted: `MD5 ${wanted}`,
      retry: true,
    });
}

export function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}

/** All of them; absent ones are fine. */
export function deleteBlobs(session: AzureSession, paths: readonly string[]): Promise<void> {
  return inBatches(paths, async (path) => {
    const doing = { what: 'delete an object', path };
    await session.unless(404, doing, () => session.blob(path).delete({ deleteSnapshots: 'include' }));
  });
}

/** Inside the account, where it takes no time. */
export async function copyBlob(session: AzureSession, from: string, to: string): Promise<void> {
  const doing: Doing = { what: 'copy an object', path: from };
  await session.call(doing, async () => {
    // With the signature in its URL, where we have one.
    const copying = await session.blob(to).beginCopyFromURL(session.blob(from).url, { intervalInMs: 500 });
    const { copyStatus } = await copying.pollUntilDone();
    if (copyStatus === 'success') return;
    throw new MigrateError('E_STORE', 'could not copy an object: the service gave it up', {
      at: { file: session.describe(from) },
      found: copyStatus ?? 'no status',
      wanted: 'success',
      retry: true,
    });
  });
}
