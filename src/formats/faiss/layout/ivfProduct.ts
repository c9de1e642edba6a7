/** IVF with a product quantiser: IwPQ; IwQR, which has a second one over the rest, by row id; and their old forms. */
import type { Codec, ProductQuantiser } from '../model.ts';
import type { Reading } from './cursor.ts';
import { type Entries, type IvfHeader, ivfHeader, ivfOf } from './ivf.ts';
import type { Body, Kind, Walk } from './laid.ts';
import { type ListsLaid, lists } from './lists.ts';
import { productQuantiser } from './product.ts';

export function* ivfProduct(walk: Walk, kind: Kind): Reading<Body> {
  const head = yield* ivfHeader(walk);
  return yield* ivfProductOf(walk, kind, head, (entries) =>
    lists(walk, { nlist: head.nlist, record: entries.record, shape: entries.shape }),
  );
}

/** @param readLists today's kinds have the lists in one piece, the old ones had the ids before */
export function* ivfProductOf(
  walk: Walk,
  kind: Kind,
  head: IvfHeader,
  readLists: (entries: Entries) => Reading<ListsLaid>,
): Reading<Body> {
  const { cursor } = walk;
  const residual = yield* cursor.bool('by_residual');
  const record = yield* cursor.count('code_size');
  const codeAt = cursor.at - 8;
  const { quantiser, codeBytes, losses, facts } = yield* productQuantiser(walk, head);
  cursor.same('code_size', record, codeBytes, codeAt);
  const codec: Entries['codec'] = (centroids) => ({ kind: 'product', quantiser, residual: centroids });
  const entries: Entries = { shape: { kind: 'rows' }, record, codec, residual, losses, facts };
  const laid = yield* readLists(entries);
  // Faiss writes the second quantiser of an untrained one too, and then does not read it.
  if (!kind.cc.endsWith('QR')) return ivfOf(walk, kind, head, { entries, laid });
  return ivfOf(walk, kind, head, { entries: yield* refined(walk, head, { entries, quantiser }), laid });
}

function* refined(
  walk: Walk,
  head: IvfHeader,
  { entries, quantiser }: { readonly entries: Entries; readonly quantiser: ProductQuantiser },
): Reading<Entries> {
  const { cursor } = walk;
  const second = yield* productQuantiser(walk, head, 'refine_pq');
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'refine_codes');
  const record = second.codeBytes;
  cursor.same('refine_codes', codes.count, head.rows * record, countAt);
  cursor.skip(4, 'k_factor');
  const codec: Entries['codec'] = (residual): Codec => ({
    kind: 'refined',
    quantiser,
    residual,
    second: second.quantiser,
    codesAt: codes.at,
    record,
  });
  const { M, nbits } = second.quantiser;
  const losses = [
    `product quantisers, ${quantiser.M} × ${quantiser.nbits} and ${M} × ${nbits} bits: vectors are approximations`,
  ];
  return { ...entries, codec, losses, facts: { ...entries.facts, 'refined by': `${M} × ${nbits} bits` } };
}
