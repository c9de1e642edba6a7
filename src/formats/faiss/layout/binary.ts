/** Binary indexes (Faiss, IndexBinary): rows of d bits, first bit lowest. Id maps are in wrap.ts, HNSW in graphs.ts. */
import type { Codec } from '../model.ts';
import type { Reading } from './cursor.ts';
import { binaryHeader } from './headers.ts';
import { directMap, ivfOf } from './ivf.ts';
import { around, type Body, binaryRows, type Kind, type Laid, refusal, type Walk } from './laid.ts';
import { emptyTable, lists } from './lists.ts';
import { fits } from './wrap.ts';

const BITS: Codec = { kind: 'bits' };

export function* binaryFlat(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  const { d, rows, metric, codeBytes } = yield* binaryHeader(walk);
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'xb');
  cursor.same('xb', codes.count, rows * codeBytes, countAt);
  const storage = { kind: 'rows', at: codes.at, record: codeBytes } as const;
  return { d, rows, metric, facts: {}, children: [], holds: binaryRows({ d, rows, storage, codec: BITS }) };
}

export function* binaryIvf(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* binaryHeader(walk);
  const nlist = yield* cursor.count('nlist');
  const nprobe = (yield* cursor.take(8, 'nprobe')).getBigUint64(0, true);
  const coarse = yield* walk.index('coarse', 'binary');
  yield* directMap(walk);
  const shape = { kind: 'rows' } as const;
  const laid = yield* lists(walk, { nlist, record: head.codeBytes, shape });
  const entries = { shape, record: head.codeBytes, codec: () => BITS, residual: false, losses: [], facts: {} };
  const facts = { nlist, nprobe: String(nprobe) };
  const body = ivfOf(walk, kind, { ...head, nlist, coarse, facts }, { entries, laid });
  const { holds } = body;
  return holds.kind === 'float' ? { ...body, holds: { ...holds, kind: 'binary' } } : body;
}

/** IBFf: a float index over rows of -1 and 1. */
export function* binaryFromFloat(walk: Walk, kind: Kind): Reading<Body> {
  const { d, rows, metric } = yield* binaryHeader(walk);
  const inner = yield* walk.present('inner', 'float');
  fits(walk.cursor, inner, { d, rows });
  const children = [{ role: 'inner', node: inner.node }];
  return { d, rows, metric, facts: {}, children, holds: signsOf(kind, inner) };
}

function signsOf(kind: Kind, inner: Laid): Body['holds'] {
  const { holds } = inner;
  const recipe = holds.kind === 'refused' ? holds.sketch : holds;
  if (recipe?.kind === 'float' && recipe.transforms.length > 0) {
    const hint = 'build the collection from the original vectors';
    return refusal(kind, 'signs behind a transform may not be those that went in', hint);
  }
  return around(inner, (recipe) => {
    const codec: Codec = { kind: 'signs', inner: recipe.codec, innerD: recipe.innerD };
    const losses = recipe.losses.map((loss) => `${loss}; single bits may differ`);
    return { ...recipe, kind: 'binary', codec, losses, storedLosses: losses };
  });
}

/** IBHh: a hash table, its entries one after the other. */
export function* binaryHash(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const { d, rows, metric, codeBytes } = yield* binaryHeader(walk);
  const bits = yield* cursor.i32('b');
  cursor.skip(4, 'nflip');
  const entries = yield* cursor.count('map size');
  cursor.skip(4, 'id_bits');
  yield* cursor.vec(1, 'map buffer');
  cursor.needs(entries * 16, 'map');
  const table = emptyTable(entries);
  let total = 0;
  for (let i = 0; i < entries; i++) {
    const ids = yield* cursor.vec(8, `ids of entry ${i}`);
    const countAt = cursor.at;
    const codes = yield* cursor.vec(1, `rows of entry ${i}`);
    cursor.same(`rows of entry ${i}`, codes.count, ids.count * codeBytes, countAt);
    table.rows[i] = ids.count;
    table.idsAt[i] = ids.at;
    table.codesAt[i] = codes.at;
    total += ids.count;
  }
  if (total !== rows) throw cursor.wrong('ntotal', rows, `${total}, the sum of its entries`, kind.at + 12);
  const storage = { kind: 'lists', record: codeBytes, block: undefined, lists: table, duplicates: undefined } as const;
  const holds = binaryRows({ d, rows, storage, codec: BITS });
  return { d, rows, metric, facts: { 'hash bits': bits, entries }, children: [], holds };
}

/** IBHm: several hash tables over a flat index. */
export function* binaryMultiHash(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  const { d, rows, metric } = yield* binaryHeader(walk);
  const storage = yield* walk.present('storage', 'binary');
  fits(cursor, storage, { d, rows });
  const bits = yield* cursor.i32('b');
  const tables = yield* cursor.i32('nhash');
  if (tables < 0) throw cursor.wrong('nhash', tables, '0 or more', cursor.at - 4);
  cursor.skip(4, 'nflip');
  cursor.needs(tables * 20, 'maps');
  for (let i = 0; i < tables; i++) {
    cursor.skip(4 + 8, `map ${i}`);
    yield* cursor.vec(1, `map ${i}`);
  }
  const children = [{ role: 'storage', node: storage.node }];
  const facts = { 'hash bits': bits, tables };
  return { d, rows, metric, facts, children, holds: around(storage, (recipe) => recipe) };
}
