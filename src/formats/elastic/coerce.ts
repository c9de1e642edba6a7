/**
 * From a document's values to a column's value, the way Elasticsearch itself reads `_source` when it indexes it: or a
 * reject that says what was found. Vectors go by coerceVector.ts, straight from the bytes.
 */
import { MAX_JSON_BYTES } from '../../core/checkSchema.ts';
import { hugeNumber } from '../../core/hugeNumber.ts';
import type { Field, ScalarType } from '../../core/schema.ts';
import { halfEscape } from '../../core/wholeText.ts';
import { CborError } from '../cbor/scan.ts';
import { hasComment } from '../json/scan.ts';
import { membersText, type Piece, pieceText, valuesText } from './assemble.ts';
import { type Cell, type Change, NONE, type Rejected, reject } from './coerced.ts';
import { coerceBoolean, coerceFloat, coerceInteger, NOT_AS_SENT, shown } from './coerceNumber.ts';
import { coerceText, type TextLimit } from './coerceText.ts';
import { dateParser } from './dateFormat.ts';
import type { Rest } from './locate.ts';
import type { MappedField } from './mapping.ts';
import type { Raw, Reading } from './raw.ts';
import { readingJson } from './readJson.ts';

export interface CoerceChoices {
  /** What is done with a text that is longer than its VarChar. */
  readonly longText: 'reject' | 'truncate';
}

/** Where a document has values of a field. More than one place: below an array of objects, or a key with dots. */
export type CoerceField = (reading: Reading, pieces: readonly Piece[]) => Cell;

type CoerceValue = (raw: Raw) => Cell;

/** Where the whole of a text is one value. */
const WHOLE: readonly Piece[] = [{ at: 0, below: [] }];

/** For a field that is no vector and not `_id`. */
export function createCoercer(mapped: MappedField, choices: CoerceChoices): CoerceField {
  const sent = sentCoercer(mapped, choices);
  if (mapped.constant === undefined) return sent;
  const constant = readingJson(Buffer.from(mapped.constant));
  return (reading, pieces) => {
    const cell = sent(reading, pieces);
    return cell.kind === 'none' ? sent(constant, WHOLE) : cell;
  };
}

/** Of what the documents hold. */
function sentCoercer(mapped: MappedField, choices: CoerceChoices): CoerceField {
  const { field, nullValue } = mapped;
  if (field.type === 'JSON') return (reading, pieces) => coerceJson(reading, pieces, mapped);
  const instead = nullValue === null ? undefined : readingJson(Buffer.from(nullValue)).rawAt(0);
  const type = field.type === 'Array' ? field.element! : (field.type as Exclude<ScalarType, 'JSON' | 'Array'>);
  const value = valueCoercer(mapped, type, choices);
  const replacing: CoerceValue = (raw) => {
    // An empty text in a number's field is a null there.
    const cell = raw.kind === 'null' ? NONE : value(raw);
    return cell.kind === 'none' && instead !== undefined ? value(instead) : cell;
  };
  if (field.type === 'Array') return (reading, pieces) => coerceArray(reading, pieces, { field, value: replacing });
  return (reading, pieces) => coerceSingle(reading, pieces, { value: replacing, hasNullValue: instead !== undefined });
}

function valueCoercer(mapped: MappedField, type: Field['type'], { longText }: CoerceChoices): CoerceValue {
  const limit: TextLimit = { maxLength: mapped.field.maxLength ?? 0, tooLong: longText };
  switch (type) {
    case 'Bool':
      return coerceBoolean;
    case 'Int64':
      return mapped.format === null ? (raw) => coerceInteger(raw, type) : dateCoercer(mapped.format, mapped.sourceType);
    case 'Int8':
    case 'Int16':
    case 'Int32':
      return (raw) => coerceInteger(raw, type);
    case 'Float':
    case 'Double':
      return (raw) => coerceFloat(raw, type);
    default:
      return mapped.sourceType === 'unsigned_long'
        ? (raw) => coerceUnsigned(raw, limit)
        : (raw) => coerceText(raw, limit);
  }
}

