/** Indexes around another one: id map (IxMp, IxM2, IBMp, IBM2), pre-transform (IxPT), refine (IxRF, IxRP). */
import type { IdRule, Recipe, TableRef, Transform } from '../model.ts';
import type { Cursor, Reading } from './cursor.ts';
import { binaryHeader, type Header, header } from './headers.ts';
import { around, type Body, type Laid, type NotWalked, type Walk } from './laid.ts';
import { fourLetters, type TransformLaid, transform } from './transforms.ts';

/** Letters, d, ntotal, 16 unused bytes, is_trained, metric, and the count of the codes. */
const FLAT_HEADER_BYTES = 4 + 4 + 8 + 16 + 1 + 4 + 8;
const METRIC_ARGUMENT_BYTES = 4;
const FLAT_CCS: ReadonlySet<string> = new Set(['IxF2', 'IxFI', 'IxFl']);
const K_FACTOR_BYTES = 4;

/** Faiss's factories chain two or three. */
const MOST_TRANSFORMS = 64;

export function* idMap(walk: Walk): Reading<Body> {
  return yield* mapped(walk, yield* header(walk), yield* walk.present('inner'));
}

export function* binaryIdMap(walk: Walk): Reading<Body> {
  return yield* mapped(walk, yield* binaryHeader(walk), yield* walk.present('inner', 'binary'));
}

function* mapped(walk: Walk, { d, rows, metric }: Header, inner: Laid): Reading<Body> {
  const { cursor } = walk;
  fits(cursor, inner, { d, rows });
  const countAt = cursor.at;
  const map = yield* cursor.table('i64', 'id_map');
  cursor.same('id_map', map.count, rows, countAt);
  const holds = around(inner, (recipe) => ({ ...recipe, ids: throughMap(recipe.ids, map) }));
  return { d, rows, metric, facts: {}, children: [{ role: 'inner', node: inner.node }], holds };
}

/** The inner index's id is a position in the map: the row's number, or what its list stores. */
function throughMap(ids: IdRule, map: TableRef): IdRule {
  if (ids.kind === 'mapped') return { ...ids, maps: [...ids.maps, map] };
  return { kind: 'mapped', inner: ids.kind, maps: [map] };
}

export function* preTransform(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  const { d, rows, metric } = yield* header(walk);
  const count = yield* cursor.i32('nt');
  if (count < 0 || count > MOST_TRANSFORMS) throw cursor.wrong('nt', count, `0 to ${MOST_TRANSFORMS}`, cursor.at - 4);
  const chain: TransformLaid[] = [];
  let dims = d;
  for (let i = 0; i < count; i++) {
    const next = yield* transform(walk, `transform ${i}`, dims);
    chain.push(next);
    dims = next.node.d;
  }
  const inner = yield* walk.present('inner');
  fits(cursor, inner, { d: dims, rows });
  trainedFor(cursor, chain, rows);
  const children = [
    ...chain.map(({ node }, i) => ({ role: `transform ${i}`, node })),
    { role: 'inner', node: inner.node },
  ];
  return { d, rows, metric, facts: {}, children, holds: turnedBack(chain, d, inner) };
}

/** A transform that was never trained may lack its matrices, but not where there are rows that went through it. */
export function trainedFor(cursor: Cursor, chain: readonly TransformLaid[], rows: number): void {
  const lacking = rows === 0 ? undefined : chain.find(({ complete }) => !complete);
  if (lacking !== undefined)
    throw cursor.wrong(`${lacking.node.cc} › A`, 'no values', `those that ${rows} rows went through`, lacking.node.at);
}

/** The recipe of `inner` with the transforms to be undone; a transform that cannot be undone is in the way of all. */
export function turnedBack(chain: readonly TransformLaid[], d: number, inner: Laid): Laid['holds'] {
  const refused = chain.map(({ holds }) => holds).find((holds) => holds.kind === 'refused');
  if (refused !== undefined) return refused;
  const transforms = chain.map(({ holds }) => holds) as readonly Transform[];
  return around(
    inner,
    (recipe): Recipe => ({
      ...recipe,
      d,
      transforms: [...transforms, ...recipe.transforms],
      losses: [...chain.flatMap(({ losses }) => losses), ...recipe.losses],
      normalised: recipe.normalised || transforms.some(({ kind }) => kind === 'normalise'),
    }),
  );
}

/** Rows are in both; the second one is what Faiss gives back, mostly as they went in. The first is only walked past. */
export function* refine(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  const { d, rows, metric } = head;
  const base = yield* walk.attempt('base');
  if ('unwalkable' in base) yield* toFlatRefine(walk, head, base);
  else fits(cursor, base, { d, rows });
  const secondAt = cursor.at;
  const second = yield* walk.present('refine');
  fits(cursor, second, { d, rows });
  cursor.skip(K_FACTOR_BYTES, 'k_factor');
  const children = [
    { role: 'base', node: { ...base.node, bytes: secondAt - base.node.at } },
    { role: 'refine', node: second.node },
  ];
  return { d, rows, metric, facts: { 'taken from': 'refine' }, children, holds: around(second, (recipe) => recipe) };
}

/**
 * The base cannot be walked past, but what comes behind it may be found from the end: a flat index is as long as its
 * dimensions and rows say, and begins with its letters. Whatever else the refine index is, the file is given up.
 */
function* toFlatRefine(walk: Walk, { d, rows, metric }: Header, base: NotWalked): Reading<void> {
  const { cursor } = walk;
  const header = FLAT_HEADER_BYTES + (metric.code > 1 ? METRIC_ARGUMENT_BYTES : 0);
  const at = cursor.fileBytes - K_FACTOR_BYTES - rows * d * 4 - header;
  if (!base.inRoot || at < base.node.at) throw base.unwalkable;
  cursor.at = at;
  const cc = yield* fourLetters(walk, 'refine');
  if (!FLAT_CCS.has(cc)) throw base.unwalkable;
  cursor.at = at;
}

/** A nested index has the dimensions and rows of the one around it. */
export function fits(
  cursor: Cursor,
  { node }: Laid,
  wanted: { readonly d: number; readonly rows?: number | undefined },
): void {
  cursor.same(`${node.cc} › d`, node.d, wanted.d, node.at);
  if (wanted.rows !== undefined && node.rows !== undefined)
    cursor.same(`${node.cc} › ntotal`, node.rows, wanted.rows, node.at);
}
