/** One value of a row, checked, at its place in the slab. */
import { MAX_JSON_BYTES } from '../../core/checkSchema.ts';
import type { Field } from '../../core/schema.ts';
import { isWhole } from '../../core/wholeText.ts';
import type { SlabRows } from '../elasticsearch/slabRows.ts';
import { exactJson, NotJson } from './exactJson.ts';
import { plainJson } from './plainJson.ts';

/** The field does not take the value: its message is the reason why the row is refused. */
export class BadValue extends Error {
  constructor({ name }: Pick<Field, 'name'>, value: unknown, wanted: string) {
    const found = value instanceof NotJson ? value.message : value === undefined ? 'nothing' : plainJson(value);
    super(`${name}: found ${found.length > 60 ? `${found.slice(0, 60)}…` : found}, wanted ${wanted}`);
  }
}

export interface ValuePlace {
  readonly field: Field;
  /** Index of its column. */
  readonly column: number;
  readonly rows: SlabRows;
  /** Of all fields of the schema. */
  readonly names: ReadonlySet<string>;
}

/** @throws BadValue */
export function writeValue(given: unknown, place: ValuePlace): void {
  const { field, column, rows, names } = place;
  // Nothing in the dynamic field is no member of it.
  const value = field.dynamic === true ? (given ?? {}) : given;
  const isNull = value === null || value === undefined;
  if (isNull && field.nullable !== true) throw new BadValue(field, value, `a value: every row has a ${field.type}`);
  const nulls = rows.nulls[column];
  if (nulls !== undefined) nulls[rows.rows] = isNull ? 1 : 0;
  const { width, at } = rows.layout.columns[column]!;
  if (width === 0) rows.waiting[column] = isNull ? undefined : textOf(value, field, names);
  // A slab is used again and again: what is not there is zeros.
  else if (isNull) new Uint8Array(rows.memory, at + rows.rows * width, width).fill(0);
  else writeFixed(value, field, { view: rows.view, at: at + rows.rows * width });
}

function writeFixed(
  value: unknown,
  field: Field,
  { view, at }: { readonly view: DataView; readonly at: number },
): void {
  switch (field.type) {
    case 'Bool':
      if (typeof value !== 'boolean') throw new BadValue(field, value, 'true or false');
      view.setUint8(at, value ? 1 : 0);
      break;
    case 'Int8':
      view.setInt8(at, whole(field, value, 8));
      break;
    case 'Int16':
      view.setInt16(at, whole(field, value, 16), true);
      break;
    case 'Int32':
      view.setInt32(at, whole(field, value, 32), true);
      break;
    case 'Int64':
      view.setBigInt64(at, wholeOf64(field, value), true);
      break;
    case 'Float':
      view.setFloat32(at, float(field, value), true);
      break;
    case 'Double':
      if (typeof value !== 'number') throw new BadValue(field, value, 'a number');
      view.setFloat64(at, value, true);
      break;
    case 'FloatVector':
      for (const [index, item] of vector(field, value, field.dim).entries())
        view.setFloat32(at + 4 * index, float(field, item), true);
      break;
    case 'BinaryVector':
      for (const [index, item] of vector(field, value, field.dim / 8).entries())
        view.setUint8(at + index, byte(field, item));
      break;
    default:
      throw new TypeError(`${field.type} has no fixed width`);
  }
}

function whole(field: Field, value: unknown, bits: number): number {
  const limit = 2 ** (bits - 1);
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= -limit && number < limit) return number;
  throw new BadValue(field, value, `a whole number from ${-limit} to ${limit - 1}`);
}

/** @throws BadValue */
export function wholeOf64(field: Field, value: unknown): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  throw new BadValue(field, value, 'a whole number of 64 bits: a bigint, or a number within 2^53');
}

/** The nearest float32, as everybody who reads JSON into floats has it; a number beyond all of them is an error. */
function float(field: Field, value: unknown): number {
  if (typeof value === 'number') {
    const near = Math.fround(value);
    if (Number.isFinite(near) || !Number.isFinite(value)) return near;
  }
  throw new BadValue(field, value, 'a number within a float32');
}

function byte(field: Field, value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255) return value as number;
  throw new BadValue(field, value, 'bytes from 0 to 255');
}

function vector(field: Field, value: unknown, length: number): readonly unknown[] | Float32Array | Uint8Array {
  const isList = Array.isArray(value) || value instanceof Float32Array || value instanceof Uint8Array;
  if (isList && value.length === length) return value;
  const found = isList ? `${value.length} values` : value;
  throw new BadValue(field, found, `${length} values`);
}

function textOf(value: unknown, field: Field, names: ReadonlySet<string>): Uint8Array {
  if (field.type === 'VarChar') {
    if (typeof value !== 'string') throw new BadValue(field, value, 'a text');
    return limited(field, value);
  }
  if (field.type === 'JSON') return jsonText(value, field, names);
  if (!Array.isArray(value)) throw new BadValue(field, value, 'an array');
  const { maxCapacity = Infinity } = field;
  if (value.length > maxCapacity) throw new BadValue(field, `${value.length} values`, `at most ${maxCapacity}`);
  // By index: what is not there would be left out.
  return Buffer.from(`[${Array.from(value, (item: unknown) => elementText(field, item)).join(',')}]`);
}

function limited(field: Field, text: string): Uint8Array {
  if (!isWhole(text)) throw new BadValue(field, text, 'a text of whole characters');
  const bytes = Buffer.from(text);
  const { maxLength = Infinity } = field;
  if (bytes.length <= maxLength) return bytes;
  throw new BadValue(field, text, `text of at most ${maxLength} bytes of UTF-8`);
}

function jsonText(value: unknown, field: Field, names: ReadonlySet<string>): Uint8Array {
  const text = exactly(value, field);
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_JSON_BYTES)
    throw new BadValue(field, `${bytes.length} bytes`, `JSON of at most ${MAX_JSON_BYTES} bytes`);
  if (field.dynamic !== true) return bytes;
  if (bytes[0] !== OPENING_BRACE) throw new BadValue(field, value, 'an object');
  const taken = Object.keys(JSON.parse(text) as object).find((key) => names.has(key));
  if (taken !== undefined) throw new BadValue(field, `a key ${taken}`, 'no key that is the name of a field');
  return bytes;
}

const OPENING_BRACE = 0x7b;

function exactly(value: unknown, field: Field): string {
  try {
    return exactJson(value);
  } catch (thrown) {
    if (!(thrown instanceof NotJson)) throw thrown;
    throw new BadValue(field, thrown, 'null, booleans, finite numbers, texts, arrays and plain objects');
  }
}

function elementText(field: Field, item: unknown): string {
  switch (field.element) {
    case 'Bool':
      if (typeof item !== 'boolean') throw new BadValue(field, item, 'true or false');
      return String(item);
    case 'VarChar':
      if (typeof item !== 'string') throw new BadValue(field, item, 'texts');
      limited(field, item);
      return JSON.stringify(item);
    case 'Float':
    case 'Double':
      if (typeof item !== 'number' || !Number.isFinite(item)) throw new BadValue(field, item, 'finite numbers');
      return plainJson(field.element === 'Float' ? float(field, item) : item);
    case 'Int64':
      return String(wholeOf64(field, item));
    default:
      return String(whole(field, item, field.element === 'Int8' ? 8 : field.element === 'Int16' ? 16 : 32));
  }
}
