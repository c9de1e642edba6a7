/** Takes rows out of a batch, in place, by moving the runs between them. */
import type { Batch, Column } from './batch.ts';

/**
 * The batch without the rows of `gone`.
 * @param gone ordinals in the batch, ascending, without duplicates
 */
export function withoutRows(batch: Batch, gone: readonly number[]): Batch {
  if (gone.length === 0) return batch;
  const rows = batch.rows - gone.length;
  return { ...batch, rows, columns: batch.columns.map((column) => compact(column, batch.rows, gone)) };
}

function compact(column: Column, rows: number, gone: readonly number[]): Column {
  const { bytes, rowBytes } = column;
  let to = gone[0]! * rowBytes;
  for (let index = 0; index < gone.length; index++) {
    const from = (gone[index]! + 1) * rowBytes;
    const end = (gone[index + 1] ?? rows) * rowBytes;
    bytes.copyWithin(to, from, end);
    to += end - from;
  }
  return { ...column, bytes: bytes.subarray(0, to) };
}
