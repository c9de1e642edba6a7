/** Vector transforms in front of an index (Faiss, VectorTransform). Their dimensions stand after their matrices. */
import type { FaissNode, Refusal, TableRef, Transform } from '../model.ts';
import type { Reading } from './cursor.ts';
import { dimensions, LARGEST_D } from './headers.ts';
import { type Facts, type Kind, refusal, type Walk } from './laid.ts';

export interface TransformLaid {
  readonly node: FaissNode;
  readonly holds: Transform | Refusal;
  /** What it takes away, one sentence each. */
  readonly losses: readonly string[];
  /** Whether what it was trained to is there: else no row went through it. */
  readonly complete: boolean;
}

/** What comes before the dimensions. `finish` is told them. */
interface TransformBody {
  readonly facts?: Facts;
  readonly children?: FaissNode['children'];
  readonly finish: (shape: Shape) => Finished;
}

interface Shape {
  readonly cc: string;
  readonly dIn: number;
  readonly dOut: number;
  /** An index that was never trained has no rows, and its matrices may be absent. */
  readonly trained: boolean;
}

/** `complete`: true where it is not said. */
type Finished = Pick<TransformLaid, 'holds' | 'losses'> & Partial<Pick<TransformLaid, 'complete'>>;

interface TransformKind {
  readonly title: string;
  readonly read: (walk: Walk, kind: Kind) => Reading<TransformBody>;
}

/** Faiss makes such matrices by OPQ, which only turn, and by others, which also stretch: the file says not which. */
const AS_FAR_AS_IT_TURNS =
  'linear transform (OPQ): undone but for the rounding of floats where it only rotates, approximately where it stretches';

const TRANSFORMS: Readonly<Record<string, TransformKind>> = {
  LTra: { title: 'linear transform (OPQ)', read: (walk) => linear(walk, 'linear transform (OPQ)', AS_FAR_AS_IT_TURNS) },
  rrot: { title: 'random rotation', read: (walk) => linear(walk, 'random rotation') },
  Viqm: { title: 'ITQ matrix', read: itqMatrix },
  PCAm: { title: 'PCA', read: pca },
  PcAm: { title: 'PCA', read: pca },
  Pcam: { title: 'PCA', read: pca },
  RmDT: { title: 'dimension remap', read: remap },
  VNrm: { title: 'L2 normalisation', read: normalise },
  VCnt: { title: 'centring', read: centre },
  HRot: { title: 'Hadamard rotation', read: hadamard },
  Viqt: { title: 'ITQ', read: itq },
};

export function isTransform(cc: string): boolean {
  return Object.hasOwn(TRANSFORMS, cc);
}

/** @param dIn what the chain has there; undefined: whatever the transform says */
export function* transform(walk: Walk, role: string, dIn: number | undefined): Reading<TransformLaid> {
  const { cursor } = walk;
  const at = cursor.at;
  const cc = yield* fourLetters(walk, role);
  const known = TRANSFORMS[cc];
  if (known === undefined) throw cursor.wrong(role, printable(cc), `one of ${Object.keys(TRANSFORMS).join(', ')}`, at);
  cursor.enter(cc);
  const { facts = {}, children = [], finish } = yield* known.read(walk, { cc, title: known.title, at });
  const dimsAt = cursor.at;
  const [dFrom, dOut] = [yield* dimensions(cursor, 'd_in'), yield* dimensions(cursor, 'd_out')];
  const shape = { cc, dIn: dFrom, dOut, trained: yield* cursor.bool('is_trained') };
  if (dIn !== undefined) cursor.same('d_in', shape.dIn, dIn, dimsAt);
  const { holds, losses, complete = true } = finish(shape);
  cursor.leave();
  const shown = { ...facts, 'd in': shape.dIn };
  const node = { cc, title: known.title, at, bytes: cursor.at - at, d: shape.dOut, rows: undefined };
  return { node: { ...node, facts: shown, children }, holds, losses, complete };
}

/** Four letters; whatever bytes they are, one character each. */
export function* fourLetters({ cursor }: Walk, field: string): Reading<string> {
  const view = yield* cursor.take(4, field);
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(i)));
}