/** As its digits: «5», «"5"» and «5.0» are the same there. */
function coerceUnsigned(raw: Raw, limit: TextLimit): Cell {
  const cell = coerceInteger(raw, 'UInt64');
  if (cell.kind !== 'value') return cell;
  const text = coerceText({ kind: 'string', value: String(cell.value) }, limit);
  return text.kind === 'value' && cell.changes !== undefined ? { ...text, changes: cell.changes } : text;
}

/** date: milliseconds since 1970, rounded down as Elasticsearch does. date_nanos: nanoseconds. */
function dateCoercer(format: string, sourceType: string): CoerceValue {
  const parse = dateParser(format);
  if (parse === undefined) throw new TypeError(`the date format ${format} is not known`);
  const unit = sourceType === 'date_nanos' ? 1n : 1_000_000n;
  const wanted = `a date of the format ${format}`;
  return (raw) => {
    if (raw.kind !== 'string' && raw.kind !== 'number') return reject(shown(raw), wanted);
    // A double near 1e12 is a tenth of a microsecond off, and may have been rounded up to the next millisecond.
    if (raw.kind === 'number' && !raw.asSent)
      return reject(raw.text, `${wanted}: a fraction is not what was sent ${NOT_AS_SENT}`);
    const nanos = parse(raw.kind === 'string' ? raw.value : raw.text);
    if (nanos === undefined) return reject(shown(raw), wanted);
    if (unit === 1n && nanos < 0n) return reject(shown(raw), `${wanted} from 1970 on`);
    const rest = ((nanos % unit) + unit) % unit;
    const value = (nanos - rest) / unit;
    if (BigInt.asIntN(64, value) !== value) return reject(shown(raw), `${wanted} within 64 bits`);
    return rest === 0n ? { kind: 'value', value } : { kind: 'value', value, changes: ['time cut'] };
  };
}

/** All values at all places: arrays in arrays are one array to Elasticsearch. */
function valuesAt(reading: Reading, pieces: readonly Piece[]): Raw[] {
  const values: Raw[] = [];
  const add = (raw: Raw): void => {
    if (raw.kind === 'array') raw.items.forEach(add);
    else values.push(raw);
  };
  for (const { at } of pieces) add(reading.rawAt(at));
  return values;
}

interface Single {
  readonly value: CoerceValue;
  readonly hasNullValue: boolean;
}

function coerceSingle(reading: Reading, pieces: readonly Piece[], { value, hasNullValue }: Single): Cell {
  const first = pieces[0];
  if (first === undefined) return NONE;
  if (pieces.length === 1) {
    const raw = reading.rawAt(first.at);
    if (raw.kind !== 'array') return value(raw);
  }
  const values = valuesAt(reading, pieces).filter(({ kind }) => kind !== 'null' || hasNullValue);
  if (values.length > 1) return tooMany(values.length);
  return values.length === 0 ? NONE : value(values[0]!);
}

function tooMany(values: number): Rejected {
  return reject(`${values} values`, 'one value; declare the field with many: Array or JSON to keep them all');
}

interface Several {
  readonly field: Field;
  readonly value: CoerceValue;
}

/** @returns the text of a JSON array */
function coerceArray(reading: Reading, pieces: readonly Piece[], { field, value }: Several): Cell {
  if (pieces.length === 0) return NONE;
  const texts: string[] = [];
  const changes: Change[] = [];
  for (const raw of valuesAt(reading, pieces)) {
    const cell = value(raw);
    if (cell.kind === 'reject') return cell;
    if (cell.kind === 'none') {
      changes.push('nulls dropped');
      continue;
    }
    if (cell.changes !== undefined) changes.push(...cell.changes);
    texts.push(elementText(cell.value));
  }
  // A null alone is no value; an array that lost its nulls is not quite what was sent.
  if (texts.length === 0 && changes.length > 0) return NONE;
  if (texts.length > field.maxCapacity!)
    return reject(`${texts.length} values`, `at most ${field.maxCapacity} (maxCapacity)`);
  const text = Buffer.from(`[${texts.join(',')}]`);
  return changes.length === 0 ? { kind: 'value', value: text } : { kind: 'value', value: text, changes };
}

