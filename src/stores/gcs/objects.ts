/** Whole objects: list, put, copy, delete. */
import { MigrateError } from '../../core/errors.ts';
import { inBatches } from '../batches.ts';
import { strangeAnswer } from '../http/failure.ts';
import { wholeNumber } from '../http/ranges.ts';
import { checkNamed } from '../trees.ts';
import { crc32c, crc32cText } from './crc32c.ts';
import { SERVICE } from './failure.ts';
import { absent, type Doing, type Fields, type GcsSession, objectAt } from './session.ts';

export interface ListedObject {
  readonly path: string;
  readonly size: number;
  readonly generation: string;
}

/** Names on a page, Google's most. Said, because what stands in for it would else give all at once. */
const PAGE = '1000';

/** Folders of objects that are not complete begin with this: never listed. */
export const UNFINISHED = '.unfinished-';

/** Every object below a folder that is complete; `''`: in the whole store. */
export async function* listObjects(session: GcsSession, folder: string): AsyncGenerator<ListedObject> {
  for await (const object of listKeys(session, folder, session.below(folder))) {
    const hidden = object.path.split('/').some((step) => step.startsWith(UNFINISHED));
    // Keys that end with «/» are the folders of consoles.
    if (!hidden && !object.path.endsWith('/')) yield object;
  }
}

/** Every object whose key begins so, hidden ones too, page by page. */
export async function* listKeys(session: GcsSession, folder: string, prefix: string): AsyncGenerator<ListedObject> {
  const doing: Doing = { what: 'list', path: folder };
  const at = ['b', session.bucket, 'o'];
  for (let pageToken: string | undefined; ; ) {
    // `kind` is in every answer: an empty listing must not be taken from just any web page.
    const query = { prefix, pageToken, maxResults: PAGE, fields: 'kind,items(name,size,generation),nextPageToken' };
    const page = await session.unless(404, doing, { method: 'GET', at, query });
    if (page === undefined) return absent(session, doing);
    session.must(page, 'kind', doing);
    for (const item of (page.items ?? []) as readonly Fields[]) {
      const path = session.path(session.must(item, 'name', doing));
      const size = wholeNumber(session.must(item, 'size', doing), 'size', session.describe(path));
      yield { path, size, generation: session.must(item, 'generation', doing) };
    }
    if (page.nextPageToken === undefined || page.nextPageToken === '') return;
    pageToken = session.must(page, 'nextPageToken', doing);
  }
}

export interface NewObject {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly signal?: AbortSignal;
}

/** In one request, which the service refuses where the bytes are not those of the CRC-32C that goes with them. */
export async function putObject(
  session: GcsSession,
  doing: Doing,
  { path, bytes, signal }: NewObject,
): Promise<{ crc: number; generation: string }> {
  checkNamed(session, path);
  const crc = crc32c(bytes);
  const about = { name: session.key(path), crc32c: crc32cText(crc), contentType: 'application/octet-stream' };
  // RFC 2046: the boundary must not occur in what it parts; the length of the bytes is known, so only their end could.
  const boundary = 'milvus-migrate-d41c7f1be0b94f8b';
  const head = `--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(about)}\r\n--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`;
  const answer = await session.call(doing, {
    method: 'POST',
    at: ['b', session.bucket, 'o'],
    upload: true,
    query: { uploadType: 'multipart', fields: 'size,crc32c,generation' },
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: [Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)],
    signal,
  });
  sameContents(session, doing, answer, { size: bytes.length, crc });
  return { crc, generation: session.must(answer, 'generation', doing) };
}

/** An error where the object that was made is not what it should be. */
export function sameContents(
  session: GcsSession,
  doing: Doing,
  answer: Fields,
  { size, crc }: { size: number; crc: number },
): void {
  const found = `${session.must(answer, 'size', doing)} bytes, CRC-32C ${String(answer.crc32c ?? '')}`;
  const wanted = `${size} bytes, CRC-32C ${crc32cText(crc)}`;
  if (found === wanted) return;
  throw new MigrateError('E_STORE', `could not ${doing.what}: the service has other bytes than were sent`, {
    at: { file: session.describe(doing.path) },
    found,
    wanted,
    retry: true,
  });
}

/** All of them; absent ones are fine. */
export function deletePaths(session: GcsSession, paths: readonly string[]): Promise<void> {
  return inBatches(paths, async (path) => {
    await session.unless(404, { what: 'delete an object', path }, { method: 'DELETE', at: objectAt(session, path) });
  });
}

/** Exactly these generations: nothing of them is left, also in a bucket that keeps old versions. */
export function deleteForGood(session: GcsSession, objects: readonly Omit<ListedObject, 'size'>[]): Promise<void> {
  return inBatches(objects, async ({ path, generation }) => {
    const doing = { what: 'delete a piece of an upload', path };
    await session.unless(404, doing, { method: 'DELETE', at: objectAt(session, path), query: { generation } });
  });
}

/** Inside the service; large objects between places take several requests. */
export async function copyObject(session: GcsSession, from: string, to: string): Promise<void> {
  const doing: Doing = { what: 'copy an object', path: from };
  const at = [...objectAt(session, from), 'rewriteTo', ...objectAt(session, to)];
  for (let rewriteToken: string | undefined; ; ) {
    const answer = await session.call(doing, { method: 'POST', at, query: { rewriteToken }, json: {} });
    if (answer.done === true) return;
    if (answer.done !== false) throw strangeAnswer(session.failed(doing), SERVICE, 'done');
    rewriteToken = session.must(answer, 'rewriteToken', doing);
  }
}
