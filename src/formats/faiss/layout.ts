/**
 * The layout pass over a Faiss index file: walks the tree of indexes with jumps and says where the rows are and how
 * they become vectors. No I/O of its own: it asks for bytes (`Want`), whoever drives it gives them.
 */
import { MigrateError } from '../../core/errors.ts';
import { grouped, inBytes } from '../milvus1x/quantity.ts';
import { Cursor, type Reading } from './layout/cursor.ts';
import { BINARY_KINDS, FLOAT_KINDS } from './layout/kinds.ts';
import { type Kind, type Laid, noRows, Unwalkable, type Walk } from './layout/laid.ts';
import { alone, unknownKind } from './layout/refusals.ts';
import { fourLetters, isTransform, printable } from './layout/transforms.ts';
import type { FaissLayout, FaissMetric, FaissNode, Recipe, Refusal, Want } from './model.ts';

/** An index that is being walked: kept for the tree of what cannot be walked to its end. */
interface Open extends Kind {
  readonly role: string;
  d: number;
  rows: number;
  metric: FaissMetric;
}

const UNKNOWN_METRIC: FaissMetric = { code: -1, name: 'unknown', argument: undefined };

/**
 * @param fileBytes size of the whole file
 * @throws MigrateError E_FAISS (with offset, field, found and wanted) for a file that is damaged, cut short or no index
 */
export function* layOutFaiss(fileBytes: number): Generator<Want, FaissLayout, Uint8Array> {
  const cursor = new Cursor(fileBytes);
  const open: Open[] = [];
  const walk = walkOver(cursor, open);
  try {
    const root = yield* walk.index('index');
    if (root === undefined) throw cursor.wrong('index', 'null', 'an index', 0);
    const { node, metric, holds } = root;
    const recipe = holds.kind === 'multi' ? noRows(node) : holds;
    holdsAll(cursor, recipe);
    return { root: node, metric, fileBytes, indexBytes: cursor.at, recipe };
  } catch (thrown) {
    if (!(thrown instanceof Unwalkable)) throw thrown;
    const [first] = open;
    const root = partialTree(open, fileBytes);
    return { root, metric: first!.metric, fileBytes, indexBytes: fileBytes, recipe: thrown.refusal };
  }
}

/** Lists that hold less than is counted, in a file that goes on behind them: not rows left out, but a size that is wrong. */
function holdsAll(cursor: Cursor, found: Recipe | Refusal): void {
  const recipe = found.kind === 'refused' ? found.sketch : found;
  if (recipe?.counted === undefined || cursor.left === 0) return;
  throw cursor.error('the lists hold fewer rows than the index counts, and the file goes on behind it', 'list sizes', {
    found: `${grouped(recipe.rows)} rows, and ${inBytes(cursor.left)} behind the index`,
    wanted: `${grouped(recipe.counted)} rows, or the end of the file`,
    hint: 'the file is damaged: copy it again, or have Faiss write it again',
  });
}

/** What a refusal is as an error, for whoever wants the rows. */
export function unsupported({ cc, title, at, why, hint, sketch }: Refusal): MigrateError {
  return new MigrateError('E_FAISS_UNSUPPORTED', `the vectors of this index cannot be had: ${why}`, {
    at: { offset: at },
    found: `${printable(cc)}, ${title}`,
    hint: sketch === undefined ? hint : `${hint}; or --allow-sketch, to take the sketches for vectors`,
  });
}

function walkOver(cursor: Cursor, open: Open[]): Walk {
  const walk: Walk = {
    cursor,
    index: (role, family) => index(walk, open, { role, family }),
    *present(role, family) {
      const at = cursor.at;
      const laid = yield* walk.index(role, family);
      if (laid === undefined) throw cursor.wrong(role, 'null', 'an index', at);
      return laid;
    },
    *attempt(role) {
      const [depth, trail] = [open.length, cursor.trail.length];
      try {
        return yield* walk.present(role);
      } catch (thrown) {
        if (!(thrown instanceof Unwalkable)) throw thrown;
        const node = partialTree(open.slice(depth), cursor.fileBytes);
        open.length = depth;
        cursor.trail.length = trail;
        return { unwalkable: thrown, node, inRoot: depth === 1 };
      }
    },
    saw: (header) => Object.assign(open.at(-1)!, { d: header.d, rows: header.rows, metric: header.metric }),
  };
  return walk;
}

