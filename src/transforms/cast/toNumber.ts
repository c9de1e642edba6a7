/** Values as whole numbers, floats and booleans. */
import {
  isDecimal,
  nearestFloat32,
  sameNumber,
  shortestFloat32,
  shortestFloat64,
  wholeNumber,
  wholePart,
} from './decimals.ts';
import { type FromKinds, Lossy, Misfit, NO_VALUE, type Outcome } from './outcome.ts';

const BITS = { Int8: 8n, Int16: 16n, Int32: 32n, Int64: 64n } as const;

export function toWhole(type: keyof typeof BITS): FromKinds {
  const limit = 1n << (BITS[type] - 1n);
  const wanted = `a whole number from ${-limit} to ${limit - 1n}`;
  const misfit = new Misfit(`${wanted} (${type})`);
  const fit = (value: bigint, exact: boolean): Outcome => {
    if (value < -limit || value >= limit) return misfit;
    return exact ? value : new Lossy(value, misfit.wanted);
  };
  return {
    whole: (value) => fit(value, true),
    number: (value) => {
      if (!Number.isFinite(value)) return misfit;
      const whole = Math.trunc(value);
      return fit(BigInt(whole), whole === value);
    },
    bool: (value) => (value ? 1n : 0n),
    text: (text) => {
      const value = wholeNumber(text);
      return value === undefined ? misfit : fit(value, true);
    },
    json: (text) =>
      jsonNumber(text, misfit, (decimal) => {
        const part = wholePart(decimal);
        return part === undefined ? misfit : fit(part.value, part.exact);
      }),
  };
}

export function toFloating(type: 'Float' | 'Double'): FromKinds {
  const narrow = type === 'Float';
  const misfit = new Misfit(`a number within a ${type}`);
  const exactly = `a number that a ${type} holds exactly`;
  const round = narrow ? Math.fround : (value: number) => value;
  const shortest = narrow ? shortestFloat32 : shortestFloat64;
  const decimal = (text: string): Outcome => {
    const value = round(Number(text));
    if (!Number.isFinite(value)) return misfit;
    // A decimal means the nearest float: what it loses are digits that the float, written as a decimal, doesn't have.
    return sameNumber(shortest(value), text) ? value : new Lossy(value, exactly);
  };
  return {
    whole: (value) => {
      const near = narrow ? nearestFloat32(value) : Number(value);
      return BigInt(near) === value ? near : new Lossy(near, exactly);
    },
    number: (value) => {
      const near = round(value);
      if (near === value || Number.isNaN(value)) return near;
      return Number.isFinite(near) ? new Lossy(near, exactly) : misfit;
    },
    bool: (value) => (value ? 1 : 0),
    text: (text) => (isDecimal(text) ? decimal(text) : misfit),
    json: (text) => jsonNumber(text, misfit, decimal),
  };
}

export function toBool(): FromKinds {
  const misfit = new Misfit('true or false');
  const words = new Map<string, Outcome>([
    ['true', true],
    ['false', false],
  ]);
  const numbers = new Misfit('0 or 1');
  return {
    whole: (value) => (value === 0n || value === 1n ? value === 1n : numbers),
    number: (value) => (value === 0 || value === 1 ? value === 1 : numbers),
    bool: (value) => value,
    text: (text) => words.get(text) ?? misfit,
    json: (text) => (text.trim() === 'null' ? NO_VALUE : (words.get(text.trim()) ?? misfit)),
  };
}

/** A JSON number as a decimal; strings, objects and so on are none. */
function jsonNumber(text: string, misfit: Misfit, read: (decimal: string) => Outcome): Outcome {
  const token = text.trim();
  if (token === 'null') return NO_VALUE;
  return isDecimal(token) ? read(token) : misfit;
}
