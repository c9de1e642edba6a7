/**
 * Arrays of numbers, from the bytes of an answer to float32, in AssemblyScript; scripts/kernels.mjs compiles it.
 *
 * Both loops take what nearly all numbers look like and leave the rest to their caller, who reads that one number and
 * calls again. They may look at up to 32 bytes behind `end`, whatever lies there.
 */

/** Powers of ten that a double holds exactly. */
const TEN = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
]);
const MAX_POWER = 22;

const WHOLE_TEN = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
  10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
]);
/** So many digits fit 64 bits. */
const MAX_DIGITS = 19;
/** From here on what is cut off behind the digits is less than a double can tell. */
const ENOUGH: u64 = 10000000000000000;
/** Whole numbers up to here are doubles. */
const EXACT: u64 = 9007199254740992;

/** Loaded from `n` on, it moves the first n bytes to the end, with zeros before them. */
const TO_THE_END = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  12, 13, 14, 15,
]);

const ZERO: u32 = 0x30;
const MINUS: u32 = 0x2d;
const PLUS: u32 = 0x2b;
const POINT: u32 = 0x2e;
const COMMA: u32 = 0x2c;
const SMALL_E: u32 = 0x65;

const INFINITY: u32 = 0x7f800000;

/** Set by the loops: the first byte that was not taken. */
export let next: usize = 0;
/** 1: a number was taken and something else than a comma is at `next`; 0: there is the beginning of an element. */
export let behind: i32 = 0;

function stop(at: usize, isBehind: i32): void {
  next = at;
  behind = isBehind;
}

/**
 * Elements of a JSON array, from the first byte of one: each is `Math.fround(JSON.parse(text))`, bit for bit.
 * @returns how many were written at `out`; at most `most`
 */
export function json(from: usize, end: usize, out: usize, most: i32): i32 {
  let at = from;
  let count = 0;
  while (true) {
    while (at < end && isSpace(load<u8>(at))) at++;
    const start = at;
    if (count === most || at >= end) {
      stop(at, 0);
      return count;
    }
    // Signs come at random: a branch would be guessed wrong half of the time.
    const minus: u32 = <u32>(<u32>load<u8>(at) === MINUS);
    at += minus;
    let byte: u32 = load<u8>(at);
    const first = byte - ZERO;
    if (first > 9) {
      stop(start, 0);
      return count;
    }
    let whole: u64 = first;
    let digits = first === 0 ? 0 : 1;
    byte = load<u8>(++at);
    if (first !== 0)
      for (; byte - ZERO <= 9 && digits < MAX_DIGITS; byte = load<u8>(++at), digits++)
        whole = whole * 10 + <u64>(byte - ZERO);
    let power = 0;
    let cut = false;
    if (byte === POINT) {
      at++;
      let bytes = i8x16.sub(v128.load(at), i8x16.splat(<i8>ZERO));
      let run = digitsOf(bytes);
      if (run === 16 && digits === 0) {
        // Zeros before the first digit that counts only move the point.
        for (; at < end && load<u8>(at) === ZERO; at++) power--;
        bytes = i8x16.sub(v128.load(at), i8x16.splat(<i8>ZERO));
        run = digitsOf(bytes);
      } else if (run === 0) {
        stop(start, 0);
        return count;
      }
      if (run > 0) {
        if (digits + run > MAX_DIGITS) {
          stop(start, 0);
          return count;
        }
        whole = whole * load<u64>(WHOLE_TEN + ((<usize>run) << 3)) + numberOf(bytes, run);
      }
      digits += run;
      power -= run;
      at += run;
      byte = load<u8>(at);
      if (run === 16) {
        for (; byte - ZERO <= 9 && digits < MAX_DIGITS; byte = load<u8>(++at), digits++, power--)
          whole = whole * 10 + <u64>(byte - ZERO);
        for (; at < end && byte - ZERO <= 9; byte = load<u8>(++at)) cut = true;
      }
    } else if (byte - ZERO <= 9) {
      stop(start, 0);
      return count;
    }
    if ((byte | 0x20) === SMALL_E) {
      byte = load<u8>(++at);
      const down = byte === MINUS;
      if (down || byte === PLUS) byte = load<u8>(++at);
      const from = at;
      let exponent = 0;
      for (; byte - ZERO <= 9 && at - from < 4; byte = load<u8>(++at)) exponent = exponent * 10 + <i32>(byte - ZERO);
      if (at === from || byte - ZERO <= 9) {
        stop(start, 0);
        return count;
      }
      power += down ? -exponent : exponent;
    }
    // It may go on behind the end.
    if (at >= end || power < -MAX_POWER || power > MAX_POWER || (cut && whole < ENOUGH)) {
      stop(start, 0);
      return count;
    }
    const ten = load<f64>(TEN + ((<usize>(power < 0 ? -power : power)) << 3));
    const value = power < 0 ? <f64>whole / ten : <f64>whole * ten;
    let bits = reinterpret<u32>(<f32>value);
    if (cut || whole > EXACT) {
      // Conversion, division and what was cut off: each wrong by 2^-53 of it or less. Where all that lies within four
      // times as much rounds to one float32, so does the double that the text means.
      const low = reinterpret<u32>(<f32>(value * (1 - 8.881784197001252e-16)));
      bits = reinterpret<u32>(<f32>(value * (1 + 8.881784197001252e-16)));
      if (low !== bits) bits = INFINITY;
    }
    if (bits >= INFINITY) {
      stop(start, 0);
      return count;
    }
    store<u32>(out, bits | (minus << 31));
    out += 4;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end || load<u8>(at) !== COMMA) {
      stop(at, 1);
      return count + 1;
    }
    at++;
    count++;
  }
}

function isSpace(byte: u32): bool {
  return byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

/** How many of the 16 are digits, up to the first that is none. */
function digitsOf(bytes: v128): i32 {
  return <i32>ctz(i8x16.bitmask(i8x16.gt_u(bytes, i8x16.splat(9))) | 0x10000);
}

/** The number of the first `count` digits (values, not characters), 1 to 16. */
function numberOf(digits: v128, count: i32): u64 {
  const all = i8x16.swizzle(digits, v128.load(TO_THE_END + <usize>count));
  const tens = i16x8(10, 1, 10, 1, 10, 1, 10, 1);
  const twos = i16x8.narrow_i32x4_s(
    i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(all), tens),
    i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(all), tens),
  );
  const fours = i32x4.dot_i16x8_s(twos, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
  const eights = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours, fours), i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1));
  return <u64>i32x4.extract_lane(eights, 0) * 100000000 + <u64>i32x4.extract_lane(eights, 1);
}

const DOUBLE: u32 = 0xfb;
const DOUBLE_BYTES: usize = 9;

/** Elements of a CBOR array that are doubles, rounded to float32. @returns as `json` does; `behind` is 0 */
export function cbor(from: usize, end: usize, out: usize, most: i32): i32 {
  let at = from;
  let count = 0;
  for (; count < most && at + DOUBLE_BYTES <= end && load<u8>(at) === DOUBLE; count++) {
    const value = <f32>reinterpret<f64>(bswap(load<u64>(at, 1)));
    if ((reinterpret<u32>(value) & INFINITY) === INFINITY) break;
    store<f32>(out, value);
    out += 4;
    at += DOUBLE_BYTES;
  }
  stop(at, 0);
  return count;
}
