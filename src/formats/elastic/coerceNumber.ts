/**
 * Numbers as Elasticsearch indexes them (`coerce`, its default): a text that is one counts, an empty text is nothing,
 * and whole-number fields cut a fraction. All digits count: a long beyond 2^53 is exact.
 */
import { type Cell, reject } from './coerced.ts';
import type { Raw } from './raw.ts';

const LIMITS = {
  Int8: [-128n, 127n],
  Int16: [-32_768n, 32_767n],
  Int32: [-2_147_483_648n, 2_147_483_647n],
  Int64: [-(2n ** 63n), 2n ** 63n - 1n],
  /** unsigned_long, kept as text. */
  UInt64: [0n, 2n ** 64n - 1n],
} as const;

export type IntegerType = keyof typeof LIMITS;

/** sign, digits before and behind the point, exponent */
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;
/** What Java's Double.parseDouble takes, but for hexadecimal, NaN and Infinity (which Elasticsearch refuses). */
const FLOATING = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/;

/** A long has at most 19 digits: with a larger exponent it is out of range anyway. */
const MAX_POINT = 40;

interface Whole {
  readonly value: bigint;
  /** Whether a fraction was cut. */
  readonly cut: boolean;
}

/** The whole part of a decimal number, all digits exact; undefined: no number. */
export function wholeOf(text: string): Whole | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, before = '', behind = '', power = '0'] = match;
  const digits = before + behind;
  if (digits === '') return undefined;
  const point = before.length + Number(power);
  if (/^0*$/.test(digits)) return { value: 0n, cut: false };
  if (point <= 0) return { value: 0n, cut: true };
  const leading = /^0*/.exec(digits)![0].length;
  // Far out of range, without building a number of a million digits.
  if (point - leading > MAX_POINT) return { value: sign === '-' ? -(10n ** 40n) : 10n ** 40n, cut: false };
  const size = BigInt(digits.slice(0, point).padEnd(point, '0'));
  return { value: sign === '-' ? -size : size, cut: /[1-9]/.test(digits.slice(point)) };
}

/** Whole numbers of so many digits are exact as a double. */
const EXACT_DIGITS = 15;

/** A whole number without a point, an exponent or many digits, as nearly all are; undefined: another text. */
function plainWhole(text: string): number | undefined {
  const negative = text.charCodeAt(0) === 0x2d;
  const first = negative ? 1 : 0;
  if (text.length === first || text.length > EXACT_DIGITS) return undefined;
  let value = 0;
  for (let at = first; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative && value !== 0 ? -value : value;
}

/** @returns Int64 and UInt64 as bigint, the others as number */
export function coerceInteger(raw: Raw, type: IntegerType): Cell {
  const [low, high] = LIMITS[type];
  const wanted = (): string => `a whole number from ${low} to ${high}`;
  if (raw.kind !== 'number' && raw.kind !== 'string') return reject(raw.kind, wanted());
  const text = raw.kind === 'number' ? raw.text : raw.value;
  if (text === '') return { kind: 'none' };
  const plain = plainWhole(text);
  if (plain !== undefined && plain >= low && plain <= high)
    return { kind: 'value', value: type === 'Int64' || type === 'UInt64' ? BigInt(plain) : plain };
  const whole = wholeOf(text);
  if (whole === undefined || whole.value < low || whole.value > high) return reject(shown(raw), wanted());
  if (raw.kind === 'number' && !raw.asSent && !Number.isSafeInteger(Number(whole.value)))
    return reject(text, `all of its digits: a fraction this large is not what was sent ${NOT_AS_SENT}`);
  const value = type === 'Int64' || type === 'UInt64' ? whole.value : Number(whole.value);
  return whole.cut ? { kind: 'value', value, changes: ['fraction cut'] } : { kind: 'value', value };
}

/** A Double, or a Float rounded to float32 as Elasticsearch indexes it. Beyond its range is refused there too. */
export function coerceFloat(raw: Raw, type: 'Float' | 'Double'): Cell {
  const wanted = `a number within a ${type}`;
  if (raw.kind !== 'number' && raw.kind !== 'string') return reject(raw.kind, wanted);
  const text = raw.kind === 'number' ? raw.text : raw.value.trim();
  if (text === '') return { kind: 'none' };
  if (!FLOATING.test(text)) return reject(shown(raw), wanted);
  const exact = Number(text.replace(/[fFdD]$/, ''));
  const value = type === 'Float' ? Math.fround(exact) : exact;
  return Number.isFinite(value) ? { kind: 'value', value } : reject(shown(raw), wanted);
}

/** true, false, their texts; an empty text is false. */
export function coerceBoolean(raw: Raw): Cell {
  if (raw.kind === 'boolean') return { kind: 'value', value: raw.value };
  if (raw.kind === 'string' && (raw.value === 'true' || raw.value === 'false' || raw.value === ''))
    return { kind: 'value', value: raw.value === 'true' };
  return reject(shown(raw), 'true or false');
}

/** Where `Raw.asSent` is not so, and what helps. */
export const NOT_AS_SENT = 'in CBOR (read the index as JSON), nor where _source leaves something out';

export function shown(raw: Raw): string {
  switch (raw.kind) {
    case 'string':
      return JSON.stringify(raw.value);
    case 'number':
      return raw.text;
    case 'boolean':
      return String(raw.value);
    case 'array':
      return `an array of ${raw.items.length}`;
    default:
      return raw.kind;
  }
}
