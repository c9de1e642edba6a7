/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), which Google checks objects by. Node has the other CRC-32 only. */
import { crcCombiner } from '../../core/crc32.ts';
import { fastCrc } from '../../core/fastCrc.ts';

const POLYNOMIAL = 0x82f63b78;

/** CRC of A followed by B, from both and the length of B in bytes. */
export const crc32cCombine = crcCombiner(POLYNOMIAL);

/** Table k says what a byte does to the CRC that k more bytes follow: so eight bytes are one step. */
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!;
    tables[at] = (before >>> 8) ^ tables[before & 255]!;
  }
  return tables;
}

/** 8 GB/s where measured, by the table 2. */
export function crc32c(bytes: Uint8Array): number {
  return fastCrc(bytes.length)?.crc32c(bytes) ?? byTable(bytes);
}

function byTable(bytes: Uint8Array): number {
  const t = TABLES;
  let crc = -1;
  let at = 0;
  // Up to the first word that may be read as one.
  for (; at < bytes.length && (bytes.byteOffset + at) % 4 !== 0; at++) crc = t[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  const pairs = (bytes.length - at) >>> 3;
  // Few bytes may end before a word can begin.
  const words = pairs === 0 ? new Int32Array(0) : new Int32Array(bytes.buffer, bytes.byteOffset + at, 2 * pairs);
  for (let pair = 0; pair < pairs; pair++) {
    const low = words[2 * pair]! ^ crc;
    const high = words[2 * pair + 1]!;
    crc =
      t[1792 + (low & 255)]! ^
      t[1536 + ((low >>> 8) & 255)]! ^
      t[1280 + ((low >>> 16) & 255)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + (high & 255)]! ^
      t[512 + ((high >>> 8) & 255)]! ^
      t[256 + ((high >>> 16) & 255)]! ^
      t[high >>> 24]!;
  }
  for (at += pairs * 8; at < bytes.length; at++) crc = t[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/** As Google writes it: base64 of the four bytes, the highest first. */
export function crc32cText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}
