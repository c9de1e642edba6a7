/** From one document to one row of a slab, field by field: or the reason why it can't be a row. */
import type { ElasticChoices } from '../../config/elasticsearch.ts';
import type { Field, Schema } from '../../core/schema.ts';
import type { Piece } from '../../formats/elastic/assemble.ts';
import { coerceRest, createCoercer } from '../../formats/elastic/coerce.ts';
import { type Cell, type Rejected, reject } from '../../formats/elastic/coerced.ts';
import { coerceInteger } from '../../formats/elastic/coerceNumber.ts';
import { textCell } from '../../formats/elastic/coerceText.ts';
import { coerceBitVector, coerceFloatVector } from '../../formats/elastic/coerceVector.ts';
import { ID } from '../../formats/elastic/declared.ts';
import type { Located } from '../../formats/elastic/locate.ts';
import type { MappedField } from '../../formats/elastic/mapping.ts';
import type { Reading } from '../../formats/elastic/raw.ts';
import type { SlabRows } from './slabRows.ts';

/** A document and where its values are. */
export interface Located1 {
  readonly reading: Reading;
  readonly id: string;
  readonly located: Located;
}

/** Writes a field's value of a document into the row behind those of the slab. @returns what is wrong with it */
export type ColumnWriter = (document: Located1, into: Into) => Rejected | undefined;

export interface Into {
  readonly rows: SlabRows;
  /** Notes a change: «title: text cut». */
  readonly changed: (what: string) => void;
}

export type WriterChoices = Pick<ElasticChoices, 'longText' | 'missing'>;

/**
 * One for each field of `schema`, whose fields are by position those of `fields`, and the dynamic field last. Names may
 * be others there, and a field that the mapping would let be null may have to have a value.
 */
export function columnWriters(
  schema: Schema,
  fields: readonly MappedField[],
  choices: WriterChoices,
): readonly ColumnWriter[] {
  const names = new Set(schema.fields.map(({ name }) => name));
  return schema.fields.map((field, column) => {
    if (field.dynamic === true) return restWriter(column, names);
    const mapped = fields[column]!;
    if (field.type === 'FloatVector') return floatVectorWriter(mapped, column);
    if (field.type === 'BinaryVector') return bitVectorWriter(mapped, column);
    return scalarWriter({ mapped, field, column, choices });
  });
}

function floatVectorWriter(mapped: MappedField, column: number): ColumnWriter {
  const { dim } = mapped.field;
  return ({ reading, located }, { rows }) => {
    const at = rows.layout.columns[column]!.at + rows.rows * dim * 4;
    const target = new Float32Array(rows.memory, at, dim);
    return coerceFloatVector(reading, located.pieces[column]!, { mapped, target });
  };
}

function bitVectorWriter(mapped: MappedField, column: number): ColumnWriter {
  const bytes = mapped.field.dim / 8;
  return ({ reading, located }, { rows }) => {
    const at = rows.layout.columns[column]!.at + rows.rows * bytes;
    const target = new Uint8Array(rows.memory, at, bytes);
    return coerceBitVector(reading, located.pieces[column]!, { mapped, target });
  };
}

function restWriter(column: number, names: ReadonlySet<string>): ColumnWriter {
  return ({ reading, located }, { rows }) => {
    const cell = coerceRest(reading, located.rest, names);
    if (cell.kind === 'reject') return cell;
    rows.waiting[column] = cell.kind === 'value' ? (cell.value as Uint8Array) : EMPTY_OBJECT;
    return undefined;
  };
}

const EMPTY_OBJECT: Uint8Array = Buffer.from('{}');

interface Scalar {
  readonly mapped: MappedField;
  /** As the target has it. */
  readonly field: Field;
  readonly column: number;
  readonly choices: WriterChoices;
}

