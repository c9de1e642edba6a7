/** Protobuf messages from pieces whose lengths are known before any byte is written (protobuf 3, encoding guide). */

/** A piece of a message. */
export interface Piece {
  readonly length: number;
  write(into: Uint8Array, at: number): void;
}

const VARINT = 0;
const BYTES = 2;

export function bytes(value: Uint8Array): Piece {
  return { length: value.length, write: (into, at) => into.set(value, at) };
}

export function join(pieces: readonly Piece[]): Piece {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const write = (into: Uint8Array, start: number) => {
    let at = start;
    for (const piece of pieces) {
      piece.write(into, at);
      at += piece.length;
    }
  };
  return { length, write };
}

/** A length-delimited field. */
export function field(id: number, value: Piece): Piece {
  return join([bytes(varint((id << 3) | BYTES)), bytes(varint(value.length)), value]);
}

/** A varint field of a value from 0 to 2^53 − 1. */
export function number(id: number, value: number): Piece {
  return join([bytes(varint((id << 3) | VARINT)), bytes(varint(value))]);
}

export function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return Uint8Array.from(out);
}
