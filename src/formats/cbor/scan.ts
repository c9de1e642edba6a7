/**
 * Steps over CBOR values (RFC 8949) in a message's bytes, and reads the few kinds that an Elasticsearch answer is made
 * of, without building objects. Lengths are checked against the bytes that are left.
 */

/** What is wrong with a message, and at which byte. The caller knows which page it was. */
export class CborError extends Error {
  readonly offset: number;

  constructor(offset: number, wanted: string) {
    super(`${wanted} expected at byte ${offset}`);
    this.offset = offset;
  }
}

/** Major types. */
export const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;

/** Ends an array, map or string of unknown length. */
export const BREAK = 0xff;

const INDEFINITE = 31;
const FLOAT16 = 0xf9;
const FLOAT32 = 0xfa;
const FLOAT64 = 0xfb;
/** With its head. */
const FLOAT64_BYTES = 9;

/** The first bytes of a value: its type, and its number or length. One object for a whole page. */
export interface Head {
  major: number;
  /** The argument: a number, length or count; for simple values and floats the low five bits. NaN: of unknown length. */
  argument: number;
  /** The byte behind the head. */
  next: number;
}

export function createHead(): Head {
  return { major: 0, argument: 0, next: 0 };
}

/** @throws CborError where the head is cut or malformed, RangeError never: an argument above 2^53 is rounded */
export function readHead(view: DataView, at: number, head: Head): void {
  if (at >= view.byteLength) throw new CborError(at, 'a value');
  const byte = view.getUint8(at);
  const low = byte & 0x1f;
  head.major = byte >> 5;
  if (low < 24 || head.major === MAJOR.simple) {
    head.argument = low;
    head.next = at + 1;
    return;
  }
  if (low === INDEFINITE) {
    if (head.major < MAJOR.bytes || head.major === MAJOR.tag) throw new CborError(at, 'a number or tag with its value');
    head.argument = Number.NaN;
    head.next = at + 1;
    return;
  }
  if (low > 27) throw new CborError(at, 'a length of 1, 2, 4 or 8 bytes');
  const width = 1 << (low - 24);
  if (at + 1 + width > view.byteLength) throw new CborError(view.byteLength, `${width} bytes of a length`);
  head.argument = width === 8 ? Number(view.getBigUint64(at + 1)) : uintOf(view, at + 1, width);
  head.next = at + 1 + width;
}

function uintOf(view: DataView, at: number, width: number): number {
  return width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at) : view.getUint32(at);
}

/** Where stepping over a value stands: one for all, for nothing else runs in between, and nothing is made for each. */
interface Skipping {
  readonly head: Head;
  /** How many values are still to come at each level; NaN: until a break. */
  readonly open: number[];
  /** Levels of `open` in use. */
  depth: number;
}

const SKIPPING: Skipping = { head: createHead(), open: [], depth: 0 };

/** @returns the byte behind the value at `at`, whatever it holds. Depth is counted, not recursed into. */
export function skipValue(view: DataView, at: number): number {
  const { head, open } = SKIPPING;
  open[0] = 1;
  SKIPPING.depth = 1;
  let next = at;
  for (;;) {
    while (SKIPPING.depth > 0 && open[SKIPPING.depth - 1] === 0) SKIPPING.depth--;
    if (SKIPPING.depth === 0) return next;
    const level = SKIPPING.depth - 1;
    const left = open[level]!;
    if (Number.isNaN(left) && next < view.byteLength && view.getUint8(next) === BREAK) {
      SKIPPING.depth--;
      next++;
      continue;
    }
    const behind = skipFloats(view, next, left);
    if (behind !== next) {
      open[level] = left - (behind - next) / FLOAT64_BYTES;
      next = behind;
      continue;
    }
    open[level] = left - 1;
    readHead(view, next, head);
    next = skipBody(view, next, SKIPPING);
  }
}

