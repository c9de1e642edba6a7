/** Index files by hand, field after field, for what faiss itself would not write. */

/** Little-endian pieces of a file. */
export function joined(...pieces: readonly (Uint8Array | string)[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array))));
}

export function i32(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

export function u64(...values: readonly (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, (value) => BigInt(value)).buffer);
}

export function f32(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

export function bool(value: boolean | number): Uint8Array {
  return Uint8Array.of(Number(value));
}

export interface HeaderFields {
  readonly d: number;
  readonly rows: number | bigint;
  readonly metric?: number;
  readonly trained?: boolean;
}

export function header({ d, rows, metric = 1, trained = true }: HeaderFields): Uint8Array {
  const argument = metric > 1 ? f32(0) : new Uint8Array(0);
  return joined(i32(d), u64(rows, 1 << 20, 1 << 20), bool(trained), i32(metric), argument);
}

/** IxF2 with zeros. */
export function flat(d: number, rows: number): Uint8Array {
  return joined('IxF2', header({ d, rows }), u64(d * rows), new Uint8Array(d * rows * 4));
}

/** IwFl up to its lists: a flat coarse index of nlist rows, no direct map. */
export function ivfFlatHead({ d, rows, nlist }: { d: number; rows: number; nlist: number }): Uint8Array {
  return joined('IwFl', header({ d, rows }), u64(nlist, 1), flat(d, nlist), bool(0), u64(0));
}

/** An id map around something, with the ids 0, 1, … */
export function idMap(inner: Uint8Array, { d, rows }: { d: number; rows: number }): Uint8Array {
  return joined('IxMp', header({ d, rows }), inner, u64(rows), u64(...Array(rows).keys()));
}
