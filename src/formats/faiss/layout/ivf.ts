/** Inverted files (Faiss, IndexIVF): a coarse index, and lists of codes. What the codes mean is in ivfCodes.ts. */
import type { Centroids, Codec, Recipe, Refusal } from '../model.ts';
import type { Reading } from './cursor.ts';
import { type Header, header, someDimensions } from './headers.ts';
import { type Body, type Facts, floatRows, type Holds, type Kind, type Laid, refusal, type Walk } from './laid.ts';
import { type ListsLaid, type ListsWanted, lists } from './lists.ts';

export interface IvfHeader extends Header {
  readonly nlist: number;
  /** undefined: the file says that there is none. */
  readonly coarse: Laid | undefined;
  readonly facts: Facts;
}

/** What all inverted files begin with. `legacy`: the ids of the lists come next. */
export function* ivfHeader(walk: Walk): Reading<IvfHeader> {
  const head = yield* ivfHeaderBeforeMap(walk);
  yield* directMap(walk);
  return head;
}

export function* ivfHeaderBeforeMap(walk: Walk): Reading<IvfHeader> {
  const { cursor } = walk;
  const head = yield* header(walk);
  someDimensions(cursor, head);
  const nlist = yield* cursor.count('nlist');
  const nprobe = (yield* cursor.take(8, 'nprobe')).getBigUint64(0, true);
  const coarse = yield* walk.index('coarse');
  if (coarse !== undefined) cursor.same(`coarse › ${coarse.node.cc} › d`, coarse.node.d, head.d, coarse.node.at);
  return { ...head, nlist, coarse, facts: { nlist, nprobe: String(nprobe) } };
}

/** From id to place: of no use here. */
export function* directMap({ cursor }: Walk): Reading<void> {
  const type = yield* cursor.u8('direct_map.type');
  if (type > 2) throw cursor.wrong('direct_map.type', type, '0, 1 or 2', cursor.at - 1);
  const countAt = cursor.at;
  const array = yield* cursor.vec(8, 'direct_map.array');
  if (type !== 1) cursor.same('direct_map.array', array.count, 0, countAt);
  if (type === 2) yield* cursor.vec(16, 'direct_map.hashtable');
}

/** How the entries of the lists become vectors. */
export interface Entries {
  readonly shape: ListsWanted['shape'];
  readonly record: number;
  /** Given the centroids if they are to be added, and for block lists the bytes of a block. */
  readonly codec: (residual: Centroids | undefined, blockBytes: number) => Codec;
  /** Whether a centroid is added to what the code says. */
  readonly residual: boolean;
  readonly losses: readonly string[];
  readonly facts: Facts;
  /** A quantiser whose codes cannot be turned back. */
  readonly refused?: Refusal | undefined;
  readonly duplicates?: { readonly at: number; readonly count: number } | undefined;
  /** RaBitQ: had only by an explicit wish. */
  readonly asSketch?: Pick<Refusal, 'why' | 'hint'> | undefined;
}

/** The lists, where the cursor is now, and what they hold. */
export function* ivfBody(walk: Walk, kind: Kind, head: IvfHeader, entries: Entries): Reading<Body> {
  const { nlist } = head;
  const laid = yield* lists(walk, { nlist, record: entries.record, shape: entries.shape });
  return ivfOf(walk, kind, head, { entries, laid });
}

export interface Listed {
  readonly entries: Entries;
  readonly laid: ListsLaid;
}

export function ivfOf(walk: Walk, kind: Kind, head: IvfHeader, { entries, laid }: Listed): Body {
  const { d, rows, metric, coarse } = head;
  const count = laid.total + (entries.duplicates?.count ?? 0);
  // Fewer may be right, and are a loss that is told; see `holdsAll` for those of a size that is wrong.
  const fits = count === rows || (count < rows && mayLack(kind) && rows - count <= mostLacking(count));
  if (laid.storage !== undefined && !fits)
    throw walk.cursor.wrong('ntotal', rows, `${count}, the sum of its lists`, kind.at + rowsOffset(kind));
  const where: Facts = laid.storage?.elsewhere === undefined ? {} : { 'lists in': laid.storage.elsewhere.name };
  const facts = { ...head.facts, ...entries.facts, 'by residual': entries.residual, lists: laid.cc, ...where };
  const children = coarse === undefined ? [] : [{ role: 'coarse', node: coarse.node }];
  return { d, rows, metric, facts, children, holds: ivfHolds(kind, head, { entries, laid }) };
}

/** More rows that Faiss left out than this are none that it left out, but a number that is damaged. */
function mostLacking(count: number): number {
  return 1000 + 10 * count;
}

/** Bits are never NaN, and equal vectors that are kept once are counted otherwise. */
function mayLack({ cc }: Kind): boolean {
  return !cc.startsWith('IB') && cc !== 'IwFd';
}

/** Where `ntotal` stands in the header. */
function rowsOffset({ cc }: Kind): number {
  return cc.startsWith('IB') ? 12 : 8;
}

function ivfHolds(kind: Kind, head: IvfHeader, { entries, laid }: Listed): Holds {
  if (laid.refused !== undefined) return laid.refused;
  if (entries.refused !== undefined) return entries.refused;
  const { d } = head;
  const rows = laid.total + (entries.duplicates?.count ?? 0);
  const centroids = entries.residual && rows > 0 ? centroidsOf(kind, head.coarse, head.nlist) : undefined;
  if (centroids !== undefined && 'kind' in centroids) return centroids;
  const storage = { ...laid.storage!, duplicates: entries.duplicates };
  const codec = entries.codec(centroids, storage.block?.bytes ?? 0);
  const lack = rows === head.rows ? [] : [lacking(rows, head.rows)];
  const stored = floatRows({ d, rows, storage, codec, losses: [...entries.losses, ...lack] });
  const recipe: Recipe = rows === head.rows ? stored : { ...stored, counted: head.rows };
  if (entries.asSketch === undefined) return recipe;
  return refusal(kind, entries.asSketch.why, entries.asSketch.hint, recipe);
}

function lacking(rows: number, counted: number): string {
  return `${counted - rows} of ${counted} rows are not in the lists: Faiss left them out when they were added (NaN or infinity)`;
}

/** Centroid l is row l of the coarse index. */
export function centroidsOf(kind: Kind, coarse: Laid | undefined, nlist: number): Centroids | Refusal {
  const hint = 'build the collection from the original vectors';
  if (coarse === undefined) return refusal(kind, 'its coarse index, which has the centroids, is not in the file', hint);
  const { holds, node } = coarse;
  if (holds.kind === 'refused')
    return { ...holds, why: `its centroids cannot be had: ${holds.why}`, sketch: undefined };
  if (holds.kind !== 'multi' && (holds.storage.kind === 'lists' || holds.ids.kind !== 'rows'))
    return refusal(node, 'its centroids cannot be had: they are in lists, or under ids of their own', hint);
  if (holds.rows < nlist)
    return refusal(node, `its centroids cannot be had: ${holds.rows} are there of ${nlist}`, hint);
  return { count: nlist, recipe: holds };
}
