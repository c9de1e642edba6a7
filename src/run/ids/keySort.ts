/**
 * Sorts (primary key, where it is) records: the inner loop of the external sort that finds duplicate ids.
 *
 * A record is 16 bytes, four little-endian uint32:
 * ```
 *   [ key high ^ 2^31 | key low | ordinal of the partition | ordinal of the live row in it ]
 * ```
 * With its sign bit flipped the key orders as an unsigned number; the whole record orders by its words.
 */
import { createHash } from 'node:crypto';

export const RECORD_WORDS = 4;
export const RECORD_BYTES = 16;
const SIGN = 0x80000000;

/** Records sorted at a time: 8 MiB, twice for the sort. */
export const RUN_RECORDS = 512 * 1024;

/** Puts the keys' records at `to` (in records). The words of a key come straight from its bytes. */
export function fillRecords(
  records: Uint32Array,
  keys: BigInt64Array,
  { to, partition, firstRow }: { to: number; partition: number; firstRow: number },
): void {
  const words = new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);
  for (let index = 0, at = to * RECORD_WORDS; index < keys.length; index++, at += RECORD_WORDS) {
    records[at] = (words[2 * index + 1]! ^ SIGN) >>> 0;
    records[at + 1] = words[2 * index]!;
    records[at + 2] = partition;
    records[at + 3] = firstRow + index;
  }
}

/**
 * As `fillRecords` for texts: 64 bits of a hash stand for the key. Two texts of one hash would be taken for one key (for
 * a thousand million keys the odds are three in a hundred that any two are), so nothing may be dropped by it.
 */
export function fillTextRecords(
  records: Uint32Array,
  keys: readonly string[],
  { to, partition, firstRow }: { to: number; partition: number; firstRow: number },
): void {
  for (const [index, key] of keys.entries()) {
    const digest = createHash('sha1').update(key).digest();
    records.set(
      [digest.readUInt32LE(0), digest.readUInt32LE(4), partition, firstRow + index],
      (to + index) * RECORD_WORDS,
    );
  }
}

/** The key of a record. */
export function recordKey(high: number, low: number): bigint {
  return BigInt.asIntN(64, (BigInt((high ^ SIGN) >>> 0) << 32n) | BigInt(low));
}

/**
 * The first `count` records in the order of their keys; records of one key keep their order (a radix sort is stable).
 * The result is one of the two arrays.
 */
export function sortRecords(records: Uint32Array, spare: Uint32Array, count: number): Uint32Array {
  let from = records;
  let to = spare;
  for (const word of [1, 0])
    for (const shift of [0, 8, 16, 24]) {
      if (!distribute(from, to, { count, word, shift })) continue;
      [from, to] = [to, from];
    }
  return from;
}

/** One pass over one byte of the key. Returns false where all records share that byte: nothing to move. */
function distribute(
  from: Uint32Array,
  to: Uint32Array,
  { count, word, shift }: { count: number; word: number; shift: number },
): boolean {
  const starts = new Uint32Array(257);
  const end = count * RECORD_WORDS;
  for (let at = word; at < end; at += RECORD_WORDS) starts[((from[at]! >>> shift) & 255) + 1]!++;
  if (starts.includes(count)) return false;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1]! += starts[byte]!;
  for (let at = 0; at < end; at += RECORD_WORDS) {
    const place = starts[(from[at + word]! >>> shift) & 255]!++ * RECORD_WORDS;
    to[place] = from[at]!;
    to[place + 1] = from[at + 1]!;
    to[place + 2] = from[at + 2]!;
    to[place + 3] = from[at + 3]!;
  }
  return true;
}