function elementText(value: boolean | number | bigint | Uint8Array): string {
  if (typeof value === 'object') return JSON.stringify(Buffer.from(value).toString('utf8'));
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** Not parts of one object, which may be written in several places. */
function areSeveral(reading: Reading, pieces: readonly Piece[]): boolean {
  if (pieces.some(({ among }) => among === true)) return true;
  return pieces.every(({ below }) => below.length === 0) && pieces.some(({ at }) => reading.kindAt(at) !== 'object');
}

/** A null, also one among several values, is what the mapping has for it. */
function coerceJson(reading: Reading, pieces: readonly Piece[], mapped: MappedField): Cell {
  const { path, without, nullValue, several } = mapped;
  const first = pieces[0];
  if (first === undefined) return NONE;
  // A part of an object, written with dots, is not the object: `{"a.b": null}`.
  const kind = pieces.length === 1 && first.below.length === 0 ? reading.kindAt(first.at) : undefined;
  if (kind === 'null') return nullValue === null ? NONE : { kind: 'value', value: Buffer.from(nullValue) };
  if (kind === 'array' && nullValue !== null) return jsonCell(() => withoutNulls(reading, first.at, nullValue));
  if (pieces.length === 1 || !areSeveral(reading, pieces))
    return jsonCell(() => pieceText(reading, pieces, { path, without }));
  if (several !== true) return tooMany(pieces.length);
  if (pieces.some(({ below }) => below.length > 0))
    return reject('parts of several objects, written with dots', 'each object whole');
  return jsonCell(() => valuesText(reading, pieces, nullValue));
}

/** The array at `at` with `instead` for its nulls; where it has none, as it was sent. */
function withoutNulls(reading: Reading, at: number, instead: string): Uint8Array {
  const items: Uint8Array[] = [];
  let nulls = 0;
  reading.eachElement(at, (item) => {
    const isNull = reading.kindAt(item) === 'null';
    if (isNull) nulls++;
    items.push(isNull ? Buffer.from(instead) : reading.jsonAt(item));
    return reading.skip(item);
  });
  if (nulls === 0) return reading.jsonAt(at);
  return Buffer.from(`[${items.map((item) => Buffer.from(item).toString('utf8')).join(',')}]`);
}

/** The dynamic field's value: what of a document belongs to no field. A key that is a field's name is rejected: Milvus refuses it. */
export function coerceRest(reading: Reading, rest: readonly Rest[], fieldNames: ReadonlySet<string>): Cell {
  const taken = rest.find(({ key }) => fieldNames.has(key));
  if (taken !== undefined) return reject(`a key ${taken.key}`, 'no key that is the name of a field in Milvus');
  return jsonCell(() => (isTwice(rest) ? undefined : membersText(reading, rest)));
}

/** Only a key with dots can be there a second time: as the path of a member. */
function isTwice(rest: readonly Rest[]): boolean {
  return rest.some(({ key }) => key.includes('.')) && new Set(rest.map(({ key }) => key)).size < rest.length;
}

/** Elasticsearch takes comments, and gives them back as they were sent. */
export const COMMENT = reject('a comment', 'JSON without comments; read with --es-encoding cbor');

function jsonCell(make: () => Uint8Array | undefined): Cell {
  let text: Uint8Array | undefined;
  try {
    text = make();
  } catch (thrown) {
    // One document's value, not the page: its bytes were stepped over without a fault before.
    if (!(thrown instanceof CborError)) throw thrown;
    return reject('a number beyond a double', 'numbers that CBOR has kept; read the index as JSON');
  }
  if (text === undefined) return reject('two values for one key, one written with dots', 'one value a key');
  if (hasComment(text)) return COMMENT;
  const half = halfEscapeIn(text);
  if (half !== undefined) return reject(half, 'texts of whole characters');
  if (text.length > MAX_JSON_BYTES) return reject(`${text.length} bytes`, `JSON of at most ${MAX_JSON_BYTES} bytes`);
  const huge = hugeNumber(asLatin1(text));
  if (huge !== undefined) return reject(huge, 'numbers within a double');
  return { kind: 'value', value: text };
}

/** Bytes as characters: numbers are the same, at less cost. */
function asLatin1(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
}

/** Half a character as an escape: Milvus's import of JSON makes another of it. */
function halfEscapeIn(text: Uint8Array): string | undefined {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  return bytes.includes('\\u') ? halfEscape(bytes.toString('utf8')) : undefined;
}
