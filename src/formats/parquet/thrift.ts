/**
 * Thrift's compact protocol, the writing half, as far as Parquet's headers need it
 * (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md).
 */

const TYPE = { true: 1, false: 2, i8: 3, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** Field ids with their values, in ascending order of ids; undefined ones are left out. */
export type Struct = readonly (readonly [id: number, value: Value | undefined])[];

export type Value =
  | { readonly kind: 'i8' | 'i32'; readonly value: number }
  | { readonly kind: 'i64'; readonly value: bigint }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'struct'; readonly value: Struct }
  | { readonly kind: 'list'; readonly of: 'i32' | 'string' | 'struct'; readonly values: readonly Value[] };

export const i8 = (value: number): Value => ({ kind: 'i8', value });
export const i32 = (value: number): Value => ({ kind: 'i32', value });
/** @param value a safe integer, or a bigint */
export const i64 = (value: number | bigint): Value => ({ kind: 'i64', value: BigInt(value) });
export const bool = (value: boolean): Value => ({ kind: 'bool', value });
export const string = (value: string): Value => ({ kind: 'string', value });
export const struct = (...value: Struct): Value => ({ kind: 'struct', value });
export const list = (of: 'i32' | 'string' | 'struct', values: readonly Value[]): Value => ({
  kind: 'list',
  of,
  values,
});

/** The bytes of a struct. */
export function encodeStruct(fields: Struct): Uint8Array {
  const out: number[] = [];
  writeStruct(out, fields);
  return Uint8Array.from(out);
}

function writeStruct(out: number[], fields: Struct): void {
  let last = 0;
  for (const [id, value] of fields) {
    if (value === undefined) continue;
    const delta = id - last;
    if (delta <= 0 || delta > 15) throw new RangeError(`field ${id} after ${last}`);
    out.push((delta << 4) | typeOf(value));
    last = id;
    // A bool field is its type.
    if (value.kind !== 'bool') writeValue(out, value);
  }
  out.push(0);
}

function typeOf(value: Value): number {
  if (value.kind === 'bool') return value.value ? TYPE.true : TYPE.false;
  return value.kind === 'string' ? TYPE.binary : TYPE[value.kind];
}

function writeValue(out: number[], value: Value): void {
  switch (value.kind) {
    case 'i8':
      out.push(value.value & 0xff);
      return;
    case 'i32':
      writeVarint(out, zigzag(BigInt(value.value)));
      return;
    case 'i64':
      writeVarint(out, zigzag(value.value));
      return;
    case 'bool':
      out.push(value.value ? TYPE.true : TYPE.false);
      return;
    case 'string': {
      const bytes = Buffer.from(value.value, 'utf8');
      writeVarint(out, BigInt(bytes.length));
      for (const byte of bytes) out.push(byte);
      return;
    }
    case 'struct':
      writeStruct(out, value.value);
      return;
    case 'list': {
      const type = value.of === 'string' ? TYPE.binary : TYPE[value.of];
      const count = value.values.length;
      if (count < 15) out.push((count << 4) | type);
      else {
        out.push(0xf0 | type);
        writeVarint(out, BigInt(count));
      }
      for (const element of value.values) writeValue(out, element);
    }
  }
}

function zigzag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}

function writeVarint(out: number[], value: bigint): void {
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
}
