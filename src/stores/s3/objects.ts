/** Whole objects: put, copy, remove, and folders of them: move, remove. */
import { MigrateError } from '../../core/errors.ts';
import { bodyChecksum } from './checksum.ts';
import { copyObject } from './copy.ts';
import { listObjects } from './listing.ts';
import { headObject } from './read.ts';
import type { S3Session } from './session.ts';

/** Keys in one request to delete. */
const BATCH = 1000;
/** Single requests at once, where each key has its own. */
const AT_ONCE = 16;

export async function putObject(session: S3Session, path: string, bytes: Uint8Array): Promise<void> {
  const call = { what: 'write an object', path };
  const target = { Bucket: session.bucket, Key: namedKey(session, path) };
  const request = { ...target, Body: bytes, ContentLength: bytes.length, ...bodyChecksum(session.dialect, bytes) };
  const { ETag } = await session.call(call.what, path, (s3) => s3.putObject(request));
  session.must(ETag, 'ETag', call);
}

/** An object, or all objects below a folder. */
export async function removeTree(session: S3Session, path: string): Promise<void> {
  namedKey(session, path);
  // Asked for first: in a versioned bucket a deletion of nothing leaves a mark.
  if ((await headObject(session, path)) !== undefined) await deletePaths(session, [path]);
  const paths: string[] = [];
  for await (const object of listObjects(session, path)) paths.push(object.path);
  await deletePaths(session, paths);
}

/** All of them, or an error that names one that is left. Absent ones are fine. */
export async function deletePaths(session: S3Session, paths: readonly string[]): Promise<void> {
  if (session.dialect.batchDelete) {
    for (let first = 0; first < paths.length; first += BATCH)
      await deleteBatch(session, paths.slice(first, first + BATCH));
    return;
  }
  for (let first = 0; first < paths.length; first += AT_ONCE) {
    const some = paths.slice(first, first + AT_ONCE).map((path) => {
      const target = { Bucket: session.bucket, Key: session.key(path) };
      return session.unless(['NoSuchKey'], { what: 'delete an object', path }, (s3) => s3.deleteObject(target));
    });
    await Promise.all(some);
  }
}

async function deleteBatch(session: S3Session, paths: readonly string[]): Promise<void> {
  const Objects = paths.map((path) => ({ Key: session.key(path) }));
  const request = { Bucket: session.bucket, Delete: { Objects, Quiet: false } };
  const { Deleted = [], Errors = [] } = await session.call('delete objects', paths[0]!, (s3) =>
    s3.deleteObjects(request),
  );
  const gone = new Set(Deleted.map(({ Key }) => Key));
  const failed = Errors.find(({ Key, Code }) => Code !== 'NoSuchKey' && !gone.has(Key));
  const left =
    failed?.Key ?? Objects.find(({ Key }) => !gone.has(Key) && !Errors.some((error) => error.Key === Key))?.Key;
  if (left === undefined) return;
  const code = failed?.Code ?? 'no answer for it';
  throw new MigrateError('E_STORE', 'could not delete an object', {
    at: { file: session.describe(session.path(left)) },
    found: code,
    hint: 'give this key the right to delete there',
    retry: ['InternalError', 'SlowDown', 'ServiceUnavailable'].includes(code),
  });
}

/**
 * Copies all objects of a folder to another one, then deletes the old ones; S3 knows no renaming. Broken off anywhere
 * it can be done again: nothing is deleted before all are copied.
 */
export async function moveFolder(session: S3Session, from: string, to: string): Promise<void> {
  const sources: { path: string; size: number }[] = [];
  for await (const object of listObjects(session, from)) sources.push(object);
  if (sources.length === 0) {
    for await (const _ of listObjects(session, to)) return;
    throw new MigrateError('E_STORE', 'could not move: there is no such folder', {
      at: { file: session.describe(from) },
    });
  }
  for (const { path, size } of sources)
    await copyObject(session, { from: path, to: `${to}${path.slice(from.length)}`, size });
  await deletePaths(
    session,
    sources.map(({ path }) => path),
  );
}

/** The key, or an error where it would be the whole store. */
function namedKey(session: S3Session, path: string): string {
  if (path !== '') return session.key(path);
  throw new MigrateError('E_STORE', 'the whole store is no object', { at: { file: session.describe('') } });
}
