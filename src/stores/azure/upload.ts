/**
 * A block blob in pieces: blocks have ids and no order until the list of them is committed, so the header's block comes
 * last and stands first. Blocks that are never committed can not be seen, and the service drops them after a week.
 */
import { randomBytes } from 'node:crypto';
import type { RecordUpload, Upload } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { MOST_PIECES } from '../pieces/memory.ts';
import type { PieceUpload } from '../pieces/writer.ts';
import { listKeys, md5, putBlob } from './blobs.ts';
import type { AzureSession, Doing } from './session.ts';

interface SentBlock {
  readonly id: string;
  readonly bytes: number;
}

/** On an empty blob that stands where blocks are to be dropped. */
const DISCARDED = { milvusmigrate: 'discarded' } as const;

export interface UploadParts {
  readonly session: AzureSession;
  readonly path: string;
  readonly record: RecordUpload;
}

export function blockUpload({ session, path, record }: UploadParts): PieceUpload<SentBlock> {
  const token = randomBytes(8).toString('hex');
  let begun = false;
  return {
    most: MOST_PIECES,
    async begin() {
      await session.ready();
      await record({ path, token });
      begun = true;
    },
    async send({ number, bytes }, signal) {
      const doing: Doing = { what: `send piece ${number} of an object`, path };
      const id = blockId(token, number);
      // The service refuses a block whose MD5 is another one.
      const options = { transactionalContentMD5: md5(bytes), abortSignal: signal };
      await session.call(doing, () => session.blob(path).stageBlock(id, bytes, bytes.length, options));
      return { id, bytes: bytes.length };
    },
    complete: (blocks) => commitBlocks(session, path, blocks),
    whole: (bytes) => putBlob(session, path, bytes),
    abort: async () => {
      if (begun) await discardUpload(session, { path, token });
    },
  };
}

/** All ids of a blob must be equally long, those of a crashed run too. */
function blockId(token: string, number: number): string {
  return Buffer.from(`${token}-${String(number).padStart(7, '0')}`).toString('base64');
}

async function commitBlocks(session: AzureSession, path: string, blocks: readonly SentBlock[]): Promise<void> {
  const doing: Doing = { what: 'complete an upload', path };
  const ids = blocks.map(({ id }) => id);
  // Committed again, because an answer was lost, they are found among the committed ones.
  const { etag } = await session.call(doing, () => session.blob(path).commitBlockList(ids));
  const now = await session.call(doing, () => session.blob(path).getProperties());
  const bytes = blocks.reduce((sum, block) => sum + block.bytes, 0);
  if (now.contentLength === bytes && now.etag === etag) return;
  throw new MigrateError('E_STORE', 'could not complete an upload: the object is not what was sent', {
    at: { file: session.describe(path) },
    found: `${now.contentLength} bytes, ETag ${now.etag}`,
    wanted: `${bytes} bytes, ETag ${etag}`,
  });
}

/**
 * Drops the blocks of an upload that was never completed. The service has no request for that: an empty blob in their
 * place drops them, and is deleted. Where a blob stands there already they can not be dropped without changing it: they
 * go with its next version, or after a week.
 */
export async function discardUpload(session: AzureSession, { path, token }: Upload): Promise<void> {
  const doing: Doing = { what: 'drop the pieces of an upload', path };
  const list = await session.unless(404, doing, () => session.blob(path).getBlockList('uncommitted'));
  const own = (list?.uncommittedBlocks ?? []).some(({ name }) =>
    Buffer.from(name, 'base64').toString().startsWith(token),
  );
  if (own) await dropBlocks(session, path);
  else await removeDiscarded(session, path);
}

async function dropBlocks(session: AzureSession, path: string): Promise<void> {
  const doing: Doing = { what: 'drop the pieces of an upload', path };
  // Asked, not made a condition of the upload: for Azurite a blob without a committed block list is there, too.
  const there = await session.unless(404, doing, () => session.blob(path).getProperties());
  const nothing = Buffer.alloc(0);
  if (there === undefined)
    await session.call(doing, () => session.blob(path).upload(nothing, 0, { metadata: DISCARDED }));
  await removeDiscarded(session, path);
}

/** The empty blob of `dropBlocks`, also one that a crash left. */
async function removeDiscarded(session: AzureSession, path: string): Promise<void> {
  const doing: Doing = { what: 'drop the pieces of an upload', path };
  const found = await session.unless(404, doing, () => session.blob(path).getProperties());
  if (found === undefined || found.contentLength !== 0) return;
  if (found.metadata?.milvusmigrate !== DISCARDED.milvusmigrate) return;
  const conditions = { ifMatch: session.must(found.etag, 'ETag', doing) };
  await session.unless(404, doing, () => session.blob(path).delete({ conditions }));
}

/** Drops the blocks below folders directly below `prefix` whose name holds `mark`. Returns how many folders. */
export async function sweepBlocks(session: AzureSession, prefix: string, mark: string): Promise<number> {
  const complete = new Set<string>();
  for await (const { path } of listKeys(session, prefix, {})) complete.add(path);
  const below = session.below(prefix);
  const folders = new Set<string>();
  for await (const { path } of listKeys(session, prefix, { includeUncommitedBlobs: true })) {
    const [folder = '', ...rest] = session.key(path).slice(below.length).split('/');
    if (complete.has(path) || rest.length === 0 || !folder.includes(mark)) continue;
    await dropBlocks(session, path);
    folders.add(folder);
  }
  return folders.size;
}
