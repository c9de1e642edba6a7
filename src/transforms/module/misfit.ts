/** Why a text can't be the value of a field: what a module sets goes no further unchecked. */
import { MAX_CAPACITY, MAX_JSON_BYTES, MAX_TEXT_BYTES } from '../../core/checkSchema.ts';
import { hugeNumber } from '../../core/hugeNumber.ts';
import { losslessJson } from '../../core/losslessJson.ts';
import type { Field } from '../../core/schema.ts';
import { halfEscape, isWhole } from '../../core/wholeText.ts';
import { isJson } from '../cast/toText.ts';

/** What would be a value of the field, a VarChar, JSON or Array; undefined: the text is one. */
export function misfit(field: Field, text: string): string | undefined {
  if (!isWhole(text)) return 'a text of whole characters';
  switch (field.type) {
    case 'VarChar':
      return misfitText(field, text);
    case 'JSON':
      return misfitJson(field, text);
    default:
      return misfitArray(field, text);
  }
}

function misfitText({ maxLength = MAX_TEXT_BYTES }: Field, text: string): string | undefined {
  return Buffer.byteLength(text) > maxLength ? `text of at most ${maxLength} bytes of UTF-8` : undefined;
}

function misfitJson({ dynamic }: Field, text: string): string | undefined {
  if (Buffer.byteLength(text) > MAX_JSON_BYTES) return `JSON of at most ${MAX_JSON_BYTES} bytes`;
  if (!isJson(text)) return 'the text of a JSON value';
  if (halfEscape(text) !== undefined) return 'texts of whole characters';
  if (hugeNumber(text) !== undefined) return 'numbers within a double';
  return dynamic === true && !text.trimStart().startsWith('{') ? 'the text of a JSON object' : undefined;
}

function misfitArray(field: Field, text: string): string | undefined {
  const { element, maxCapacity = MAX_CAPACITY } = field;
  const items = isJson(text) ? losslessJson().parse(text) : undefined;
  if (!Array.isArray(items)) return 'the text of a JSON array';
  if (items.length > maxCapacity) return `at most ${maxCapacity} values`;
  return items.every((item) => isElement(field, item)) ? undefined : `values of type ${element}`;
}

const BITS = { Int8: 8, Int16: 16, Int32: 32, Int64: 64 } as const;

function isElement(field: Field, item: unknown): boolean {
  const { element } = field;
  switch (element) {
    case 'Bool':
      return typeof item === 'boolean';
    case 'VarChar':
      return typeof item === 'string' && isWhole(item) && misfitText(field, item) === undefined;
    case 'Float':
    case 'Double': {
      const value = Number(digitsOf(item) ?? Number.NaN);
      return Number.isFinite(element === 'Float' ? Math.fround(value) : value);
    }
    case undefined:
      return false;
    default: {
      const digits = digitsOf(item);
      return digits !== undefined && /^-?\d+$/.test(digits) && isWithin(BITS[element], BigInt(digits));
    }
  }
}

function digitsOf(item: unknown): string | undefined {
  return item instanceof losslessJson().LosslessNumber ? item.value : undefined;
}

function isWithin(bits: number, value: bigint): boolean {
  return BigInt.asIntN(bits, value) === value;
}
