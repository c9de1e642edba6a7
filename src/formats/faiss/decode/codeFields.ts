/** Code fields of any width out of a stream of bits whose first bit is the lowest of the first byte. */

/** Widths and places of the fields of one record. */
export interface FieldPlan {
  /** Bytes of a record. */
  readonly record: number;
  readonly fields: number;
  /** Bits of each field, at most 31. */
  readonly bits: Uint8Array;
  /** First bit of each field, counted from the start of the record. */
  readonly from: Uint32Array;
}

/** @param extraBits behind the fields, such as a norm */
export function planFields(widths: ArrayLike<number>, record: number): FieldPlan {
  const bits = Uint8Array.from(widths);
  const from = new Uint32Array(bits.length);
  let at = 0;
  for (let index = 0; index < bits.length; index++) {
    from[index] = at;
    at += bits[index]!;
  }
  if (at > record * 8) throw new RangeError(`fields of ${at} bits in a record of ${record} bytes`);
  return { record, fields: bits.length, bits, from };
}

/** Fields of `rows` records from row `first` on, u32 [rows][fields]. */
export function readFields(plan: FieldPlan, { codes, first, rows }: RowsOfCodes, out: Uint32Array): void {
  const { record, fields, bits, from } = plan;
  let to = 0;
  for (let row = first; row < first + rows; row++) {
    const start = row * record;
    for (let field = 0; field < fields; field++) out[to++] = readBits(codes, start * 8 + from[field]!, bits[field]!);
  }
}

export interface RowsOfCodes {
  readonly codes: Uint8Array;
  readonly first: number;
  readonly rows: number;
}

/** `count` ≤ 31 bits from bit `at` on. Numbers of bits may be above 2^32: no shifts of them. */
function readBits(codes: Uint8Array, at: number, count: number): number {
  const byte = Math.floor(at / 8);
  const skip = at - byte * 8;
  // Up to 38 bits may be touched: the highest byte is added apart.
  let value = codes[byte]! >>> skip;
  let have = 8 - skip;
  for (let next = byte + 1; have < count; next++, have += 8) value |= codes[next]! << have;
  return (value & (2 ** count - 1)) >>> 0;
}

/** Fields of one width ≤ 8, one byte each: u8 [rows][fields]. */
export function unpackSmall(
  { bits, fields, record }: { readonly bits: number; readonly fields: number; readonly record: number },
  { codes, first, rows }: RowsOfCodes,
  out: Uint8Array,
): void {
  const mask = 2 ** bits - 1;
  let to = 0;
  for (let row = first; row < first + rows; row++) {
    let from = row * record;
    let held = 0;
    let have = 0;
    for (let field = 0; field < fields; field++) {
      if (have < bits) {
        held |= codes[from++]! << have;
        have += 8;
      }
      out[to++] = held & mask;
      held >>>= bits;
      have -= bits;
    }
  }
}
