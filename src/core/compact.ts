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
  const { bytes, rowBytes, offsets, nulls } = column;
  const kept = nulls === undefined ? {} : { nulls: cut(nulls, gone, (row) => row, rows) };
  if (offsets === undefined) return { ...column, ...kept, bytes: cut(bytes, gone, (row) => row * rowBytes, rows) };
  // The bytes move first: they are cut by the old offsets.
  const moved = cut(bytes, gone, (row) => offsets[row]!, rows);
  return { ...column, ...kept, bytes: moved, offsets: cutOffsets(offsets, rows, gone) };
}

/** @param start offset of a row's first byte; of row `rows` that behind the last */
function cut(bytes: Uint8Array, gone: readonly number[], start: (row: number) => number, rows: number): Uint8Array {
  let to = start(gone[0]!);
  for (let index = 0; index < gone.length; index++) {
    const from = start(gone[index]! + 1);
    const end = start(gone[index + 1] ?? rows);
    bytes.copyWithin(to, from, end);
    to += end - from;
  }
  return bytes.subarray(0, to);
}

function cutOffsets(offsets: Uint32Array, rows: number, gone: readonly number[]): Uint32Array {
  let next = 0;
  let to = 0;
  let lost = 0;
  for (let row = 0; row < rows; row++) {
    const [start, end] = [offsets[row]!, offsets[row + 1]!];
    if (row === gone[next]) {
      next++;
      lost += end - start;
    } else offsets[to++] = start - lost;
  }
  offsets[to] = offsets[rows]! - lost;
  return offsets.subarray(0, to + 1);
}
