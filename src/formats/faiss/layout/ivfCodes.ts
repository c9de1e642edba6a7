/** The kinds of inverted files by what their lists hold. Field order and flags: Faiss, impl/index_read.cpp. */
import type { Codec } from '../model.ts';
import { type AdditiveFamily, additiveQuantiser } from './additive.ts';
import type { Reading } from './cursor.ts';
import { blockRows, evenlyUp, fourBitFields } from './fastScan.ts';
import { panoramaCodec, panoramaShape } from './flat.ts';
import { type Entries, ivfBody, ivfHeader } from './ivf.ts';
import type { Body, Kind, Walk } from './laid.ts';
import { productQuantiser } from './product.ts';
import { residualLosses, type ScalarLaid, scalarCodec, scalarQuantiser } from './scalar.ts';

const ROWS = { kind: 'rows' } as const;

export function plainEntries(d: number): Entries {
  const codec = (): Codec => ({ kind: 'float32' });
  return { shape: ROWS, record: 4 * d, codec, residual: false, losses: [], facts: {} };
}

export function* ivfFlat(walk: Walk, kind: Kind): Reading<Body> {
  const head = yield* ivfHeader(walk);
  return yield* ivfBody(walk, kind, head, plainEntries(head.d));
}

/** IwFd: one entry for vectors that are equal, and pairs (id of an entry, id of a row that equals it). */
export function* ivfFlatDedup(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* ivfHeader(walk);
  const countAt = cursor.at;
  const pairs = yield* cursor.vec(8, 'instances');
  if (pairs.count % 2 !== 0) throw cursor.wrong('instances', pairs.count, 'pairs of ids', countAt);
  const duplicates = { at: pairs.at, count: pairs.count / 2 };
  const facts = { duplicates: duplicates.count };
  return yield* ivfBody(walk, kind, head, { ...plainEntries(head.d), facts, duplicates });
}

/** IwP2 says the batch, IwPn does not. */
export function* ivfFlatPanorama(walk: Walk, kind: Kind): Reading<Body> {
  const head = yield* ivfHeader(walk);
  const { levels, batch } = yield* panoramaShape(walk, head.d, kind.cc === 'IwP2');
  const shape = { kind: 'panorama', levels, batch } as const;
  const codec = (): Codec => panoramaCodec(levels, batch);
  return yield* ivfBody(walk, kind, head, { ...plainEntries(head.d), shape, codec, facts: { levels, batch } });
}

/** IwSq has a flag more than the older IwSQ, which always took residuals. */
export function* ivfScalar(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* ivfHeader(walk);
  const quantiser = yield* scalarQuantiser(walk, kind, head);
  cursor.same('code_size', yield* cursor.count('code_size'), quantiser.codeBytes, cursor.at - 8);
  const byResidual = kind.cc === 'IwSQ' || (yield* cursor.bool('by_residual'));
  return yield* ivfBody(walk, kind, head, scalarEntries(quantiser, byResidual));
}

export function scalarEntries(quantiser: ScalarLaid, byResidual: boolean): Entries {
  const { codeBytes, facts, refused, type } = quantiser;
  // Codes of 0 bits have nothing but the centroid, whatever the flag says.
  const residual = byResidual || type === 9;
  const codec = (centroids: Parameters<Entries['codec']>[0]): Codec => scalarCodec(quantiser, centroids);
  const losses = residual ? residualLosses(quantiser) : quantiser.losses;
  return { shape: ROWS, record: codeBytes, codec, residual, losses, facts, refused };
}

export function* ivfProductFastScan(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* ivfHeader(walk);
  const residual = yield* cursor.bool('by_residual');
  const codeBytes = yield* cursor.count('code_size');
  const codeAt = cursor.at - 8;
  const bbs = yield* blockRows(cursor);
  const M2 = yield* cursor.count('M2');
  const pairsAt = cursor.at - 8;
  cursor.skip(12, 'implem, qbs2');
  const { quantiser, losses, facts, codeBytes: derived } = yield* productQuantiser(walk, head);
  cursor.same('pq.nbits', quantiser.nbits, 4);
  cursor.same('code_size', codeBytes, derived, codeAt);
  cursor.same('M2', M2, evenlyUp(quantiser.M), pairsAt);
  return yield* scanned(walk, kind, head, { bbs, M2, quantiser, residual, losses, facts });
}

const ADDITIVE: Readonly<Record<string, AdditiveFamily>> = {
  IwRQ: 'rq',
  IwLS: 'lsq',
  IwPR: 'prq',
  IwPL: 'plsq',
  IVRf: 'rq',
  IVLf: 'lsq',
  NPRf: 'prq',
  NPLf: 'plsq',
};

export function* ivfAdditive(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* ivfHeader(walk);
  const record = yield* cursor.count('code_size');
  const codeAt = cursor.at - 8;
  const { quantiser, codeBytes, losses, facts } = yield* additiveQuantiser(walk, ADDITIVE[kind.cc]!, head);
  cursor.same('code_size', record, codeBytes, codeAt);
  const residual = yield* cursor.bool('by_residual');
  cursor.skip(4, 'use_precomputed_table');
  const codec: Entries['codec'] = (centroids) => ({ kind: 'additive', quantiser, residual: centroids });
  return yield* ivfBody(walk, kind, head, { shape: ROWS, record, codec, residual, losses, facts });
}

export function* ivfAdditiveFastScan(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* ivfHeader(walk);
  const laid = yield* additiveQuantiser(walk, ADDITIVE[kind.cc]!, head);
  const residual = yield* cursor.bool('by_residual');
  cursor.skip(4, 'implem');
  const bbs = yield* blockRows(cursor);
  cursor.skip(4, 'qbs');
  const M = yield* fourBitFields(cursor, laid);
  cursor.skip(8, 'qbs2');
  const M2 = yield* cursor.count('M2');
  cursor.same('M2', M2, evenlyUp(M), cursor.at - 8);
  yield* cursor.bool('rescale_norm');
  cursor.skip(12, 'norm_scale, max_train_points');
  const { quantiser, losses, facts } = laid;
  return yield* scanned(walk, kind, head, { bbs, M2, quantiser, residual, losses, facts });
}

interface Scanned extends Pick<Entries, 'residual' | 'losses' | 'facts'> {
  readonly bbs: number;
  readonly M2: number;
  readonly quantiser: Extract<Codec, { kind: 'fastScan' }>['quantiser'];
}

function* scanned(
  walk: Walk,
  kind: Kind,
  head: Parameters<typeof ivfBody>[2],
  { bbs, M2, quantiser, ...rest }: Scanned,
): Reading<Body> {
  const record = (bbs / 2) * M2;
  const shape = { kind: 'blocks', rows: bbs } as const;
  const codec: Entries['codec'] = (residual, blockBytes) => ({
    kind: 'fastScan',
    bbs,
    blockBytes,
    quantiser,
    residual,
  });
  const facts = { ...rest.facts, 'block rows': bbs };
  return yield* ivfBody(walk, kind, head, { ...rest, shape, record, codec, facts });
}
