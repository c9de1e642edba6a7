/** A CBOR value (RFC 8949) as JSON text: integers exact at any size, doubles as the shortest text that reads back the same. */
import { BREAK, CborError, createHead, type Head, halfToFloat, MAJOR, readHead } from './scan.ts';

const FALSE = 20;
const TRUE = 21;
const NULL = 22;
const UNDEFINED = 23;
const FLOAT16 = 25;
const FLOAT32 = 26;
const FLOAT64 = 27;
const BIGNUM = 2;
const NEGATIVE_BIGNUM = 3;

/** Deeper than that is no document: Elasticsearch refuses more than a thousand levels by itself. */
const MAX_DEPTH = 2_000;

/** The value at `at`, and where it ends. @throws CborError where it is cut, or says what JSON can not (NaN, dates, …) */
export function cborToJson(view: DataView, at: number): { readonly text: string; readonly end: number } {
  const pieces: string[] = [];
  const end = write(view, at, { pieces, head: createHead(), depth: 0 });
  return { text: pieces.join(''), end };
}

interface Writing {
  readonly pieces: string[];
  readonly head: Head;
  readonly depth: number;
}

function write(view: DataView, at: number, writing: Writing): number {
  const { pieces, head, depth } = writing;
  if (depth > MAX_DEPTH) throw new CborError(at, `at most ${MAX_DEPTH} levels`);
  readHead(view, at, head);
  const { major, argument, next } = head;
  switch (major) {
    case MAJOR.unsigned:
    case MAJOR.negative:
      pieces.push(String(integerAt(view, at)));
      return next;
    case MAJOR.bytes:
    case MAJOR.text: {
      const string = stringAt(view, at);
      // Elasticsearch's own JSON has binary values in base64.
      pieces.push(JSON.stringify(string.bytes.toString(major === MAJOR.text ? 'utf8' : 'base64')));
      return string.end;
    }
    case MAJOR.array:
    case MAJOR.map:
      return writeMembers(view, next, { writing, count: argument, isMap: major === MAJOR.map });
    case MAJOR.tag: {
      if (argument !== BIGNUM && argument !== NEGATIVE_BIGNUM) throw new CborError(at, 'a tag of a large number');
      const { bytes, end } = stringAt(view, next);
      const size = BigInt(`0x${bytes.toString('hex') || '0'}`);
      pieces.push(String(argument === BIGNUM ? size : -1n - size));
      return end;
    }
    default:
      return writeSimple(view, at, writing);
  }
}

interface Members {
  readonly writing: Writing;
  readonly count: number;
  readonly isMap: boolean;
}

function writeMembers(view: DataView, start: number, { writing, count, isMap }: Members): number {
  const { pieces, head, depth } = writing;
  const inner: Writing = { pieces, head, depth: depth + 1 };
  const open = Number.isNaN(count);
  let at = start;
  pieces.push(isMap ? '{' : '[');
  for (let index = 0; open ? byteAt(view, at) !== BREAK : index < count; index++) {
    if (index > 0) pieces.push(',');
    if (isMap) {
      readHead(view, at, head);
      if (head.major !== MAJOR.text) throw new CborError(at, 'a text as key');
      at = write(view, at, inner);
      pieces.push(':');
    }
    at = write(view, at, inner);
  }
  pieces.push(isMap ? '}' : ']');
  return open ? at + 1 : at;
}

function writeSimple(view: DataView, at: number, { pieces }: Writing): number {
  const low = byteAt(view, at) & 0x1f;
  switch (low) {
    case FALSE:
    case TRUE:
      pieces.push(low === TRUE ? 'true' : 'false');
      return at + 1;
    case NULL:
    case UNDEFINED:
      pieces.push('null');
      return at + 1;
    case FLOAT16:
    case FLOAT32:
    case FLOAT64: {
      const value = doubleAt(view, at);
      if (!Number.isFinite(value)) throw new CborError(at, 'a finite number');
      pieces.push(Object.is(value, -0) ? '-0.0' : String(value));
      return at + 1 + (1 << (low - 24));
    }
    default:
      throw new CborError(at, 'a value that JSON has');
  }
}

/** The float at `at`. @throws CborError where it is cut */
export function doubleAt(view: DataView, at: number): number {
  const low = byteAt(view, at) & 0x1f;
  const width = 1 << (low - 24);
  if (at + 1 + width > view.byteLength) throw new CborError(view.byteLength, `${width} bytes of a number`);
  if (low === FLOAT64) return view.getFloat64(at + 1);
  return low === FLOAT32 ? view.getFloat32(at + 1) : halfToFloat(view.getUint16(at + 1));
}

/** The integer at `at`, exactly. */
export function integerAt(view: DataView, at: number): bigint {
  const head = createHead();
  readHead(view, at, head);
  const wide = (view.getUint8(at) & 0x1f) === 27;
  const size = wide ? view.getBigUint64(at + 1) : BigInt(head.argument);
  return head.major === MAJOR.negative ? -1n - size : size;
}

/** A text or byte string, in one piece or in several. */
export function stringAt(view: DataView, at: number): { readonly bytes: Buffer; readonly end: number } {
  const head = createHead();
  readHead(view, at, head);
  const { major } = head;
  if (major !== MAJOR.text && major !== MAJOR.bytes) throw new CborError(at, 'a string');
  if (!Number.isNaN(head.argument)) return piece(view, at, head);
  const pieces: Buffer[] = [];
  let next = head.next;
  while (byteAt(view, next) !== BREAK) {
    readHead(view, next, head);
    if (head.major !== major || Number.isNaN(head.argument)) throw new CborError(next, 'a piece of the string');
    const { bytes, end } = piece(view, next, head);
    pieces.push(bytes);
    next = end;
  }
  return { bytes: Buffer.concat(pieces), end: next + 1 };
}

function piece(view: DataView, at: number, { argument, next }: Head): { bytes: Buffer; end: number } {
  const left = view.byteLength - next;
  if (argument > left) throw new CborError(at, `a string of at most ${left} bytes, not ${argument},`);
  return { bytes: Buffer.from(view.buffer, view.byteOffset + next, argument), end: next + argument };
}

function byteAt(view: DataView, at: number): number {
  if (at >= view.byteLength) throw new CborError(at, 'a value');
  return view.getUint8(at);
}
