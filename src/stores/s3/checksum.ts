/** Checksums as S3's headers want them, and the names that S3 gives to contents. */
import { createHash } from 'node:crypto';
import { crc32 } from '../../core/crc32.ts';
import type { S3Dialect } from './endpoint.ts';

/** Base64 of the four bytes, the highest first. */
export function crcHeader(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

/**
 * What goes with a body so that the service refuses a damaged one.
 * @param crc that of the body, where it is known
 */
export function bodyChecksum(
  dialect: S3Dialect,
  body: Uint8Array,
  crc?: number,
): { ChecksumCRC32?: string; ContentMD5?: string } {
  if (dialect.checksum === 'crc32') return { ChecksumCRC32: crcHeader(crc ?? crc32(body)) };
  return { ContentMD5: createHash('md5').update(body).digest('base64') };
}

/** ETag of a multipart object, where pieces' ETags are MD5: the MD5 of their MD5s, and their number. */
export function multipartEtag(pieces: readonly string[]): string | undefined {
  const plain = pieces.map((etag) => etag.replaceAll('"', ''));
  if (!plain.every((etag) => /^[0-9a-f]{32}$/i.test(etag))) return undefined;
  const all = createHash('md5')
    .update(Buffer.from(plain.join(''), 'hex'))
    .digest('hex');
  return `"${all}-${plain.length}"`;
}
