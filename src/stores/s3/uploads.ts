/** Multipart uploads that were begun and not completed: finding and aborting them. */
import type { Upload } from '../../core/contracts.ts';
import type { S3Session } from './session.ts';

interface OpenUpload {
  readonly key: string;
  readonly id: string;
}

/** Aborts it. One that is gone, or was completed, is fine. */
export async function discardUpload(session: S3Session, { path, token }: Upload): Promise<void> {
  const target = { Bucket: session.bucket, Key: session.key(path), UploadId: token };
  const gone = ['NoSuchUpload', 'NoSuchKey', ...(session.createsBucket ? ['NoSuchBucket'] : [])];
  await session.unless(gone, { what: 'abort an upload', path }, (s3) => s3.abortMultipartUpload(target));
}

/**
 * Aborts all uploads to exactly this path: some may have been begun by requests whose answers were lost. A path belongs
 * to one writer at a time. Without the right to list uploads nothing is done: it is not needed for anything else.
 */
export async function discardAllUploads(session: S3Session, path: string): Promise<void> {
  const key = session.key(path);
  const own: string[] = [];
  for await (const upload of openUploads(session, path, key)) if (upload.key === key) own.push(upload.id);
  for (const token of own) await discardUpload(session, { path, token });
}

/** Token of an upload whose id is not known yet. */
export const UNNAMED = '';

/** What a crashed run left under a path, by the recorded id and by its name. */
export async function discardLeft(session: S3Session, upload: Upload): Promise<void> {
  if (upload.token !== UNNAMED) await discardUpload(session, upload);
  await discardAllUploads(session, upload.path);
}

/**
 * Aborts the uploads into folders directly below `prefix` whose name holds `mark`. MinIO lists uploads of one exact key
 * only, so nothing is found there: what was recorded is discarded by its id.
 */
export async function sweepUploads(session: S3Session, prefix: string, mark: string): Promise<number> {
  const below = session.below(prefix);
  const folders = new Set<string>();
  const own: { path: string; token: string }[] = [];
  for await (const { key, id } of openUploads(session, prefix, below)) {
    const [folder, ...rest] = key.slice(below.length).split('/');
    if (rest.length === 0 || !folder!.includes(mark)) continue;
    folders.add(folder!);
    own.push({ path: session.path(key), token: id });
  }
  for (const upload of own) await discardUpload(session, upload);
  return folders.size;
}

async function* openUploads(session: S3Session, path: string, prefix: string): AsyncGenerator<OpenUpload> {
  const what = { what: 'list unfinished uploads', path };
  const unknown = ['NoSuchBucket', 'AccessDenied', 'MethodNotAllowed', 'NotImplemented'];
  let from: { KeyMarker: string; UploadIdMarker: string } | undefined;
  for (;;) {
    const request = { Bucket: session.bucket, Prefix: prefix, ...from };
    const page = await session.unless(unknown, what, (s3) => s3.listMultipartUploads(request));
    if (page === undefined) return;
    for (const { Key, UploadId } of page.Uploads ?? [])
      if (Key !== undefined && UploadId !== undefined) yield { key: Key, id: UploadId };
    if (page.IsTruncated !== true) return;
    from = {
      KeyMarker: session.must(page.NextKeyMarker, 'NextKeyMarker', what),
      UploadIdMarker: session.must(page.NextUploadIdMarker, 'NextUploadIdMarker', what),
    };
  }
}
