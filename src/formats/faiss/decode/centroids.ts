/** Centroids of lists: rows of a table, or put together from a multi-index, whose centroid number is its code. */
import type { AdditiveQuantiser, Centroids, ProductQuantiser } from '../model.ts';
import { sumEntries } from './additive.ts';
import type { Lookup } from './decoder.ts';

/** The d floats of a list's centroid, good until the next call. RangeError where there is no such list. */
export type CentroidOf = (list: number) => Float32Array;

export function openCentroids(centroids: Centroids, d: number, lookup: Lookup): CentroidOf {
  const { count, recipe } = centroids;
  if (recipe.kind === 'multi') {
    const compose = openMultiIndex(recipe.quantiser, lookup);
    return (list) => compose(checked(list, count));
  }
  const table = lookup.centroids(centroids);
  if (table.length < count * d) throw new RangeError(`${table.length} floats for ${count} centroids of ${d}`);
  return (list) => table.subarray(checked(list, count) * d, (list + 1) * d);
}

/** The layout pass holds the lists of an inverted file to it, and the two-layer decoder the numbers in its codes. */
function checked(list: number, count: number): number {
  if (list < count) return list;
  throw new RangeError(`list ${list} of ${count}`);
}

/** The number's bits, lowest first, are one code field after the other. Numbers may be above 2^32. */
function openMultiIndex(quantiser: ProductQuantiser | AdditiveQuantiser, lookup: Lookup): CentroidOf {
  const out = new Float32Array(quantiser.d);
  const compose = quantiser.kind === 'product' ? joinEntries(quantiser, lookup) : sumEntries(quantiser, lookup);
  const widths = quantiser.kind === 'product' ? Array<number>(quantiser.M).fill(quantiser.nbits) : quantiser.nbits;
  const fields = new Uint32Array(widths.length);
  return (list) => {
    let left = list;
    for (let index = 0; index < fields.length; index++) {
      const size = 2 ** widths[index]!;
      fields[index] = left % size;
      left = Math.floor(left / size);
    }
    compose(fields, 1, out);
    return out;
  };
}

function joinEntries({ d, M, nbits, centroids }: ProductQuantiser, lookup: Lookup) {
  const table = lookup.table(centroids) as Float32Array;
  const wide = d / M;
  return (fields: Uint32Array, _rows: number, out: Float32Array): void => {
    for (let m = 0; m < M; m++) {
      const at = (m * 2 ** nbits + fields[m]!) * wide;
      out.set(table.subarray(at, at + wide), m * wide);
    }
  };
}

/** Adds the centroid to each of the rows: sums of two floats, rounded once, as faiss does. */
export function addToRows(centroid: Float32Array, rows: number, out: Float32Array): void {
  const d = centroid.length;
  let at = 0;
  for (let row = 0; row < rows; row++) for (let i = 0; i < d; i++, at++) out[at]! += centroid[i]!;
}