interface Nested {
  readonly role: string;
  readonly family: 'float' | 'binary' | undefined;
}

function* index(walk: Walk, open: Open[], { role, family }: Nested): Reading<Laid | undefined> {
  const { cursor } = walk;
  const at = cursor.at;
  const cc = yield* fourLetters(walk, role);
  if (cc === 'null') return undefined;
  const found = kindOf(cursor, { cc, at, role, isRoot: open.length === 0, family });
  const kind: Kind = { cc, title: found?.title ?? 'unknown kind', at };
  open.push({ ...kind, role, d: 0, rows: 0, metric: UNKNOWN_METRIC });
  if (found === undefined) throw isTransform(cc) ? alone({ ...kind, title: 'transform' }) : unknownKind(kind);
  cursor.enter(cc);
  const { d, rows, metric, facts, children, holds } = yield* found.read(walk, kind);
  cursor.leave();
  open.pop();
  const node = { cc, title: kind.title, at, bytes: cursor.at - at, d, rows, facts, children };
  return { node, metric, holds };
}

interface Letters extends Nested {
  readonly cc: string;
  readonly at: number;
  readonly isRoot: boolean;
}

/** undefined: letters that could be those of a kind, but of none that is known. */
function kindOf(cursor: Cursor, { cc, at, role, isRoot, family }: Letters): (typeof FLOAT_KINDS)[string] | undefined {
  // The letters themselves say whether it is binary; only the root may be either.
  const binary = cc.startsWith('IB');
  const kinds = binary ? BINARY_KINDS : FLOAT_KINDS;
  const fits = isRoot || binary === (family === 'binary');
  if (fits && Object.hasOwn(kinds, cc)) return kinds[cc];
  if (fits && (/^[IN][A-Za-z0-9]{3}$/.test(cc) || (isRoot && isTransform(cc)))) return undefined;
  if (!isRoot) throw cursor.wrong(role, printable(cc), `a ${family ?? 'float'} index`, at);
  throw new MigrateError('E_FAISS', 'this is not a Faiss index file', {
    at: { offset: 0, field: role },
    found: `it begins with ${printable(cc)}`,
    wanted: 'the four letters of an index: IxF2, IwFl, IHNf, …',
    hint: 'Faiss writes such files by write_index',
  });
}

/** From the root down to what is in the way, one in the other. */
function partialTree(open: readonly Open[], fileBytes: number): FaissNode {
  const nodes = open.map(({ cc, title, at, d, rows, role }) => ({
    role,
    node: {
      cc: printable(cc),
      title,
      at,
      bytes: fileBytes - at,
      d,
      rows,
      facts: {},
      children: [] as FaissNode['children'],
    },
  }));
  const tree = nodes.reduceRight<(typeof nodes)[number] | undefined>(
    (inner, { role, node }) => ({ role, node: { ...node, children: inner === undefined ? [] : [inner] } }),
    undefined,
  );
  return tree!.node;
}

/** Drives the pass over an array. */
export function runSync<T>(pass: Generator<Want, T, Uint8Array>, bytes: Uint8Array): T {
  let step = pass.next();
  while (!step.done) {
    const { at, length } = step.value;
    step = pass.next(bytes.subarray(at, at + length));
  }
  return step.value;
}

/** Drives the pass over anything that gives exactly the bytes it is asked for, or fails. */
export async function runAsync<T>(
  pass: Generator<Want, T, Uint8Array>,
  read: (at: number, length: number) => Promise<Uint8Array>,
): Promise<T> {
  let step = pass.next();
  while (!step.done) step = pass.next(await read(step.value.at, step.value.length));
  return step.value;
}
