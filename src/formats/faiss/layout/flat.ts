/** Flat indexes: IxF2, IxFI, IxFl (rows of float32) and IxFP, IxFp (the same floats by levels). */

import type { Codec, FaissMetric } from '../model.ts';
import type { Reading } from './cursor.ts';
import { header, L2, LARGEST_D, rowCount, someDimensions } from './headers.ts';
import { type Body, floatRows, type Kind, type Walk } from './laid.ts';

export function* flat(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  const { d, rows, metric } = yield* header(walk);
  someDimensions(cursor, { d, rows });
  const countAt = cursor.at;
  // The one code array that counts 4-byte words.
  const codes = yield* cursor.vec(4, 'codes');
  cursor.same('codes', codes.count, rows * d, countAt);
  const storage = { kind: 'rows', at: codes.at, record: 4 * d } as const;
  const holds = floatRows({ d, rows, storage, codec: { kind: 'float32' } });
  return { d, rows, metric, facts: {}, children: [], holds };
}

/** IxFP (L2), IxFp (inner product): fields of its own in place of the header. */
export function* flatPanorama(walk: Walk, { cc }: Kind): Reading<Body> {
  const { cursor } = walk;
  const d = yield* cursor.i32('d');
  if (d < 0 || d > LARGEST_D) throw cursor.wrong('d', d, `0 to ${LARGEST_D}`, cursor.at - 4);
  const { levels, batch } = yield* panoramaShape(walk, d, true);
  const rows = yield* rowCount(cursor);
  someDimensions(cursor, { d, rows });
  yield* cursor.bool('is_trained');
  const metric: FaissMetric = cc === 'IxFp' ? { code: 0, name: 'inner product', argument: undefined } : L2;
  walk.saw({ d, rows, metric });
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'codes');
  const blockBytes = batch * 4 * d;
  cursor.same('codes', codes.count, Math.ceil(rows / batch) * blockBytes, countAt);
  yield* cursor.vec(4, 'cum_sums');
  const storage = { kind: 'blocks', at: codes.at, blockRows: batch, blockBytes } as const;
  const holds = floatRows({ d, rows, storage, codec: panoramaCodec(levels, batch) });
  return { d, rows, metric, facts: { levels, batch }, children: [], holds };
}

/** Levels of panorama, and rows of a batch, 128 where the file does not say. */
export function* panoramaShape(
  { cursor }: Walk,
  d: number,
  saysBatch: boolean,
): Reading<{ readonly levels: number; readonly batch: number }> {
  const levels = yield* cursor.count('n_levels');
  if (levels < 1 || levels > Math.max(1, d)) throw cursor.wrong('n_levels', levels, `1 to ${d}`, cursor.at - 8);
  if (!saysBatch) return { levels, batch: 128 };
  const batch = yield* cursor.count('batch_size');
  // Faiss takes 128; a whole batch has to lie in the file, or in memory while it is decoded.
  if (batch < 1 || batch > 2 ** 20) throw cursor.wrong('batch_size', batch, '1 to 1,048,576', cursor.at - 8);
  return { levels, batch };
}

export function panoramaCodec(levels: number, batch: number): Codec {
  return { kind: 'panorama', levels, batch };
}
