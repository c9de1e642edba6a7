/**
 * Steps over JSON values in a text's bytes (UTF-8), without building them. It checks as much as it needs to know where a
 * value ends; what is inside of a value that is kept is checked when that value is parsed.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const SLASH = 0x2f;

/** What is wrong with a text, and at which byte. The caller knows which page it was. */
export class JsonTextError extends Error {
  readonly offset: number;

  constructor(offset: number, wanted: string) {
    super(`${wanted} expected at byte ${offset}`);
    this.offset = offset;
  }
}

/** The first byte at or behind `at` that is no white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  for (let next = at; ; next++) {
    const byte = bytes[next];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return next;
  }
}

/** @param at its opening quote @returns the byte behind its closing quote */
export function skipString(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) throw new JsonTextError(at, 'a string');
  for (let next = indexOf(bytes, QUOTE, at + 1); next >= 0; next = indexOf(bytes, QUOTE, next + 1)) {
    let slashes = 0;
    while (bytes[next - 1 - slashes] === BACKSLASH) slashes++;
    // An even number of them are escaped backslashes: the quote is the string's end.
    if (slashes % 2 === 0) return next + 1;
  }
  throw new JsonTextError(bytes.length, 'the end of a string');
}

/**
 * Where long arrays of numbers begin and end in one text: each is looked through once, however often it is stepped over.
 * It holds for as long as the text is not changed.
 */
export type NumberSpans = Map<number, number>;

/** @param at the first byte of any value @returns the byte behind it */
export function skipValue(bytes: Uint8Array, at: number, spans?: NumberSpans): number {
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return skipNested(bytes, at, spans);
  let next = at;
  // A number, true, false or null: up to what may follow a value.
  for (; next < bytes.length; next++) {
    const byte = bytes[next]!;
    if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte <= 0x20) break;
    // A comment, in which there may be anything.
    if (byte === SLASH) throw new JsonTextError(next, 'a value without a comment');
  }
  if (next === at) throw new JsonTextError(at, 'a value');
  return next;
}

/** Short ones are found sooner here than by a call; from there on the C library looks at sixteen and more bytes at a time. */
const NEAR = 24;

/** The first `byte` at or behind `from`; −1: there is none. */
function indexOf(bytes: Uint8Array, byte: number, from: number): number {
  const near = Math.min(from + NEAR, bytes.length);
  for (let at = from; at < near; at++) if (bytes[at] === byte) return at;
  // Fifty times as fast as the typed array's own.
  return Buffer.prototype.indexOf.call(bytes, byte, near);
}

const NINE = 0x39;
const ZERO = 0x30;
const MINUS = 0x2d;

/** Shorter ones are looked through again sooner than looked up. */
const LONG = 512;

/**
 * The byte behind an array of numbers, as vectors are; −1: it is another one. Told without looking at each number: there
 * is nothing in it that could hold a closing bracket of its own (an object could only in a key or below one).
 */
function skipNumbers(bytes: Uint8Array, at: number, spans: NumberSpans | undefined): number {
  const first = bytes[skipSpace(bytes, at + 1)] ?? 0;
  if (first !== MINUS && !(first >= ZERO && first <= NINE)) return -1;
  const known = spans?.get(at);
  if (known !== undefined) return known;
  const end = indexOf(bytes, CLOSE_ARRAY, at + 1);
  if (end < 0) return -1;
  const inside = bytes.subarray(at + 1, end);
  if (indexOf(inside, QUOTE, 0) >= 0 || indexOf(inside, OPEN_ARRAY, 0) >= 0) return -1;
  if (end - at > LONG) spans?.set(at, end + 1);
  return end + 1;
}

/** Depth is counted, not recursed into: a hostile text can nest as deep as it likes. */
function skipNested(bytes: Uint8Array, at: number, spans: NumberSpans | undefined): number {
  let depth = 0;
  for (let next = at; next < bytes.length; ) {
    const byte = bytes[next];
    if (byte === QUOTE) {
      next = skipString(bytes, next);
      continue;
    }
    if (byte === OPEN_ARRAY) {
      const behind = skipNumbers(bytes, next, spans);
      if (behind >= 0) {
        next = behind;
        if (depth === 0) return next;
        continue;
      }
    }
    next++;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return next;
  }
  throw new JsonTextError(bytes.length, 'the end of an object or array');
}

/** One member of an object: where its key's string and its value begin and end. */
export interface Member {
  keyStart: number;
  keyEnd: number;
  valueStart: number;
}

/**
 * Walks the members of the object at `at`; `take` says where the value ended (it may have read it itself).
 * @returns the byte behind the object
 */
export function eachMember(bytes: Uint8Array, at: number, take: (member: Readonly<Member>) => number): number {
  if (bytes[at] !== OPEN_OBJECT) throw new JsonTextError(at, 'an object');
  const member: Member = { keyStart: 0, keyEnd: 0, valueStart: 0 };
  let next = skipSpace(bytes, at + 1);
  if (bytes[next] === CLOSE_OBJECT) return next + 1;
  for (;;) {
    member.keyStart = next;
    member.keyEnd = skipString(bytes, next);
    next = skipSpace(bytes, member.keyEnd);
    if (bytes[next] !== COLON) throw new JsonTextError(next, '«:»');
    member.valueStart = skipSpace(bytes, next + 1);
    next = skipSpace(bytes, take(member));
    if (bytes[next] === CLOSE_OBJECT) return next + 1;
    if (bytes[next] !== COMMA) throw new JsonTextError(next, '«,» or «}»');
    next = skipSpace(bytes, next + 1);
  }
}

/** Walks the values of the array at `at`, as `eachMember` does. */
export function eachElement(
  bytes: Uint8Array,
  at: number,
  take: (valueStart: number, index: number) => number,
): number {
  if (bytes[at] !== OPEN_ARRAY) throw new JsonTextError(at, 'an array');
  let next = skipSpace(bytes, at + 1);
  if (bytes[next] === CLOSE_ARRAY) return next + 1;
  for (let index = 0; ; index++) {
    next = skipSpace(bytes, take(next, index));
    if (bytes[next] === CLOSE_ARRAY) return next + 1;
    if (bytes[next] !== COMMA) throw new JsonTextError(next, '«,» or «]»');
    next = skipSpace(bytes, next + 1);
  }
}

/**
 * Whether there is a comment in a text that is JSON otherwise. It is no JSON then, but some take it (Jackson may be told
 * to), and stepping over values does not look at all that is inside of them.
 */
export function hasComment(bytes: Uint8Array): boolean {
  for (let slash = indexOf(bytes, SLASH, 0), at = 0; slash >= 0; ) {
    const quote = indexOf(bytes, QUOTE, at);
    if (quote < 0 || quote > slash) return true;
    at = skipString(bytes, quote);
    if (slash < at) slash = indexOf(bytes, SLASH, at);
  }
  return false;
}
