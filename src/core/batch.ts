/** Rows by column, as views into a slab. */

export interface Column {
  readonly field: string;
  /** Bytes of one value; 0 where values have different lengths (`offsets`). */
  readonly rowBytes: number;
  /**
   * A view into the slab, 8-byte aligned at its start. Fixed width: exactly rows × rowBytes bytes, little endian, a Bool
   * one byte (0 or 1). Else the values one behind the other: VarChar as UTF-8, JSON as its text, Array as the text of a
   * JSON array.
   */
  readonly bytes: Uint8Array;
  /** Where values have different lengths: rows + 1 offsets into `bytes`, the first 0, the last its length. */
  readonly offsets?: Uint32Array;
  /** One byte a row: not 0 where the row has no value (its bytes are zeros, or it has none). Absent: all have one. */
  readonly nulls?: Uint8Array;
}

/**
 * A batch lives in one slab of the worker's ring and is valid until the consumer asks for the next one (or, when it
 * travels to another thread, until that thread releases the slab).
 */
export interface Batch {
  readonly rows: number;
  /** In the order of the schema's fields. */
  readonly columns: readonly Column[];
  /** Rows of the source that were looked at for this batch, deleted ones included. */
  readonly read: number;
  /** Of `read`, the rows left out because the source says that they are deleted. */
  readonly deleted: number;
  /** Of `read`, the rows left out as duplicates (`--on-duplicate first`). */
  readonly dropped: number;
  /** Of `read`, the rows that a filter left out. Absent: none. */
  readonly filtered?: number | undefined;
  /** Of `read`, the rows that can't be rows of the schema, whole and with the reason. Absent: none. */
  readonly refused?: readonly RefusedRow[] | undefined;
  /** Values of the batch's rows that were changed on the way, as named counts: «title: text cut» → 3. Absent: none. */
  readonly changes?: Readonly<Record<string, number>> | undefined;
  /** True where the snapshot that it was planned from is gone: documents changed since then are missing. Absent: false. */
  readonly withoutSnapshot?: boolean | undefined;
  /** What the rows are in the source, for messages: a segment id, a file name, an index. */
  readonly origin: string;
}

/** A row of the source that can't be one of the target's. */
export interface RefusedRow {
  /** As text: decimal digits, or the id. */
  readonly key: string;
  /** «price: found \"abc\", wanted a number within a Float». */
  readonly reason: string;
  /** The whole row as JSON text, as the source has it: it goes to the reject file. */
  readonly row: string;
}

/** The column of `field`. */
export function columnOf(batch: Batch, field: string): Column {
  const column = batch.columns.find((candidate) => candidate.field === field);
  if (column === undefined) throw new TypeError(`the batch has no column ${field}`);
  return column;
}

/** The bytes of one value. */
export function valueAt({ bytes, rowBytes, offsets }: Column, row: number): Uint8Array {
  if (offsets === undefined) return bytes.subarray(row * rowBytes, (row + 1) * rowBytes);
  return bytes.subarray(offsets[row]!, offsets[row + 1]!);
}

/** Whether the row has no value. */
export function isNull({ nulls }: Column, row: number): boolean {
  return nulls !== undefined && nulls[row] !== 0;
}

/** Int64 values of a column, as a view. */
export function int64s(column: Column): BigInt64Array {
  return new BigInt64Array(column.bytes.buffer, column.bytes.byteOffset, column.bytes.byteLength / 8);
}

/** `rows` of the batch's rows, from `from` on, as views. */
export function sliceBatch(batch: Batch, from: number, rows: number): Batch {
  const columns = batch.columns.map((column) => sliceColumn(column, from, from + rows));
  return { ...batch, rows, columns, read: rows };
}

function sliceColumn(column: Column, from: number, to: number): Column {
  const { bytes, rowBytes, offsets, nulls } = column;
  const kept = nulls === undefined ? {} : { nulls: nulls.subarray(from, to) };
  if (offsets === undefined) return { ...column, ...kept, bytes: bytes.subarray(from * rowBytes, to * rowBytes) };
  const start = offsets[from]!;
  return {
    ...column,
    ...kept,
    bytes: bytes.subarray(start, offsets[to]!),
    // The first offset is 0 always.
    offsets: offsets.subarray(from, to + 1).map((offset) => offset - start),
  };
}
