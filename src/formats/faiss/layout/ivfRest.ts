/** Rarer kinds around a coarse index: IwIQ (independent quantiser), Imiq and ImRQ (centroids by rule), Ix2L (two layers). */
import type { Codec } from '../model.ts';
import { additiveQuantiser } from './additive.ts';
import type { Reading } from './cursor.ts';
import { header, someDimensions } from './headers.ts';
import { centroidsOf } from './ivf.ts';
import { type Body, floatRows, type Holds, type Kind, type Walk } from './laid.ts';
import { productQuantiser } from './product.ts';
import { transform } from './transforms.ts';
import { fits, trainedFor, turnedBack } from './wrap.ts';

/** Another index finds the lists; the rows are those of the IVF, which has centroids of its own. */
export function* independentQuantiser(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  // Its own count of rows stays 0.
  const { d, metric } = yield* header(walk);
  const finder = yield* walk.present('quantiser');
  const has = yield* cursor.bool('has_vt');
  const chain = has ? [yield* transform(walk, 'transform', d)] : [];
  const ivf = yield* walk.present('ivf');
  fits(cursor, ivf, { d: chain[0]?.node.d ?? d });
  const rows = ivf.node.rows ?? 0;
  trainedFor(walk.cursor, chain, rows);
  if (ivf.node.cc === 'IwPQ' || ivf.node.cc === 'IwQR') cursor.skip(4, 'use_precomputed_table');
  const children = [
    { role: 'quantiser', node: finder.node },
    ...chain.map(({ node }) => ({ role: 'transform', node })),
    { role: 'ivf', node: ivf.node },
  ];
  return { d, rows, metric, facts: {}, children, holds: turnedBack(chain, d, ivf) };
}

/** Imiq: centroid l is what l says when it is read as a product code. */
export function* multiIndex(walk: Walk): Reading<Body> {
  const head = yield* header(walk);
  const { d, rows, metric } = head;
  const { quantiser, facts } = yield* productQuantiser(walk, head);
  const wanted = 2 ** (quantiser.M * quantiser.nbits);
  if (rows !== 0) walk.cursor.same('ntotal', rows, wanted);
  const holds: Holds = { kind: 'multi', d, rows, quantiser };
  return { d, rows, metric, facts, children: [], holds };
}

/** ImRQ: the same by a residual quantiser. */
export function* residualCoarse(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  const { d, rows, metric } = head;
  const { quantiser, facts } = yield* additiveQuantiser(walk, 'rq', head);
  cursor.skip(4, 'beam_factor');
  const bits = quantiser.nbits.reduce((sum, field) => sum + field, 0);
  if (rows !== 0) cursor.same('ntotal', rows, 2 ** bits);
  const holds: Holds = { kind: 'multi', d, rows, quantiser };
  return { d, rows, metric, facts, children: [], holds };
}

/** Ix2L: the number of a list in as few bytes as it takes, then a product code of what is left. */
export function* twoLayer(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  const { d, rows, metric } = head;
  someDimensions(cursor, head);
  const coarse = yield* walk.present('coarse');
  fits(cursor, coarse, { d });
  const nlist = yield* cursor.count('nlist');
  cursor.skip(1, 'quantizer_trains_alone');
  const { quantiser, codeBytes, losses, facts } = yield* productQuantiser(walk, head);
  const listBytes = bytesFor(nlist);
  cursor.same('code_size_1', yield* cursor.count('code_size_1'), listBytes, cursor.at - 8);
  cursor.same('code_size_2', yield* cursor.count('code_size_2'), codeBytes, cursor.at - 8);
  const record = listBytes + codeBytes;
  cursor.same('code_size', yield* cursor.count('code_size'), record, cursor.at - 8);
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'codes');
  cursor.same('codes', codes.count, rows * record, countAt);
  const children = [{ role: 'coarse', node: coarse.node }];
  const body = { d, rows, metric, facts: { nlist, ...facts }, children };
  const centroids = centroidsOf(kind, coarse, rows > 0 ? nlist : 0);
  if ('kind' in centroids) return { ...body, holds: centroids };
  const storage = { kind: 'rows', at: codes.at, record } as const;
  const codec: Codec = { kind: 'twoLayer', listBytes, quantiser, centroids };
  return { ...body, holds: floatRows({ d, rows, storage, codec, losses }) };
}

/** Bytes that the largest list number takes; 0 where there is one list only. */
function bytesFor(nlist: number): number {
  let bytes = 0;
  for (let rest = nlist - 1; rest > 0; rest = Math.floor(rest / 256)) bytes++;
  return bytes;
}
