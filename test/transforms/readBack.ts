/** Batches as rows of plain values, for comparing. */
import assert from 'node:assert/strict';
import { type Batch, isNull, valueAt } from '../../src/core/batch.ts';
import type { Field, Schema } from '../../src/core/schema.ts';
import type { TransformStep } from '../../src/core/transformSteps.ts';
import { readTexts, readValues } from '../../src/transforms/columns.ts';
import { openSteps, planSteps } from '../../src/transforms/index.ts';
import { batchOf, EVERY_TYPE, type Row } from '../encoders/rows.ts';

export type PlainRow = Readonly<Record<string, unknown>>;

/** Rows through steps, planned and run. @param built what the batch is built as, where that is not its schema */
export async function through(
  steps: readonly TransformStep[],
  rows: readonly Row[],
  schema: Schema = EVERY_TYPE,
  built: Schema = schema,
): Promise<{ readonly batch: Batch; readonly schema: Schema; readonly rows: readonly PlainRow[] }> {
  const after = await planSteps(schema, steps, 'things');
  const transform = await openSteps(schema, steps);
  const batch = await transform(batchOf(built, rows));
  return { batch, schema: after, rows: rowsOf(after, batch) };
}

/** As test/encoders/rows.ts has rows, but small integers as bigint, JSON and Array as their text. */
export function rowsOf(schema: Schema, batch: Batch): PlainRow[] {
  assert.deepEqual(
    batch.columns.map(({ field }) => field),
    schema.fields.map(({ name }) => name),
    'columns in the order of the schema',
  );
  for (const column of batch.columns) {
    if (column.offsets === undefined) assert.equal(column.bytes.length, batch.rows * column.rowBytes, column.field);
    else assert.equal(column.offsets.length, batch.rows + 1, column.field);
    if (column.nulls !== undefined) assert.equal(column.nulls.length, batch.rows, column.field);
  }
  return Array.from({ length: batch.rows }, (_, row) =>
    Object.fromEntries(schema.fields.map((field, at) => [field.name, plain(field, batch.columns[at]!, row)])),
  );
}

function plain(field: Field, column: Batch['columns'][number], row: number): unknown {
  if (isNull(column, row)) return null;
  switch (field.type) {
    case 'FloatVector':
      return Array.from(new Float32Array(Uint8Array.from(valueAt(column, row)).buffer));
    case 'BinaryVector':
      return Array.from(valueAt(column, row));
    case 'VarChar':
    case 'JSON':
    case 'Array':
      return readTexts(column)(row);
    default:
      return readValues(field, column)(row);
  }
}
