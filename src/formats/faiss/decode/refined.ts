/** A product code, and a second one for what the first left over, out of an array of its own (IwQR). */
import type { ProductQuantiser } from '../model.ts';
import type { CentroidOf } from './centroids.ts';
import type { DecodeFloats, Lookup } from './decoder.ts';
import { openProduct, productRecord } from './product.ts';

export function openRefined(
  { quantiser, second, record }: { quantiser: ProductQuantiser; second: ProductQuantiser; record: number },
  centroidOf: CentroidOf | undefined,
  lookup: Lookup,
): DecodeFloats {
  const { d } = quantiser;
  const decode = openProduct(quantiser, lookup, { record: productRecord(quantiser), centroidOf });
  const decodeSecond = openProduct(second, lookup, { record });
  let rest = new Float32Array(0);
  return (range, out) => {
    const { rows, second: codes } = range;
    if (codes === undefined) throw new TypeError('a refined code was given without its second codes');
    if (rest.length < rows * d) rest = new Float32Array(rows * d);
    decode(range, out);
    decodeSecond({ ...range, codes }, rest);
    for (let at = 0; at < rows * d; at++) out[at]! += rest[at]!;
  };
}
