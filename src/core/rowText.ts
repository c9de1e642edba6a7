/** A row, or a value, as JSON text for people and files of rejects: 64-bit numbers with all digits, NaN and infinity as texts. */
import { type Batch, type Column, columnOf, isNull, valueAt } from './batch.ts';
import type { Field, Schema } from './schema.ts';

export function rowText(schema: Schema, batch: Batch, row: number): string {
  const members = schema.fields.map((field) => {
    const column = columnOf(batch, field.name);
    return `${JSON.stringify(field.name)}:${valueText(field, column, row)}`;
  });
  return `{${members.join(',')}}`;
}

export function valueText(field: Field, column: Column, row: number): string {
  if (isNull(column, row)) return 'null';
  const value = valueAt(column, row);
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  switch (field.type) {
    case 'Bool':
      return String(view.getUint8(0) !== 0);
    case 'Int8':
      return String(view.getInt8(0));
    case 'Int16':
      return String(view.getInt16(0, true));
    case 'Int32':
      return String(view.getInt32(0, true));
    case 'Int64':
      return String(view.getBigInt64(0, true));
    case 'Float':
      return numberText(view.getFloat32(0, true));
    case 'Double':
      return numberText(view.getFloat64(0, true));
    case 'VarChar':
      return JSON.stringify(Buffer.from(value).toString('utf8'));
    case 'JSON':
    case 'Array':
      return Buffer.from(value).toString('utf8');
    case 'FloatVector':
      return `[${Array.from({ length: field.dim }, (_, index) => numberText(view.getFloat32(4 * index, true))).join(',')}]`;
    case 'BinaryVector':
      return `[${value.join(',')}]`;
  }
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  return Object.is(value, -0) ? '-0.0' : String(value);
}
