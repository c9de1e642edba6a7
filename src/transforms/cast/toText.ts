/** Values as VarChar and as JSON. */
import { MAX_JSON_BYTES } from '../../core/checkSchema.ts';
import { hugeNumber } from '../../core/hugeNumber.ts';
import { halfEscape } from '../../core/wholeText.ts';
import { shortestFloat32, shortestFloat64 } from './decimals.ts';
import { type FromKinds, Lossy, Misfit, NO_VALUE, type Outcome } from './outcome.ts';

/**
 * @param single whether numbers are float32: then their shortest decimal is a shorter one
 * @param cuttable whether what is too long is cut (and counted) rather than no value at all
 */
export function toVarChar(maxLength: number, single: boolean): FromKinds {
  const tooLong = new Misfit(`text of at most ${maxLength} bytes of UTF-8`);
  const fit = (text: string): Outcome => (fits(text, maxLength) ? text : tooLong);
  return {
    whole: (value) => fit(String(value)),
    number: (value) => (Number.isFinite(value) ? fit(shortest(value, single)) : new Misfit('a finite number')),
    bool: (value) => fit(String(value)),
    text: (text) => (fits(text, maxLength) ? text : new Lossy(cut(text, maxLength), tooLong.wanted)),
    json: (text) => (text.trim() === 'null' ? NO_VALUE : fit(text)),
  };
}

export function toJson(single: boolean): FromKinds {
  const tooLong = new Misfit(`JSON of at most ${MAX_JSON_BYTES} bytes`);
  return {
    whole: String,
    number: (value) => (Number.isFinite(value) ? shortest(value, single) : new Misfit('a finite number')),
    bool: String,
    text: (text) => {
      if (!fits(text, MAX_JSON_BYTES)) return tooLong;
      if (!isJson(text)) return new Misfit('the text of a JSON value');
      if (halfEscape(text) !== undefined) return new Misfit('texts of whole characters');
      return hugeNumber(text) === undefined ? text : new Misfit('numbers within a double');
    },
    json: (text) => (fits(text, MAX_JSON_BYTES) ? text : tooLong),
  };
}

function shortest(value: number, single: boolean): string {
  return single ? shortestFloat32(value) : shortestFloat64(value);
}

function fits(text: string, maxLength: number): boolean {
  // A UTF-16 unit is three bytes at most.
  return text.length * 3 <= maxLength || Buffer.byteLength(text) <= maxLength;
}

/** The longest beginning that fits, of whole characters. */
function cut(text: string, maxLength: number): string {
  const bytes = Buffer.from(text);
  let end = maxLength;
  // 10xxxxxx: inside a character.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (thrown) {
    // RangeError: nested deeper than any reader of it could go.
    if (thrown instanceof SyntaxError || thrown instanceof RangeError) return false;
    throw thrown;
  }
}
