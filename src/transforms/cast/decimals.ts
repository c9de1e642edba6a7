/** Numbers as decimal text, exactly. */
import { exactDecimal } from '../../core/canonical.ts';

/** As JSON writes a number: no plus, no leading zeros, no white space. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** The one way to write a whole number: so two texts never become the same key. */
const WHOLE = /^(?:0|-?[1-9]\d*)$/;

export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/** undefined: the text is no whole number, or not written as one is */
export function wholeNumber(text: string): bigint | undefined {
  return WHOLE.test(text) ? BigInt(text) : undefined;
}

/** The most digits of a 64-bit number, and one more. */
const MAX_DIGITS = 20n;

/**
 * The whole part of a decimal number (towards zero) and whether that is all of it; undefined: more digits than any
 * 64-bit number has. @param text a decimal, of any exponent
 */
export function wholePart(text: string): { readonly value: bigint; readonly exact: boolean } | undefined {
  const [, digits = '0', power = '0'] = /^(-?\d+)(?:e(-?\d+))?$/.exec(exactDecimal(text)) ?? [];
  const exponent = BigInt(power);
  const length = BigInt(digits.replace('-', '').length);
  if (length + exponent > MAX_DIGITS) return undefined;
  if (length + exponent <= 0n) return { value: 0n, exact: BigInt(digits) === 0n };
  if (exponent >= 0n) return { value: BigInt(digits) * 10n ** exponent, exact: true };
  return { value: BigInt(digits) / 10n ** -exponent, exact: false };
}

/** Whether two decimals are the same number; −0 is 0. */
export function sameNumber(a: string, b: string): boolean {
  return exactDecimal(a).replace(/^-0$/, '0') === exactDecimal(b).replace(/^-0$/, '0');
}

/** The shortest decimal that reads back as this float32. @param value a finite float32 */
export function shortestFloat32(value: number): string {
  if (Object.is(value, -0)) return '-0';
  // Nine digits always do.
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

/** The shortest decimal that reads back as this double. @param value finite */
export function shortestFloat64(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

const bits = new DataView(new ArrayBuffer(4));

/** The float32 nearest to a whole number of 64 bits; of two as near the one with an even mantissa. */
export function nearestFloat32(value: bigint): number {
  // By way of a double it may be rounded twice: then a neighbour is nearer.
  const near = Math.fround(Number(value));
  if (BigInt(near) === value) return near;
  bits.setFloat32(0, near);
  const at = bits.getInt32(0);
  let best = near;
  for (const neighbour of [at - 1, at + 1]) {
    bits.setInt32(0, neighbour);
    const candidate = bits.getFloat32(0);
    const further = distance(candidate, value) - distance(best, value);
    if (further < 0n || (further === 0n && neighbour % 2 === 0 && best === near)) best = candidate;
  }
  return best;
}

function distance(a: number, b: bigint): bigint {
  const difference = BigInt(a) - b;
  return difference < 0n ? -difference : difference;
}
