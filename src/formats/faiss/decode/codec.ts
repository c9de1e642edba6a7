/** The decoder of each codec: one visible table. */
import type { AdditiveQuantiser, Centroids, Codec } from '../model.ts';
import { openAdditive, sumEntries } from './additive.ts';
import { addToRows, type CentroidOf, openCentroids } from './centroids.ts';
import type { DecodeFloats, Lookup } from './decoder.ts';
import { unpackBlocks } from './fastScan.ts';
import { openFloat32, openPanorama } from './plain.ts';
import { openJoin, openProduct } from './product.ts';
import { openRabitq } from './rabitq.ts';
import { openRefined } from './refined.ts';
import { openScalar } from './scalar.ts';
import { openTwoLayer } from './twoLayer.ts';

export interface CodecPlace {
  /** Dimensions of what the codec gives. */
  readonly d: number;
  /** Bytes of a row's code; for codecs that have blocks, anything. */
  readonly record: number;
  readonly lookup: Lookup;
}

/** Errors: TypeError for the codecs whose rows are bits. */
export function openCodec(codec: Codec, { d, record, lookup }: CodecPlace): DecodeFloats {
  switch (codec.kind) {
    case 'float32':
      return openFloat32(d);
    case 'panorama':
      return openPanorama(d, codec);
    case 'scalar':
      return withCentroid(openScalar(codec, d, lookup), centroidOf(codec.residual, d, lookup));
    case 'product':
      return openProduct(codec.quantiser, lookup, { record, centroidOf: centroidOf(codec.residual, d, lookup) });
    case 'additive':
      return withCentroid(openAdditive(codec.quantiser, record, lookup), centroidOf(codec.residual, d, lookup));
    case 'fastScan':
      return openFastScan(codec, centroidOf(codec.residual, d, lookup), lookup);
    case 'refined':
      return openRefined(codec, centroidOf(codec.residual, d, lookup), lookup);
    case 'twoLayer':
      return openTwoLayer(codec, openCentroids(codec.centroids, d, lookup), lookup);
    case 'rabitq': {
      const center = codec.center.count === 0 ? new Float32Array(0) : (lookup.table(codec.center) as Float32Array);
      return withCentroid(openRabitq(d, { record, center }), centroidOf(codec.residual, d, lookup));
    }
    case 'bits':
    case 'signs':
      throw new TypeError(`codec ${codec.kind} gives bits, not floats`);
  }
}

function centroidOf(residual: Centroids | undefined, d: number, lookup: Lookup): CentroidOf | undefined {
  return residual === undefined ? undefined : openCentroids(residual, d, lookup);
}

function withCentroid(decode: DecodeFloats, centroid: CentroidOf | undefined): DecodeFloats {
  if (centroid === undefined) return decode;
  return (range, out) => {
    decode(range, out);
    addToRows(centroid(range.list), range.rows, out);
  };
}

function openFastScan(
  { bbs, blockBytes, quantiser }: Codec & { kind: 'fastScan' },
  centroid: CentroidOf | undefined,
  lookup: Lookup,
): DecodeFloats {
  const fields = quantiser.kind === 'product' ? quantiser.M : quantiser.nbits.length;
  const finish = quantiser.kind === 'product' ? openJoin(quantiser, lookup) : openSum(quantiser, lookup);
  let bytes = new Uint8Array(0);
  return (range, out) => {
    const { rows, list } = range;
    if (bytes.length < rows * fields) bytes = new Uint8Array(rows * fields);
    unpackBlocks({ bbs, blockBytes, fields }, range, bytes);
    finish({ codes: bytes, first: 0, rows }, out, centroid?.(list));
  };
}

function openSum(quantiser: AdditiveQuantiser, lookup: Lookup): ReturnType<typeof openJoin> {
  const sum = sumEntries(quantiser, lookup);
  const fields = quantiser.nbits.length;
  let words = new Uint32Array(0);
  return ({ codes, rows }, out, centroid) => {
    if (words.length < rows * fields) words = new Uint32Array(rows * fields);
    for (let at = 0; at < rows * fields; at++) words[at] = codes[at]!;
    sum(words, rows, out);
    if (centroid !== undefined) addToRows(centroid, rows, out);
  };
}
