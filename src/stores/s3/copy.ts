/** Copies inside the service, without the bytes coming here. */
import type { S3Session } from './session.ts';
import { discardAllUploads, discardUpload } from './uploads.ts';

const GiB = 1024 ** 3;
/**
 * S3 copies at most 5 GB in one request. Far fewer here: some services answer only when all is copied, and no answer
 * for a minute counts as a broken connection.
 */
const COPY_BYTES = GiB;

export interface Copy {
  readonly from: string;
  readonly to: string;
  readonly size: number;
}

export async function copyObject(session: S3Session, copy: Copy): Promise<void> {
  if (copy.size > COPY_BYTES) return copyInPieces(session, copy);
  const call = { what: 'copy an object', path: copy.from };
  const request = { Bucket: session.bucket, Key: session.key(copy.to), CopySource: source(session, copy.from) };
  const { CopyObjectResult } = await session.call(call.what, call.path, (s3) => s3.copyObject(request));
  session.must(CopyObjectResult?.ETag, 'ETag', call);
}

function source(session: S3Session, path: string): string {
  return `${session.bucket}/${session.key(path)}`.split('/').map(encodeURIComponent).join('/');
}

async function copyInPieces(session: S3Session, copy: Copy): Promise<void> {
  // One that a killed run left: it is known by its key only.
  await discardAllUploads(session, copy.to);
  const call = { what: 'copy an object', path: copy.from };
  const target = { Bucket: session.bucket, Key: session.key(copy.to) };
  const begun = await session.call(call.what, call.path, (s3) => s3.createMultipartUpload(target));
  const UploadId = session.must(begun.UploadId, 'UploadId', call);
  try {
    const Parts = await copyPieces(session, copy, UploadId);
    const request = { ...target, UploadId, MultipartUpload: { Parts } };
    const { ETag } = await session.call(call.what, call.path, (s3) => s3.completeMultipartUpload(request));
    session.must(ETag, 'ETag', call);
  } catch (thrown) {
    // Where this fails too, the first error is the one to know of; the move made again discards it.
    await Promise.allSettled([discardUpload(session, { path: copy.to, token: UploadId })]);
    throw thrown;
  }
}

async function copyPieces(session: S3Session, copy: Copy, UploadId: string) {
  const call = { what: 'copy an object', path: copy.from };
  const target = {
    Bucket: session.bucket,
    Key: session.key(copy.to),
    UploadId,
    CopySource: source(session, copy.from),
  };
  const parts: { PartNumber: number; ETag: string }[] = [];
  for (let start = 0; start < copy.size; start += COPY_BYTES) {
    const range = `bytes=${start}-${Math.min(copy.size, start + COPY_BYTES) - 1}`;
    const PartNumber = parts.length + 1;
    const request = { ...target, PartNumber, CopySourceRange: range };
    const { CopyPartResult } = await session.call(call.what, call.path, (s3) => s3.uploadPartCopy(request));
    parts.push({ PartNumber, ETag: session.must(CopyPartResult?.ETag, 'ETag', call) });
  }
  return parts;
}
