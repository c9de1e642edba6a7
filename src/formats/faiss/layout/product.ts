/** Product quantisers (Faiss, ProductQuantizer) and the flat indexes of their codes: IxPq, IxPo, IxPQ. */
import type { ProductQuantiser } from '../model.ts';
import type { Reading } from './cursor.ts';
import { header, L2, someDimensions } from './headers.ts';
import { type Body, type Facts, floatRows, type Kind, type Walk } from './laid.ts';

const MOST_BITS = 24;

export interface ProductLaid {
  readonly quantiser: ProductQuantiser;
  readonly codeBytes: number;
  readonly facts: Facts;
  readonly losses: readonly string[];
}

/** @param trained where false, the codebooks may be absent */
export function* productQuantiser(
  { cursor }: Walk,
  { d: wanted, trained }: { readonly d: number; readonly trained: boolean },
  name = 'pq',
): Reading<ProductLaid> {
  const d = yield* cursor.count(`${name}.d`);
  cursor.same(`${name}.d`, d, wanted, cursor.at - 8);
  const M = yield* cursor.count(`${name}.M`);
  if (M < 1 || d % M !== 0) throw cursor.wrong(`${name}.M`, M, `a divisor of ${d}`, cursor.at - 8);
  const nbits = yield* cursor.count(`${name}.nbits`);
  if (nbits < 1 || nbits > MOST_BITS) throw cursor.wrong(`${name}.nbits`, nbits, `1 to ${MOST_BITS}`, cursor.at - 8);
  const countAt = cursor.at;
  const centroids = yield* cursor.table('f32', `${name}.centroids`);
  if (trained || centroids.count > 0) cursor.same(`${name}.centroids`, centroids.count, d * 2 ** nbits, countAt);
  const codeBytes = Math.ceil((M * nbits) / 8);
  const losses = [`product quantiser, ${M} × ${nbits} bits: vectors are approximations`];
  const facts = { M, nbits, 'code bytes': codeBytes };
  return { quantiser: { kind: 'product', d, M, nbits, centroids }, codeBytes, facts, losses };
}

export function* product(walk: Walk, { cc }: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  const { d, rows } = head;
  someDimensions(cursor, head);
  const { quantiser, codeBytes, facts, losses } = yield* productQuantiser(walk, head);
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'codes');
  cursor.same('codes', codes.count, rows * codeBytes, countAt);
  if (cc !== 'IxPQ') cursor.skip(9, 'search_type, encode_signs, polysemous_ht');
  // What the two old kinds say of their metric was never meant.
  const metric = cc === 'IxPq' ? head.metric : L2;
  const storage = { kind: 'rows', at: codes.at, record: codeBytes } as const;
  const codec = { kind: 'product', quantiser, residual: undefined } as const;
  return { d, rows, metric, facts, children: [], holds: floatRows({ d, rows, storage, codec, losses }) };
}
