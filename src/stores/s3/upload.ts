/** How S3 takes an object in pieces: a multipart upload, recorded before its first piece, checked by the service. */
import type { RecordUpload } from '../../core/contracts.ts';
import { crc32, crc32Combine } from '../../core/crc32.ts';
import { MigrateError } from '../../core/errors.ts';
import { MOST_PIECES } from '../pieces/memory.ts';
import type { PieceUpload } from '../pieces/writer.ts';
import { bodyChecksum, crcHeader, multipartEtag } from './checksum.ts';
import { putObject } from './objects.ts';
import { headObject } from './read.ts';
import type { S3Session } from './session.ts';
import { discardAllUploads, discardUpload, UNNAMED } from './uploads.ts';

export interface SentPiece {
  readonly number: number;
  readonly bytes: number;
  /** 0 where the service is not told of it. */
  readonly crc32: number;
  readonly etag: string;
}

export function multipartUpload(session: S3Session, path: string, record: RecordUpload): PieceUpload<SentPiece> {
  const target = { Bucket: session.bucket, Key: session.key(path) };
  let id: string | undefined;
  /** Whether a request to begin was sent whose answer did not come: there may be an upload that nobody knows. */
  let doubted = false;
  const begin = async (): Promise<string> => {
    const call = { what: 'begin an upload', path };
    // FULL_OBJECT: the service checks the CRC of the whole at the end, and tells it ever after.
    const checksum = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const request = session.dialect.checksum === 'crc32' ? { ...target, ...checksum } : target;
    const { UploadId } = await session.call(call.what, path, (s3) => s3.createMultipartUpload(request));
    return session.must(UploadId, 'UploadId', call);
  };
  return {
    most: MOST_PIECES,
    async begin() {
      await session.ready();
      if (id === undefined) {
        // Its path, before there is an id: who is killed between the answer and its record leaves one that is found.
        await record({ path, token: UNNAMED });
        // Of an earlier try, or of a process that was killed before it had recorded it.
        await discardAllUploads(session, path);
        id = await begin().catch((thrown: unknown) => {
          doubted = true;
          throw thrown;
        });
      }
      await record({ path, token: id });
    },
    async send({ number, bytes, crc32: known }, signal) {
      const call = { what: `send piece ${number} of an object`, path };
      const crc = session.dialect.checksum === 'crc32' ? (known ?? crc32(bytes)) : 0;
      const checksum = bodyChecksum(session.dialect, bytes, crc);
      const piece = { UploadId: id, PartNumber: number, Body: bytes, ContentLength: bytes.length, ...checksum };
      const { ETag } = await session.call(call.what, path, (s3) =>
        s3.uploadPart({ ...target, ...piece }, { abortSignal: signal }),
      );
      return { number, bytes: bytes.length, crc32: crc, etag: session.must(ETag, 'ETag', call) };
    },
    async complete(pieces) {
      await completeUpload(session, { path, id: id! }, pieces);
      // Only now: a request that was given up may have been served long after.
      if (doubted) await discardAllUploads(session, path);
      doubted = false;
    },
    whole: (bytes) => putObject(session, path, bytes),
    async abort() {
      if (id === undefined && !doubted) return;
      if (id !== undefined) await discardUpload(session, { path, token: id });
      // By its name too: what was broken off may have been served all the same.
      await discardAllUploads(session, path);
      [id, doubted] = [undefined, false];
    },
  };
}

async function completeUpload(
  session: S3Session,
  { path, id }: { path: string; id: string },
  pieces: readonly SentPiece[],
): Promise<void> {
  const call = { what: 'complete an upload', path };
  const withCrc = session.dialect.checksum === 'crc32';
  const Parts = pieces.map((piece) => ({
    PartNumber: piece.number,
    ETag: piece.etag,
    ...(withCrc ? { ChecksumCRC32: crcHeader(piece.crc32) } : {}),
  }));
  const whole = withCrc ? ({ ChecksumCRC32: crcHeader(wholeCrc(pieces)), ChecksumType: 'FULL_OBJECT' } as const) : {};
  const target = { Bucket: session.bucket, Key: session.key(path), UploadId: id };
  const answer = await session.unless(['NoSuchUpload'], call, (s3) =>
    s3.completeMultipartUpload({ ...target, ...whole, MultipartUpload: { Parts } }),
  );
  if (answer !== undefined) {
    session.must(answer.ETag, 'ETag', call);
    return;
  }
  // The upload is gone: aborted by somebody, or completed by a request whose answer was lost.
  if (!(await isThere(session, path, pieces)))
    throw new MigrateError('E_STORE', 'could not complete an upload: the upload is gone', {
      at: { file: session.describe(path) },
      found: 'HTTP 404 NoSuchUpload, and no object with these contents',
      hint: 'something aborted it (a clean-up rule of the bucket?): run the same command again',
    });
}

/** CRC-32 of all pieces together. */
function wholeCrc(pieces: readonly SentPiece[]): number {
  return pieces.reduce((crc, piece) => crc32Combine(crc, piece.crc32, piece.bytes), 0);
}

/** Whether the object is what these pieces make, by its CRC-32, else by its ETag. */
async function isThere(session: S3Session, path: string, pieces: readonly SentPiece[]): Promise<boolean> {
  const head = await headObject(session, path, session.dialect.checksum === 'crc32');
  const size = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  if (head?.size !== size) return false;
  if (head.crc32 !== undefined) return head.crc32 === crcHeader(wholeCrc(pieces));
  // An ETag that is none of MD5s (OSS has its own) still ends with the number of pieces.
  return head.version === multipartEtag(pieces.map(({ etag }) => etag)) || head.version.endsWith(`-${pieces.length}"`);
}