/** Vectors are nearly all of an answer: their numbers are stepped over one by one, but without a look at each level. */
function skipFloats(view: DataView, at: number, most: number): number {
  const whole = view.byteLength - FLOAT64_BYTES;
  const last = Number.isNaN(most) ? whole : Math.min(whole, at + FLOAT64_BYTES * (most - 1));
  let next = at;
  while (next <= last && view.getUint8(next) === FLOAT64) next += FLOAT64_BYTES;
  return next;
}

function skipBody(view: DataView, at: number, skipping: Skipping): number {
  const { open } = skipping;
  const { major, argument, next } = skipping.head;
  const left = view.byteLength - next;
  switch (major) {
    case MAJOR.bytes:
    case MAJOR.text:
      if (Number.isNaN(argument)) {
        open[skipping.depth++] = Number.NaN;
        return next;
      }
      if (argument > left) throw new CborError(at, `a string of at most ${left} bytes, not ${argument},`);
      return next + argument;
    case MAJOR.array:
    case MAJOR.map: {
      const values = major === MAJOR.map ? argument * 2 : argument;
      if (values > left) throw new CborError(at, `at most ${left} values, not ${values},`);
      open[skipping.depth++] = values;
      return next;
    }
    case MAJOR.tag:
      open[skipping.depth++] = 1;
      return next;
    case MAJOR.simple:
      return next + simpleBytes(view, at, argument);
    default:
      return next;
  }
}

function simpleBytes(view: DataView, at: number, low: number): number {
  const width = low < 24 ? 0 : low < 28 ? 1 << (low - 24) : -1;
  if (width < 0) throw new CborError(at, 'a value');
  if (at + 1 + width > view.byteLength) throw new CborError(view.byteLength, `${width} bytes of a value`);
  return width;
}

/** Where a scan of numbers stands. */
export interface FloatCursor {
  at: number;
  /** Set where the value was no number. */
  failed: boolean;
}

/** The number at `cursor.at`, rounded to float32. Infinity where it is beyond. Not a number: `failed`, and `at` stays. */
export function readFloat32(view: DataView, cursor: FloatCursor, head: Head): number {
  const { at } = cursor;
  const byte = at < view.byteLength ? view.getUint8(at) : BREAK;
  if (byte === FLOAT64 && at + 9 <= view.byteLength) {
    cursor.at = at + 9;
    return Math.fround(view.getFloat64(at + 1));
  }
  if (byte === FLOAT32 && at + 5 <= view.byteLength) {
    cursor.at = at + 5;
    return view.getFloat32(at + 1);
  }
  if (byte === FLOAT16 && at + 3 <= view.byteLength) {
    cursor.at = at + 3;
    return halfToFloat(view.getUint16(at + 1));
  }
  if (byte >> 5 > MAJOR.negative) {
    cursor.failed = true;
    return Number.NaN;
  }
  readHead(view, at, head);
  cursor.at = head.next;
  // −1 − n, exactly where n is below 2^53; beyond, a double has rounded it once: see `wide`.
  if (byte === 0x1b || byte === 0x3b) return wide(view.getBigUint64(at + 1), byte === 0x3b);
  return Math.fround(head.major === MAJOR.unsigned ? head.argument : -1 - head.argument);
}

/** A 64-bit integer as JSON would give it: rounded to double, then to float32. */
function wide(value: bigint, negative: boolean): number {
  return Math.fround(Number(negative ? -1n - value : value));
}

/** IEEE 754 binary16. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The text at `at` (of known length, as keys and ids are), and where it ends. */
export function textAt(view: DataView, at: number, head: Head): string {
  const start = textStart(view, at, head);
  return Buffer.from(view.buffer, view.byteOffset + start, head.next - start).toString('utf8');
}

/** Where the bytes of the text at `at` begin; `head.next` is where they end. */
export function textStart(view: DataView, at: number, head: Head): number {
  readHead(view, at, head);
  const { major, argument, next } = head;
  if (major !== MAJOR.text || Number.isNaN(argument)) throw new CborError(at, 'a text');
  if (argument > view.byteLength - next) throw new CborError(at, `a text of at most ${view.byteLength - next} bytes`);
  head.next = next + argument;
  return next;
}
