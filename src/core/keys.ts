/** Primary keys: of Int64 (bigint), or of VarChar (string). As text in records: digits, or the text itself. */
import { type Batch, columnOf, int64s, valueAt } from './batch.ts';
import type { Key } from './contracts.ts';
import { primaryKeyOf, type Schema } from './schema.ts';

/** A key from its text in a record. */
export function parseKey(schema: Schema, text: string): Key {
  return primaryKeyOf(schema).type === 'Int64' ? BigInt(text) : text;
}

/** The keys of a batch's rows, in a form that a task takes. */
export function keysOf(schema: Schema, batch: Batch): BigInt64Array | readonly string[] {
  const { name, type } = primaryKeyOf(schema);
  const column = columnOf(batch, name);
  if (type === 'Int64') return int64s(column);
  return Array.from({ length: batch.rows }, (_, row) => Buffer.from(valueAt(column, row)).toString('utf8'));
}

/** The key of one row as text. */
export function keyText(schema: Schema, batch: Batch, row: number): string {
  const { name, type } = primaryKeyOf(schema);
  const column = columnOf(batch, name);
  const bytes = valueAt(column, row);
  if (type !== 'Int64') return Buffer.from(bytes).toString('utf8');
  return String(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
}