/** For messages: what is no letter is escaped. */
export function printable(cc: string): string {
  return cc.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** y = A·x + b. */
function* linear({ cursor }: Walk, name: string, approximate?: string): Reading<TransformBody> {
  const hasBias = yield* cursor.bool('have_bias');
  const matrixAt = cursor.at;
  const matrix = yield* cursor.table('f32', 'A');
  const biasAt = cursor.at;
  const bias = yield* cursor.table('f32', 'b');
  const finish = ({ cc, dIn, dOut, trained }: Shape): Finished => {
    if (trained || matrix.count > 0) cursor.same('A', matrix.count, dIn * dOut, matrixAt);
    if (hasBias && (trained || bias.count > 0)) cursor.same('b', bias.count, dOut, biasAt);
    const complete = matrix.count > 0 && (!hasBias || bias.count > 0);
    const undone = approximate ?? `${name}: undone but for the rounding of floats`;
    const losses = dOut < dIn ? [dropped(name, dIn, dOut)] : [undone];
    return { holds: { kind: 'linear', cc, dIn, dOut, matrix, bias: hasBias ? bias : undefined }, losses, complete };
  };
  return { facts: { bias: hasBias }, finish };
}

function dropped(name: string, dIn: number, dOut: number): string {
  return `${name} ${dIn} → ${dOut}: dimensions dropped`;
}

function* itqMatrix(walk: Walk): Reading<TransformBody> {
  walk.cursor.skip(8, 'max_iter, seed');
  return yield* linear(walk, 'ITQ matrix');
}

/** Three ages of one kind: the second has a field more behind the flag, the third one more before it. */
function* pca(walk: Walk, { cc }: Kind): Reading<TransformBody> {
  const { cursor } = walk;
  const power = yield* cursor.f32('eigen_power');
  if (cc === 'Pcam') cursor.skip(4, 'epsilon');
  const rotated = yield* cursor.bool('random_rotation');
  if (cc !== 'PCAm') cursor.skip(4, 'balanced_bins');
  for (const field of ['mean', 'eigenvalues', 'PCAMat']) yield* cursor.vec(4, field);
  const whitened = power === 0 ? undefined : `PCA with eigen power ${power}: undone by least squares, an approximation`;
  const body = yield* linear(walk, 'PCA', whitened);
  return { ...body, facts: { ...body.facts, 'eigen power': power, 'random rotation': rotated } };
}

/** y[j] = x[map[j]]. The map is read here: whether it takes each dimension says whether something is lost. */
function* remap(walk: Walk): Reading<TransformBody> {
  const { cursor } = walk;
  const countAt = cursor.at;
  const map = yield* cursor.table('i32', 'map');
  if (map.count > LARGEST_D) throw cursor.wrong('map', map.count, `at most ${LARGEST_D} dimensions`, countAt);
  const behind = cursor.at;
  const taken = new Set<number>();
  cursor.at = map.at;
  for (let i = 0; i < map.count; i++) {
    const from = yield* cursor.i32('map');
    if (from >= 0) taken.add(from);
  }
  cursor.at = behind;
  const finish = ({ cc, dIn, dOut }: Shape): Finished => {
    cursor.same('map', map.count, dOut, countAt);
    for (const from of taken) if (from >= dIn) throw cursor.wrong('map', from, `a dimension below ${dIn}`, countAt);
    const losses = taken.size < dIn ? [dropped('dimension remap', dIn, taken.size)] : [];
    return { holds: { kind: 'remap', cc, dIn, dOut, map }, losses };
  };
  return { finish };
}

function* normalise({ cursor }: Walk): Reading<TransformBody> {
  const norm = yield* cursor.f32('norm');
  const finish = ({ cc, dIn, dOut }: Shape): Finished => {
    cursor.same('d_out', dOut, dIn);
    return { holds: { kind: 'normalise', cc, dIn, dOut }, losses: ['L2 normalisation: original lengths are gone'] };
  };
  return { facts: { norm }, finish };
}

function* centre({ cursor }: Walk): Reading<TransformBody> {
  const countAt = cursor.at;
  const mean: TableRef = yield* cursor.table('f32', 'mean');
  const finish = ({ cc, dIn, dOut, trained }: Shape): Finished => {
    cursor.same('d_out', dOut, dIn);
    if (trained || mean.count > 0) cursor.same('mean', mean.count, dIn, countAt);
    return {
      holds: { kind: 'centre', cc, dIn, dOut, mean },
      losses: ['centring: undone but for the rounding of floats'],
      complete: mean.count > 0,
    };
  };
  return { finish };
}

function* hadamard({ cursor }: Walk): Reading<TransformBody> {
  const seed = yield* cursor.u32('seed');
  const finish = ({ cc, dIn, dOut }: Shape): Finished => {
    let power = 1;
    while (power < dIn) power *= 2;
    cursor.same('d_out', dOut, power);
    const losses = ['Hadamard rotation: undone but for the rounding of floats'];
    return { holds: { kind: 'hadamard', cc, dIn, dOut, seed }, losses };
  };
  return { facts: { seed }, finish };
}

/** Normalises, then rotates, so that only the signs count. */
function* itq(walk: Walk, kind: Kind): Reading<TransformBody> {
  yield* walk.cursor.vec(4, 'mean');
  yield* walk.cursor.bool('do_pca');
  const first = yield* transform(walk, 'itq', undefined);
  const second = yield* transform(walk, 'pca then itq', undefined);
  const children = [
    { role: 'itq', node: first.node },
    { role: 'pca then itq', node: second.node },
  ];
  const finish = (): Finished => ({ holds: itqRefusal(kind), losses: [] });
  return { children, finish };
}

function itqRefusal(kind: Kind): Refusal {
  return refusal(
    kind,
    'it normalises and rotates the vectors so that only their signs are kept',
    'build the collection from the original vectors',
  );
}
