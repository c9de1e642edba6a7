/** JSON as values of the language: whole numbers as int, exact; other numbers as double. */
import { isInteger, parse } from 'lossless-json';
import type { Field } from '../../core/schema.ts';

const [MIN, MAX] = [-(1n << 63n), (1n << 63n) - 1n];

/** @param element of an Array: then its numbers are of that type, however they are written */
export function readJson(text: string, element: Field['element'] | undefined): unknown {
  const floating = element === 'Float' || element === 'Double';
  return parse(text, undefined, {
    parseNumber: floating ? (element === 'Float' ? (digits) => Math.fround(Number(digits)) : Number) : readNumber,
    // Of equal keys the last counts, as for every reader of JSON.
    onDuplicateKey: ({ newValue }) => newValue,
  });
}

function readNumber(digits: string): bigint | number {
  if (!isInteger(digits)) return Number(digits);
  const whole = BigInt(digits);
  return whole >= MIN && whole <= MAX ? whole : Number(digits);
}
