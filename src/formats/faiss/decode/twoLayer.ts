/** Two-layer codes (Ix2L): each row names its list, little-endian, and adds a product code to that list's centroid. */
import { MigrateError } from '../../../core/errors.ts';
import type { Centroids, ProductQuantiser } from '../model.ts';
import { addToRows, type CentroidOf } from './centroids.ts';
import type { DecodeFloats, Lookup } from './decoder.ts';
import { openProduct, productRecord } from './product.ts';

interface TwoLayer {
  readonly quantiser: ProductQuantiser;
  readonly listBytes: number;
  readonly centroids: Centroids;
}

/** Errors: E_FAISS where a code names a list that is not there. */
export function openTwoLayer(
  { quantiser, listBytes, centroids: { count } }: TwoLayer,
  centroidOf: CentroidOf,
  lookup: Lookup,
): DecodeFloats {
  const { d } = quantiser;
  const codeBytes = productRecord(quantiser);
  const record = listBytes + codeBytes;
  const decode = openProduct(quantiser, lookup, { record: codeBytes });
  const code = new Uint8Array(codeBytes);
  return ({ codes, codesAt = 0, first, rows }, out) => {
    for (let row = 0; row < rows; row++) {
      const at = (first + row) * record;
      const to = out.subarray(row * d, (row + 1) * d);
      code.set(codes.subarray(at + listBytes, at + record));
      decode({ codes: code, first: 0, rows: 1, list: 0 }, to);
      const list = numberAt(codes, at, listBytes);
      if (list >= count) throw noSuchList(list, count, codesAt + at);
      addToRows(centroidOf(list), 1, to);
    }
  };
}

function noSuchList(list: number, count: number, offset: number): MigrateError {
  return new MigrateError('E_FAISS', 'a code names a list that the index does not have', {
    at: { offset, field: 'list' },
    found: `list ${list}`,
    wanted: `0 to ${count - 1}`,
    hint: 'the index is damaged: copy it again, or write it anew with faiss',
  });
}

/** Up to 6 bytes make a safe integer; more bytes than that are 0 in any index that fits a disk. */
function numberAt(codes: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let index = bytes - 1; index >= 0; index--) value = value * 256 + codes[at + index]!;
  return value;
}
