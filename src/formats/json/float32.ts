/**
 * Numbers of a JSON text straight from its bytes to float32, without a string in between: vectors are nearly all of
 * what an Elasticsearch answer holds. The result is `Math.fround(JSON.parse(text))`, bit for bit.
 */

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;

/** Powers of ten that a double holds exactly. */
const TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
const MAX_POWER = 22;
/** So many digits always stay below 2^53. */
const SURE_DIGITS = 15;
/** So many always fit 32 bits with a sign. */
const HIGH_DIGITS = 9;

/** Where a scan stands; one object for a whole page, so that nothing is allocated per number. */
export interface NumberCursor {
  /** First byte of the number; afterwards the byte behind it. */
  at: number;
  /** True where the last number's bytes were no JSON number. */
  failed: boolean;
}

/**
 * The number at `cursor.at`, rounded to double and then to float32, as a JavaScript number. Infinity where it is beyond
 * float32: the caller decides. On a text that is no JSON number `failed` is set and `at` is where it goes wrong.
 *
 * Up to 15 digits with a power of ten up to 22 are one exact multiplication or division, correctly rounded (Clinger).
 * With more digits the first 15 and the first 15 plus one bound the value from both sides; mostly both round to the
 * same float32. What is left goes the long way through a string.
 */
export function readFloat32(bytes: Uint8Array, cursor: NumberCursor): number {
  scanFloat32(bytes, cursor);
  return scanned[0]!;
}

/** What `scanFloat32` has read. */
export const scanned = new Float64Array(1);

/** As `readFloat32`, into `scanned`: a number that such a large function returns is an object on the heap, 16 bytes each. */
export function scanFloat32(bytes: Uint8Array, cursor: NumberCursor): void {
  const start = cursor.at;
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  const first = bytes[at]! - ZERO;
  if (!(first >= 0 && first <= 9)) {
    fail(cursor, at);
    return;
  }
  // Two halves of the first 15 digits, each in 32 bits: faster than one double.
  let high = first;
  let low = 0;
  let digits = first === 0 ? 0 : 1;
  let exponent = 0;
  let cut = false;
  at++;
  if (first !== 0)
    for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) {
      if (digits < HIGH_DIGITS) high = (high * 10 + digit) | 0;
      else if (digits < SURE_DIGITS) low = (low * 10 + digit) | 0;
      else {
        exponent++;
        if (digit !== 0) cut = true;
        continue;
      }
      digits++;
    }
  if (bytes[at] === POINT) {
    const fraction = ++at;
    // Zeros before the first digit that counts: they only move the point.
    if (digits === 0) while (bytes[at] === ZERO) at++;
    exponent -= at - fraction;
    let digit = bytes[at]! - ZERO;
    for (; digit >= 0 && digit <= 9 && digits < HIGH_DIGITS; digit = bytes[++at]! - ZERO) {
      high = (high * 10 + digit) | 0;
      digits++;
      exponent--;
    }
    for (; digit >= 0 && digit <= 9 && digits < SURE_DIGITS; digit = bytes[++at]! - ZERO) {
      low = (low * 10 + digit) | 0;
      digits++;
      exponent--;
    }
    for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) if (digit !== 0) cut = true;
    if (at === fraction) {
      fail(cursor, at);
      return;
    }
  }
  const mantissa = digits > HIGH_DIGITS ? high * TEN[digits - HIGH_DIGITS]! + low : high;
  if ((bytes[at]! | 0x20) === 0x65) {
    at++;
    const down = bytes[at] === MINUS;
    if (down || bytes[at] === PLUS) at++;
    const from = at;
    let power = 0;
    for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO)
      // Beyond that every double is 0 or infinite, and the exponent may have any length.
      if (power < 100_000) power = power * 10 + digit;
    if (at === from) {
      fail(cursor, at);
      return;
    }
    exponent += down ? -power : power;
  }
  cursor.at = at;
  const value = cut ? between(mantissa, exponent) : exact(mantissa, exponent);
  scanned[0] = Math.fround(Number.isNaN(value) ? Number(latin1(bytes, start, at)) : negative ? -value : value);
}

/** mantissa · 10^exponent, correctly rounded; NaN where it takes more than one exact operation. */
function exact(mantissa: number, exponent: number): number {
  if (mantissa === 0) return 0;
  if (exponent < 0) return exponent >= -MAX_POWER ? mantissa / TEN[-exponent]! : Number.NaN;
  return exponent <= MAX_POWER ? mantissa * TEN[exponent]! : Number.NaN;
}

/** The float32 of a value in (mantissa, mantissa + 1) · 10^exponent where both ends agree; else NaN. */
function between(mantissa: number, exponent: number): number {
  const low = Math.fround(exact(mantissa, exponent));
  return low === Math.fround(exact(mantissa + 1, exponent)) ? low : Number.NaN;
}

function fail(cursor: NumberCursor, at: number): void {
  cursor.at = at;
  cursor.failed = true;
  scanned[0] = Number.NaN;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
