/** Flat Faiss index files that a test writes itself: of known rows, or of any size in a sparse file. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Bytes before the rows: `IxF2`, the header, the number of 4-byte words (faiss, write_index). */
const ROWS_AT = 45;

function writeStart(file: string, { rows, d }: { rows: number; d: number }): number {
  const start = new Uint8Array(ROWS_AT);
  const view = new DataView(start.buffer);
  start.set(Buffer.from('IxF2'));
  view.setInt32(4, d, true);
  view.setBigInt64(8, BigInt(rows), true);
  view.setUint8(32, 1);
  view.setInt32(33, 1, true);
  view.setBigUint64(37, BigInt(rows) * BigInt(d), true);
  const fd = openSync(file, 'w');
  writeSync(fd, start);
  return fd;
}

/** Zeros, which take no space. */
export function writeSparseFlat(file: string, shape: { rows: number; d: number }): void {
  const fd = writeStart(file, shape);
  ftruncateSync(fd, ROWS_AT + shape.rows * shape.d * 4);
  closeSync(fd);
}

/** @returns the rows: component j of row i is i + j / d */
export function writeFlat(
  file: string,
  { rows, d }: { rows: number; d: number },
): { ids: BigInt64Array; vectors: Uint8Array } {
  const values = Float32Array.from({ length: rows * d }, (_, at) => Math.floor(at / d) + (at % d) / d);
  const vectors = new Uint8Array(values.buffer);
  const fd = writeStart(file, { rows, d });
  for (let done = 0; done < vectors.length; ) done += writeSync(fd, vectors, done);
  closeSync(fd);
  return { ids: BigInt64Array.from({ length: rows }, (_, row) => BigInt(row)), vectors };
}
