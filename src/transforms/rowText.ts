/** A row as JSON text, exact: for the reject file. */
import { type Batch, type Column, columnOf, isNull, valueAt } from '../core/batch.ts';
import type { Field, Schema } from '../core/schema.ts';
import { readTexts, readValues } from './columns.ts';

/**
 * `{"id":1,"vector":[0.5,"NaN"],…}`: whole numbers with all their digits, a float32 as the double that it is, values that
 * JSON has no number for as strings, BinaryVector as its bytes, JSON and Array as they stand.
 */
export function rowText(schema: Schema, batch: Batch, row: number): string {
  const members = schema.fields.map((field) => {
    const column = columnOf(batch, field.name);
    return `${JSON.stringify(field.name)}:${isNull(column, row) ? 'null' : valueText(field, column, row)}`;
  });
  return `{${members.join(',')}}`;
}

function valueText(field: Field, column: Column, row: number): string {
  switch (field.type) {
    case 'FloatVector':
      return `[${floats(valueAt(column, row)).join(',')}]`;
    case 'BinaryVector':
      return `[${valueAt(column, row).join(',')}]`;
    case 'JSON':
    case 'Array':
      return readTexts(column)(row);
    case 'VarChar':
      return JSON.stringify(readTexts(column)(row));
    case 'Float':
    case 'Double':
      return numberText(readValues(field, column)(row) as number);
    default:
      return String(readValues(field, column)(row));
  }
}

function floats(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, at) => numberText(view.getFloat32(4 * at, true)));
}

/** JSON has no NaN and no infinity; `-0` it has. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}
