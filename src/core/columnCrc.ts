/**
 * CRC-32 of a column over all batches of a partition: the same whatever the batches' sizes, so that a second read of the
 * source can be compared with the first.
 */
import { type Column, isNull } from './batch.ts';
import { crc32 } from './crc32.ts';
import { type Field, fixedBytes } from './schema.ts';

export interface ColumnCrc {
  add(column: Column, rows: number): void;
  value(): number;
}

/** Fields of fixed width that are never null: the CRC-32 of their bytes. Others: that and the one of their lengths, mixed. */
export function createColumnCrc(field: Field): ColumnCrc {
  const plain = fixedBytes(field) !== undefined && field.nullable !== true;
  let bytes = 0;
  let lengths = 0;
  return {
    add(column, rows) {
      bytes = crc32(column.bytes, bytes);
      if (!plain) lengths = crc32(lengthsOf(column, rows), lengths);
    },
    // Rotated: the two of the same bytes would cancel each other out.
    value: () => (plain ? bytes : (bytes ^ ((lengths << 1) | (lengths >>> 31))) >>> 0),
  };
}

const NULL = 0xffff_ffff;

/** One u32 a row: the length of its value, or that it has none. */
function lengthsOf(column: Column, rows: number): Uint8Array {
  const { offsets, rowBytes } = column;
  const lengths = Uint32Array.from({ length: rows }, (_, row) => {
    if (isNull(column, row)) return NULL;
    return offsets === undefined ? rowBytes : offsets[row + 1]! - offsets[row]!;
  });
  return new Uint8Array(lengths.buffer);
}
