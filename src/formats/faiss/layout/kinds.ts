/** Every kind of index by its four letters: what people call it, and what reads it. */
import { additive } from './additive.ts';
import { binaryFlat, binaryFromFloat, binaryHash, binaryIvf, binaryMultiHash } from './binary.ts';
import { additiveFastScan, productFastScan } from './fastScan.ts';
import { flat, flatPanorama } from './flat.ts';
import { binaryHnsw, hnsw, nnDescent, nsg } from './graphs.ts';
import {
  ivfAdditive,
  ivfAdditiveFastScan,
  ivfFlat,
  ivfFlatDedup,
  ivfFlatPanorama,
  ivfProductFastScan,
  ivfScalar,
} from './ivfCodes.ts';
import { legacyFlat, legacyProduct, legacyScalar } from './ivfLegacy.ts';
import { ivfProduct } from './ivfProduct.ts';
import { independentQuantiser, multiIndex, residualCoarse, twoLayer } from './ivfRest.ts';
import type { ReadKind } from './laid.ts';
import { product } from './product.ts';
import { ivfRabitq, rabitq } from './rabitq.ts';
import { REFUSED_CCS, refuse, refusedTitle } from './refusals.ts';
import { scalar } from './scalar.ts';
import { binaryIdMap, idMap, preTransform, refine } from './wrap.ts';

export interface KnownKind {
  readonly title: string;
  readonly read: ReadKind;
}

function of(title: string, read: ReadKind): KnownKind {
  return { title, read };
}

export const FLOAT_KINDS: Readonly<Record<string, KnownKind>> = {
  IxF2: of('flat', flat),
  IxFI: of('flat', flat),
  IxFl: of('flat', flat),
  IxFP: of('flat, panorama', flatPanorama),
  IxFp: of('flat, panorama', flatPanorama),

  IxMp: of('id map', idMap),
  IxM2: of('id map, both ways', idMap),
  IxPT: of('pre-transform', preTransform),
  IxRF: of('refine', refine),
  IxRP: of('refine, panorama', refine),

  IwFl: of('IVF flat', ivfFlat),
  IwFd: of('IVF flat, equal vectors once', ivfFlatDedup),
  IwPn: of('IVF flat, panorama', ivfFlatPanorama),
  IwP2: of('IVF flat, panorama', ivfFlatPanorama),
  IwSQ: of('IVF, scalar quantiser', ivfScalar),
  IwSq: of('IVF, scalar quantiser', ivfScalar),
  IwPQ: of('IVF, product quantiser', ivfProduct),
  IwQR: of('IVF, product quantiser, refined', ivfProduct),
  IwPf: of('IVF, product quantiser, fast scan', ivfProductFastScan),
  IwRQ: of('IVF, residual quantiser', ivfAdditive),
  IwLS: of('IVF, local search quantiser', ivfAdditive),
  IwPR: of('IVF, product of residual quantisers', ivfAdditive),
  IwPL: of('IVF, product of local search quantisers', ivfAdditive),
  IVRf: of('IVF, residual quantiser, fast scan', ivfAdditiveFastScan),
  IVLf: of('IVF, local search quantiser, fast scan', ivfAdditiveFastScan),
  NPRf: of('IVF, product of residual quantisers, fast scan', ivfAdditiveFastScan),
  NPLf: of('IVF, product of local search quantisers, fast scan', ivfAdditiveFastScan),
  IvFl: of('IVF flat, old form', legacyFlat),
  IvFL: of('IVF flat, old form', legacyFlat),
  IvSQ: of('IVF, scalar quantiser, old form', legacyScalar),
  IvPQ: of('IVF, product quantiser, old form', legacyProduct),
  IvQR: of('IVF, product quantiser, refined, old form', legacyProduct),
  IwIQ: of('IVF, independent quantiser', independentQuantiser),
  Imiq: of('multi-index (centroids by rule)', multiIndex),
  ImRQ: of('residual coarse quantiser (centroids by rule)', residualCoarse),

  IxSQ: of('scalar quantiser', scalar),
  IxPq: of('product quantiser', product),
  IxPo: of('product quantiser, old form', product),
  IxPQ: of('product quantiser, old form', product),
  IPfs: of('product quantiser, fast scan', productFastScan),
  IxRQ: of('residual quantiser, old form', additive),
  IxRq: of('residual quantiser', additive),
  IxLS: of('local search quantiser', additive),
  IxPR: of('product of residual quantisers', additive),
  IxPL: of('product of local search quantisers', additive),
  IRfs: of('residual quantiser, fast scan', additiveFastScan),
  ILfs: of('local search quantiser, fast scan', additiveFastScan),
  IPRf: of('product of residual quantisers, fast scan', additiveFastScan),
  IPLf: of('product of local search quantisers, fast scan', additiveFastScan),
  Ix2L: of('two layers: list and product quantiser', twoLayer),
  Ixrq: of('RaBitQ', rabitq),
  Ixrr: of('RaBitQ, several bits', rabitq),
  Iwrq: of('IVF, RaBitQ', ivfRabitq),
  Iwrr: of('IVF, RaBitQ, several bits', ivfRabitq),

  IHNf: of('HNSW flat', hnsw),
  IHNs: of('HNSW, scalar quantiser', hnsw),
  IHNp: of('HNSW, product quantiser', hnsw),
  IHN2: of('HNSW, two layers', hnsw),
  IH00: of('HNSW', hnsw),
  IHfP: of('HNSW flat, panorama', hnsw),
  IHNc: of('HNSW, made on a GPU', hnsw),
  IHc2: of('HNSW, made on a GPU', hnsw),
  INSf: of('NSG flat', nsg),
  INSs: of('NSG, scalar quantiser', nsg),
  INSp: of('NSG, product quantiser', nsg),
  INNf: of('NN-descent flat', nnDescent),

  ...Object.fromEntries(REFUSED_CCS.map((cc) => [cc, of(refusedTitle(cc), refuse)])),
};

export const BINARY_KINDS: Readonly<Record<string, KnownKind>> = {
  IBxF: of('binary flat', binaryFlat),
  IBwF: of('binary IVF', binaryIvf),
  IBMp: of('binary id map', binaryIdMap),
  IBM2: of('binary id map, both ways', binaryIdMap),
  IBHf: of('binary HNSW', binaryHnsw),
  IBHc: of('binary HNSW, made on a GPU', binaryHnsw),
  IBFf: of('binary over a float index', binaryFromFloat),
  IBHh: of('binary hash', binaryHash),
  IBHm: of('binary multi-hash', binaryMultiHash),
};
