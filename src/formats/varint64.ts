/**
 * Packed protobuf int64 (varints of two's complement, protobuf's encoding guide) from and to little-endian int64s.
 *
 * Works on 32-bit halves: a BigInt per value costs about ten times as much.
 */

/** Little-endian int64s as pairs of 32-bit words, low word first. */
function words(int64s: Uint8Array): Uint32Array {
  if (int64s.length % 8 !== 0) throw new RangeError(`${int64s.length} bytes of int64 values: not a multiple of 8`);
  // A copy where the view does not start on a word: rare, batches are 8-byte aligned.
  const aligned = int64s.byteOffset % 4 === 0 ? int64s : new Uint8Array(int64s);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

/** Bytes that {@link writeInt64s} will write. */
export function int64sLength(int64s: Uint8Array): number {
  const halves = words(int64s);
  let length = 0;
  for (let index = 0; index < halves.length; index += 2) {
    length += varintLength(halves[index]!, halves[index + 1]!);
  }
  return length;
}

function varintLength(low: number, high: number): number {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
  return bits === 0 ? 1 : Math.ceil(bits / 7);
}

/** Writes the varints and returns the offset after them. */
export function writeInt64s(int64s: Uint8Array, into: Uint8Array, start: number): number {
  const halves = words(int64s);
  let at = start;
  for (let index = 0; index < halves.length; index += 2) {
    let low = halves[index]!;
    let high = halves[index + 1]!;
    while (high !== 0) {
      into[at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    while (low > 0x7f) {
      into[at++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    into[at++] = low;
  }
  return at;
}

/** All varints in `packed`. Throws RangeError where the last one does not end, or one is longer than 64 bits. */
export function readInt64s(packed: Uint8Array): BigInt64Array {
  let count = 0;
  for (let index = 0; index < packed.length; index++) if (packed[index]! < 0x80) count++;
  const values = new BigInt64Array(count);
  const halves = new Uint32Array(values.buffer);
  let at = 0;
  for (let index = 0; index < count; index++) {
    let low = 0;
    let high = 0;
    let shift = 0;
    let byte = 0x80;
    while (byte > 0x7f) {
      if (shift > 63) throw new RangeError('a varint of more than 64 bits');
      byte = packed[at++]!;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      shift += 7;
    }
    halves[index * 2] = low >>> 0;
    halves[index * 2 + 1] = high >>> 0;
  }
  if (at !== packed.length) throw new RangeError('the last varint does not end');
  return values;
}
