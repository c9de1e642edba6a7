/** Rows by column, as views into a slab. */

export interface Column {
  readonly field: string;
  /** Bytes of one value. */
  readonly rowBytes: number;
  /** Exactly rows × rowBytes bytes, little endian, a view into the slab (8-byte aligned at its start). */
  readonly bytes: Uint8Array;
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
  /** What the rows are in the source, for messages: a segment id, a file name. */
  readonly origin: string;
}

/** The column of `field`. */
export function columnOf(batch: Batch, field: string): Column {
  const column = batch.columns.find((candidate) => candidate.field === field);
  if (column === undefined) throw new TypeError(`the batch has no column ${field}`);
  return column;
}

/** Int64 values of a column, as a view. */
export function int64s(column: Column): BigInt64Array {
  return new BigInt64Array(column.bytes.buffer, column.bytes.byteOffset, column.bytes.byteLength / 8);
}
