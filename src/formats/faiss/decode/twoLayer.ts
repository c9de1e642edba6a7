/** Two-layer codes (Ix2L): each row names its list, little-endian, and adds a product code to that list's centroid. */
import type { ProductQuantiser } from '../model.ts';
import { addToRows, type CentroidOf } from './centroids.ts';
import type { DecodeFloats, Lookup } from './decoder.ts';
import { openProduct, productRecord } from './product.ts';

export function openTwoLayer(
  { quantiser, listBytes }: { quantiser: ProductQuantiser; listBytes: number },
  centroidOf: CentroidOf,
  lookup: Lookup,
): DecodeFloats {
  const { d } = quantiser;
  const codeBytes = productRecord(quantiser);
  const record = listBytes + codeBytes;
  const decode = openProduct(quantiser, lookup, { record: codeBytes });
  const code = new Uint8Array(codeBytes);
  return ({ codes, first, rows }, out) => {
    for (let row = 0; row < rows; row++) {
      const at = (first + row) * record;
      const to = out.subarray(row * d, (row + 1) * d);
      code.set(codes.subarray(at + listBytes, at + record));
      decode({ codes: code, first: 0, rows: 1, list: 0 }, to);
      addToRows(centroidOf(numberAt(codes, at, listBytes)), 1, to);
    }
  };
}

/** Up to 6 bytes make a safe integer; more bytes than that are 0 in any index that fits a disk. */
function numberAt(codes: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let index = bytes - 1; index >= 0; index--) value = value * 256 + codes[at + index]!;
  return value;
}
