/** Schemas and batches for tests of targets: random rows in shared memory, as the slabs are. */
import { randomFillSync } from 'node:crypto';
import type { Batch } from '../../src/core/batch.ts';
import { rowBytes, type Schema } from '../../src/core/schema.ts';

export const LOWEST = -(2n ** 63n);
export const HIGHEST = 2n ** 63n - 1n;

export function floatSchema(dim: number): Schema {
  return {
    metric: 'L2',
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      { name: 'data', type: 'FloatVector', primaryKey: false, dim },
    ],
  };
}

export function binarySchema(dim: number): Schema {
  return {
    metric: 'HAMMING',
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      { name: 'data', type: 'BinaryVector', primaryKey: false, dim },
    ],
  };
}

export function batchOf(schema: Schema, ids: readonly bigint[]): Batch {
  const rows = ids.length;
  const vectorBytes = rowBytes(schema) - 8;
  const memory = new SharedArrayBuffer(rows * (8 + vectorBytes));
  new BigInt64Array(memory, 0, rows).set(ids);
  const vectors = new Uint8Array(memory, rows * 8);
  if (schema.metric === 'HAMMING') randomFillSync(vectors);
  else
    new Float32Array(memory, rows * 8).set(
      Float32Array.from({ length: rows * (vectorBytes / 4) }, () => Math.random()),
    );
  return {
    rows,
    read: rows,
    deleted: 0,
    dropped: 0,
    origin: 'test',
    columns: [
      { field: 'id', rowBytes: 8, bytes: new Uint8Array(memory, 0, rows * 8) },
      { field: 'data', rowBytes: vectorBytes, bytes: vectors },
    ],
  };
}

/** Bytes of the vector in that row. */
export function vectorAt(batch: Batch, row: number): Uint8Array {
  const { bytes, rowBytes: width } = batch.columns[1]!;
  return bytes.slice(row * width, (row + 1) * width);
}