function scalarWriter({ mapped, field, column, choices }: Scalar): ColumnWriter {
  const cellOf = mapped.field.primaryKey ? keyCell(mapped) : valueCell(mapped, choices);
  const type = mapped.field.type;
  const instead = choices.missing === 'default' && !field.primaryKey ? defaultOf(field) : undefined;
  return (document, { rows, changed }) => {
    let cell = cellOf(document.reading, document.located.pieces[column]!, document.id);
    if (cell.kind === 'reject') return cell;
    const nulls = rows.nulls[column];
    if (nulls !== undefined) nulls[rows.rows] = cell.kind === 'none' ? 1 : 0;
    if (cell.kind === 'none' && nulls === undefined) {
      if (instead === undefined) return reject('no value', wantedInstead(field));
      cell = instead;
      changed('default for a missing value');
    }
    if (cell.kind === 'value' && cell.changes !== undefined) cell.changes.forEach(changed);
    const { width, at } = rows.layout.columns[column]!;
    if (width === 0) rows.waiting[column] = cell.kind === 'value' ? (cell.value as Uint8Array) : undefined;
    else {
      const value = cell.kind === 'value' ? (cell.value as Fixed) : zeroOf(type);
      storeFixed(rows.view, at + rows.rows * width, type, value);
    }
    return undefined;
  };
}

type Fixed = boolean | number | bigint;
type CellOf = (reading: Reading, pieces: readonly Piece[], id: string) => Cell;

function valueCell(mapped: MappedField, choices: WriterChoices): CellOf {
  return mapped.path === ID ? idCell(mapped) : createCoercer(mapped, choices);
}

/** Of a primary key nothing is cut or rounded: two documents could come to have the same. */
export function keyCell(mapped: MappedField): CellOf {
  if (mapped.path === ID) return idCell(mapped);
  const coerce = createCoercer(mapped, { longText: 'reject' });
  return (reading, pieces) => {
    const cell = coerce(reading, pieces);
    if (cell.kind === 'none') return reject('no value', 'one: it is the primary key');
    if (cell.kind === 'value' && cell.changes !== undefined)
      return reject(`a value that would be changed (${cell.changes[0]})`, 'an exact primary key');
    return cell;
  };
}

function idCell({ field }: MappedField): CellOf {
  if (field.type === 'VarChar') {
    const limit = { maxLength: field.maxLength ?? 0, tooLong: 'reject' } as const;
    return (_reading, _pieces, id) => textCell(id, limit);
  }
  return (_reading, _pieces, id) => {
    const cell = coerceInteger({ kind: 'string', value: id }, 'Int64');
    // «7» and «007» are two documents.
    if (cell.kind === 'value' && String(cell.value) === id) return cell;
    return reject(JSON.stringify(id), 'a whole number as _id, within 64 bits, without zeros in front');
  };
}

function wantedInstead({ type, primaryKey }: Field): string {
  if (primaryKey) return 'one: it is the primary key';
  return `a ${type}: the field can not be null there (choose a default for missing values, or leave the field out)`;
}

/** What a document without a value gets where the field can't be null. */
function defaultOf({ type }: Field): Cell {
  switch (type) {
    case 'VarChar':
      return { kind: 'value', value: new Uint8Array(0) };
    case 'JSON':
      return { kind: 'value', value: EMPTY_OBJECT };
    case 'Array':
      return { kind: 'value', value: Buffer.from('[]') };
    default:
      return { kind: 'value', value: zeroOf(type) };
  }
}

function zeroOf(type: Field['type']): Fixed {
  if (type === 'Bool') return false;
  return type === 'Int64' ? 0n : 0;
}

/** Little endian. */
function storeFixed(view: DataView, at: number, type: Field['type'], value: Fixed): void {
  if (type === 'Int64') view.setBigInt64(at, value as bigint, true);
  else if (type === 'Double') view.setFloat64(at, value as number, true);
  else if (type === 'Float') view.setFloat32(at, value as number, true);
  else if (type === 'Int32') view.setInt32(at, value as number, true);
  else if (type === 'Int16') view.setInt16(at, value as number, true);
  else if (type === 'Int8') view.setInt8(at, value as number);
  else if (type === 'Bool') view.setUint8(at, value === true ? 1 : 0);
  else throw new TypeError(`values of ${type} have no fixed width`);
}
