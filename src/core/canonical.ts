/**
 * One form for a value, whether it comes from a source's batch or back from Milvus: what is compared in a verification.
 *
 * Fixed width: its little-endian bytes (a Bool one byte). VarChar: UTF-8. JSON: its text without white space, keys in
 * order, numbers as exact decimals (what imports rewrite: `1.0` → `1`, `1e2` → `100`). Array: the JSON text of its
 * elements, each in the form of the element's type.
 */
import { hash } from 'node:crypto';
import { type Batch, type Column, columnOf, isNull, valueAt } from './batch.ts';
import { losslessJson } from './losslessJson.ts';
import { type Field, primaryKeyOf, type Schema } from './schema.ts';

/** Fields that are compared: all but the primary key, by which rows are found. */
export function comparedFields(schema: Schema): readonly Field[] {
  const key = primaryKeyOf(schema);
  return schema.fields.filter((field) => field !== key);
}

/** The canonical bytes of a column's value; null: it has none. May be a view into the column. */
export function canonicalValue(field: Field, column: Column, row: number): Uint8Array | null {
  if (isNull(column, row)) return null;
  const bytes = valueAt(column, row);
  switch (field.type) {
    case 'JSON':
      return canonicalJson(bytes);
    case 'Array':
      return canonicalArray(field, bytes);
    default:
      return bytes;
  }
}

/** As `Sample.hash` has it. */
export function hashValues(values: readonly (Uint8Array | null)[]): string {
  return values.map((value) => (value === null ? '-' : valueHash(value))).join('.');
}

/** The hash of one row of a batch. */
export function rowHash(fields: readonly Field[], columns: readonly Column[], row: number): string {
  return hashValues(fields.map((field, index) => canonicalValue(field, columns[index]!, row)));
}

/** Columns of a batch in the order of `fields`. */
export function columnsOf(batch: Batch, fields: readonly Field[]): readonly Column[] {
  return fields.map(({ name }) => columnOf(batch, name));
}

/** First 16 bytes of SHA-256, hex: enough that two different values never look alike. */
function valueHash(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, 32);
}

/** @param text of a JSON value, UTF-8; a text that is none stays as it is */
export function canonicalJson(text: Uint8Array): Uint8Array {
  const plain = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8');
  try {
    // Of equal keys the last counts, as for every reader of JSON.
    return Buffer.from(show(losslessJson().parse(plain, undefined, { onDuplicateKey: ({ newValue }) => newValue })));
  } catch (thrown) {
    // Nested deeper than a call stack, or no JSON: then the very bytes are compared.
    if (thrown instanceof SyntaxError || thrown instanceof RangeError) return text;
    throw thrown;
  }
}

/** @param text of a JSON array: numbers, texts or booleans, of the field's element type */
export function canonicalArray({ element }: Field, text: Uint8Array): Uint8Array {
  const items = losslessJson().parse(Buffer.from(text).toString('utf8')) as readonly unknown[];
  return Buffer.from(`[${items.map((item) => showElement(element, item)).join(',')}]`);
}

function showElement(element: Field['element'], item: unknown): string {
  const digits = item instanceof losslessJson().LosslessNumber ? item.value : item;
  switch (element) {
    case 'Float':
      return float(Math.fround(Number(digits)));
    case 'Double':
      return float(Number(digits));
    case 'Bool':
      return String(item === true);
    case 'VarChar':
      return JSON.stringify(String(digits));
    default:
      return String(BigInt(String(digits)));
  }
}

function float(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function show(value: unknown): string {
  if (value instanceof losslessJson().LosslessNumber) return exactDecimal(value.value);
  if (Array.isArray(value)) return `[${value.map(show).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${show(inner)}`).join(',')}}`;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Digits without zeros at either end, and a power of ten: the same for all ways to write a number. */
export function exactDecimal(text: string): string {
  const match = NUMBER.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return `${sign}0`;
  const exponent = BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - kept.length);
  return `${sign}${kept}e${exponent}`;
}
