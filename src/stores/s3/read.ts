/** Reading objects: one version of each, by ranges. */
import type { Readable } from 'node:stream';
import type { HeadObjectCommandOutput, S3 } from '@aws-sdk/client-s3';
import type { StoreStat } from '../../core/contracts.ts';
import { type FirstBytes, opener, takeFirst } from '../http/opening.ts';
import { otherBytes, type ReadBody } from '../http/ranges.ts';
import { answerOf } from './failure.ts';
import type { S3Session } from './session.ts';

interface Head extends StoreStat {
  /** As the service gives it; undefined: it has none, or was not asked. */
  readonly crc32: string | undefined;
}

/** undefined: no such object, in a bucket that is there. @param checksum whether its CRC-32 is asked for */
export async function headObject(session: S3Session, path: string, checksum = false): Promise<Head | undefined> {
  const [call, target] = [
    { what: 'look at an object', path },
    { Bucket: session.bucket, Key: session.key(path) },
  ];
  const found = await session.call(call.what, path, (s3) =>
    s3
      .headObject({ ...target, ...(checksum ? { ChecksumMode: 'ENABLED' as const } : {}) })
      .catch((thrown: unknown) => notThere(s3, target, thrown)),
  );
  if (found === undefined) return session.absent(call);
  return {
    size: session.must(found.ContentLength, 'Content-Length', call),
    version: session.must(found.ETag, 'ETag', call),
    crc32: found.ChecksumCRC32,
  };
}

/**
 * An answer to HEAD has no body, so no code: what is not a plain 404 is asked for again in a way that has one. Where that
 * goes well (the SDK learned the service's clock from the first answer), so will the second HEAD.
 */
async function notThere(
  s3: S3,
  target: { Bucket: string; Key: string },
  thrown: unknown,
): Promise<HeadObjectCommandOutput | undefined> {
  const { status, code } = answerOf(thrown);
  if (status === 404) return undefined;
  if (status === undefined || status >= 500 || code !== undefined) throw thrown;
  try {
    const { Body } = await s3.getObject({ ...target, Range: 'bytes=0-0' });
    (Body as NodeJS.ReadableStream & { destroy(): void }).destroy();
  } catch (second) {
    const { code } = answerOf(second);
    if (code === 'NoSuchKey') return undefined;
    // A range of an empty object.
    if (code !== 'InvalidRange') throw second;
  }
  return s3.headObject(target);
}

export const openObject = opener({ stat: headObject, first: firstBytes, reader: bodyReader });

function firstBytes(session: S3Session, path: string, length: number): Promise<FirstBytes | undefined> {
  const request = { Bucket: session.bucket, Key: session.key(path), Range: `bytes=0-${length - 1}` };
  return session.call('read', path, async (s3) => {
    const { ContentRange: range, ETag: version, Body } = await s3.getObject(request);
    return takeFirst({ range, version, body: Body as Readable, length, place: session.describe(path) });
  });
}

function bodyReader(session: S3Session, path: string, version: string): ReadBody {
  const [call, place] = [{ what: 'read', path }, session.describe(path)];
  return (start, length, use) => {
    const last = start + length - 1;
    const range = `bytes=${start}-${last}`;
    const request = { Bucket: session.bucket, Key: session.key(path), IfMatch: version, Range: range };
    return session.call(call.what, path, async (s3) => {
      const answer = await s3.getObject(request);
      const body = answer.Body as Readable;
      // Whoever does not know of ranges or conditions sends something else, with a good status.
      const wanted = new RegExp(`^bytes ${start}-${last}/\\d+$`);
      if (!wanted.test(answer.ContentRange ?? '') || answer.ETag !== version) {
        body.destroy();
        session.must(answer.ContentRange, 'Content-Range', call);
        throw otherBytes(
          place,
          `${answer.ContentRange}, ETag ${answer.ETag}`,
          `bytes ${start}-${last}, ETag ${version}`,
        );
      }
      await use(body);
    });
  };
}
