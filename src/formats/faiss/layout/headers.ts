/** The headers that most kinds begin with: float 33 or 37 bytes, binary 21 bytes (Faiss, impl/index_read.cpp). */
import type { FaissMetric } from '../model.ts';
import type { Cursor, Reading } from './cursor.ts';
import type { Walk } from './laid.ts';

/** Faiss's own limit. */
export const LARGEST_D = 2 ** 20;

export interface Header {
  readonly d: number;
  readonly rows: number;
  /** Whether its tables must be there: it was trained, or it has rows, which could not be decoded without. */
  readonly trained: boolean;
  readonly metric: FaissMetric;
}

export interface BinaryHeader extends Header {
  /** d / 8. */
  readonly codeBytes: number;
}

const METRICS: Readonly<Record<number, string>> = {
  0: 'inner product',
  1: 'L2',
  2: 'L1',
  3: 'Linf',
  4: 'Lp',
  20: 'Canberra',
  21: 'BrayCurtis',
  22: 'JensenShannon',
  23: 'Jaccard',
  24: 'NaNEuclidean',
  25: 'Gower',
};

const JACCARD = 23;

export const L2: FaissMetric = { code: 1, name: 'L2', argument: undefined };

export function* header(walk: Walk): Reading<Header> {
  const { cursor } = walk;
  const d = yield* dimensions(cursor, 'd');
  const rows = yield* rowCount(cursor);
  // Two unused numbers.
  cursor.skip(16, 'filler');
  const trained = yield* trainedOrFilled(cursor, rows);
  const metric = yield* metricOf(cursor, 'float');
  const found = { d, rows, trained, metric };
  walk.saw(found);
  return found;
}

export function* binaryHeader(walk: Walk): Reading<BinaryHeader> {
  const { cursor } = walk;
  const d = yield* dimensions(cursor, 'd');
  if (d === 0 || d % 8 !== 0) throw cursor.wrong('d', d, 'a multiple of 8 bits', cursor.at - 4);
  const codeBytes = yield* cursor.i32('code_size');
  cursor.same('code_size', codeBytes, d / 8, cursor.at - 4);
  const rows = yield* rowCount(cursor);
  const trained = yield* trainedOrFilled(cursor, rows);
  const metric = yield* metricOf(cursor, 'binary');
  const found = { d, rows, trained, metric, codeBytes };
  walk.saw(found);
  return found;
}

function* trainedOrFilled(cursor: Cursor, rows: number): Reading<boolean> {
  return (yield* cursor.bool('is_trained')) || rows > 0;
}

/** A count of dimensions, as an i32. */
export function* dimensions(cursor: Cursor, field: string): Reading<number> {
  const d = yield* cursor.i32(field);
  if (d < 0 || d > LARGEST_D) throw cursor.wrong(field, d, `0 to ${LARGEST_D}`, cursor.at - 4);
  return d;
}

export function* rowCount(cursor: Cursor): Reading<number> {
  return yield* cursor.count('ntotal');
}

/** A binary index counts the bits that differ, whatever the code says (L2, mostly), but for Jaccard. */
function* metricOf(cursor: Cursor, family: 'float' | 'binary'): Reading<FaissMetric> {
  const code = yield* cursor.i32('metric');
  const name = METRICS[code];
  if (name === undefined) throw cursor.wrong('metric', code, Object.keys(METRICS).join(', '), cursor.at - 4);
  if (family === 'binary') return { code, name: code === JACCARD ? name : 'Hamming', argument: undefined };
  return { code, name, argument: code > 1 ? yield* cursor.f32('metric_arg') : undefined };
}

/** Rows of no dimensions would be rows of nothing, as many as one likes. */
export function someDimensions(cursor: Cursor, { d, rows }: { readonly d: number; readonly rows: number }): void {
  if (d === 0 && rows > 0) throw cursor.wrong('d', d, 'one dimension or more where there are rows');
}
