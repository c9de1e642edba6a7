/** The fields of a protobuf message, one after the other, as views into its bytes (protobuf 3, encoding guide). */
import { readInt64s } from './varint64.ts';

const VARINT = 0;
const BYTES = 2;

export interface Entry {
  readonly id: number;
  /** Value of a varint field, else 0. Negative int64s come as they are meant. */
  readonly varint: bigint;
  /** Content of a length-delimited field. */
  readonly bytes: Uint8Array | undefined;
}

/** The fields of a message in their order; fixed-width fields are stepped over. Throws RangeError where it is cut. */
export function* entries(message: Uint8Array): Generator<Entry> {
  let at = 0;
  const next = (): bigint => {
    let end = at;
    while (end < message.length && message[end]! > 0x7f) end++;
    if (end >= message.length || end - at > 9) throw new RangeError(`a varint that does not end at byte ${at}`);
    const [value] = readInt64s(message.subarray(at, end + 1));
    at = end + 1;
    return value!;
  };
  const take = (length: number): Uint8Array => {
    if (length < 0 || at + length > message.length) {
      throw new RangeError(`a field of ${length} bytes at byte ${at} of a message of ${message.length}`);
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(next());
    const id = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) yield { id, varint: next(), bytes: undefined };
    else if (wireType === BYTES) yield { id, varint: 0n, bytes: take(Number(next())) };
    else if (wireType === 1) take(8);
    else if (wireType === 5) take(4);
    else throw new RangeError(`wire type ${wireType} at byte ${at}`);
  }
}
