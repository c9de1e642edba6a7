/**
 * Texts that come again and again, as the keys of documents do: found by their bytes, without a string made of them each
 * time. Of what falls into one place the last is kept, so memory is bounded whatever comes.
 */

const PLACES = 256;
/** Longer ones are no keys that come often. */
const LONGEST = 64;

export interface TextCache {
  /** The UTF-8 text in [from, to). */
  text(bytes: Uint8Array, from: number, to: number): string;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export function createTextCache(): TextCache {
  const kept: (Kept | undefined)[] = new Array(PLACES).fill(undefined);
  return {
    text(bytes, from, to) {
      const length = to - from;
      if (length === 0) return '';
      if (length > LONGEST) return decoded(bytes, from, to);
      const place = (length * 31 + bytes[from]! * 7 + bytes[to - 1]! * 3 + bytes[from + (length >> 1)]!) % PLACES;
      const known = kept[place];
      if (known !== undefined && isAt(known.bytes, bytes, { from, length })) return known.text;
      const text = decoded(bytes, from, to);
      // A copy: what `slice` of a Buffer gives would change with the page that comes into its memory next.
      kept[place] = { bytes: Uint8Array.from(bytes.subarray(from, to)), text };
      return text;
    },
  };
}

function isAt(known: Uint8Array, bytes: Uint8Array, { from, length }: { from: number; length: number }): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== bytes[from + index]) return false;
  return true;
}

function decoded(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
