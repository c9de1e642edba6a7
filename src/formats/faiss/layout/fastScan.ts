/** Fast-scan codes (Faiss, pq4_fast_scan): 4-bit codes, interleaved in blocks of `bbs` vectors. IPfs, IRfs, ILfs, IPRf, IPLf. */
import type { Codec } from '../model.ts';
import { type AdditiveFamily, type AdditiveLaid, additiveQuantiser } from './additive.ts';
import type { Cursor, Reading } from './cursor.ts';
import { type Header, header, someDimensions } from './headers.ts';
import { type Body, type Facts, floatRows, type Kind, type Walk } from './laid.ts';
import { productQuantiser } from './product.ts';

export const GROUP_ROWS = 32;
/** Faiss takes 32 to a few hundred; a whole block has to fit in memory while it is decoded. */
const LARGEST_BLOCK_ROWS = 2 ** 20;

export function evenlyUp(M: number): number {
  return M + (M % 2);
}

/** Vectors of a block. */
export function* blockRows(cursor: Cursor): Reading<number> {
  const bbs = yield* cursor.i32('bbs');
  if (bbs <= 0 || bbs % GROUP_ROWS !== 0 || bbs > LARGEST_BLOCK_ROWS)
    throw cursor.wrong('bbs', bbs, `a multiple of ${GROUP_ROWS}`, cursor.at - 4);
  return bbs;
}

export function* productFastScan(walk: Walk): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  someDimensions(cursor, head);
  const { quantiser, facts, losses } = yield* productQuantiser(walk, head);
  const { M } = quantiser;
  cursor.same('pq.nbits', quantiser.nbits, 4);
  cursor.skip(4, 'implem');
  const bbs = yield* blockRows(cursor);
  cursor.skip(4, 'qbs');
  return yield* blocks(walk, head, { bbs, M, quantiser, losses, facts });
}

const FAMILIES: Readonly<Record<string, AdditiveFamily>> = {
  IRfs: 'rq',
  ILfs: 'lsq',
  IPRf: 'prq',
  IPLf: 'plsq',
};

export function* additiveFastScan(walk: Walk, { cc }: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  someDimensions(cursor, head);
  const laid = yield* additiveQuantiser(walk, FAMILIES[cc]!, head);
  const { quantiser, losses, facts } = laid;
  cursor.skip(4, 'implem');
  const bbs = yield* blockRows(cursor);
  cursor.skip(4, 'qbs');
  const M = yield* fourBitFields(cursor, laid);
  return yield* blocks(walk, head, { bbs, M, quantiser, losses, facts, tail: true });
}

/** `M, nbits, ksub, code_size` of additive codes as fast scan sees them: with two more fields where a norm follows. */
export function* fourBitFields(cursor: Cursor, { quantiser, searchType }: AdditiveLaid): Reading<number> {
  const odd = quantiser.nbits.findIndex((bits) => bits !== 4);
  if (odd >= 0) throw cursor.wrong('aq.nbits', `${quantiser.nbits[odd]} of field ${odd}`, '4 in fast scan');
  const fields = quantiser.nbits.length;
  const M = yield* cursor.count('M');
  const withNorm = searchType >= 8 ? fields + 2 : fields;
  if (M !== fields && M !== withNorm) throw cursor.wrong('M', M, withNorm, cursor.at - 8);
  cursor.same('nbits', yield* cursor.count('nbits'), 4, cursor.at - 8);
  cursor.same('ksub', yield* cursor.count('ksub'), 16, cursor.at - 8);
  // Whether Faiss counts the norm's two nibbles here differs between its kinds; the blocks say what is there.
  yield* cursor.count('code_size');
  return M;
}

interface Blocks {
  readonly bbs: number;
  readonly M: number;
  readonly quantiser: Extract<Codec, { kind: 'fastScan' }>['quantiser'];
  readonly losses: readonly string[];
  readonly facts: Facts;
  /** Additive kinds have three fields more in front of the codes. */
  readonly tail?: boolean;
}

function* blocks(walk: Walk, { d, rows, metric }: Header, scan: Blocks): Reading<Body> {
  const { cursor } = walk;
  const { bbs, M, quantiser, losses, tail = false } = scan;
  const padded = Math.ceil(rows / bbs) * bbs;
  cursor.same('ntotal2', yield* cursor.count('ntotal2'), padded, cursor.at - 8);
  cursor.same('M2', yield* cursor.count('M2'), evenlyUp(M), cursor.at - 8);
  if (tail) {
    yield* cursor.bool('rescale_norm');
    cursor.skip(12, 'norm_scale, max_train_points');
  }
  const blockBytes = (bbs / 2) * evenlyUp(M);
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'codes');
  cursor.same('codes', codes.count, (padded / bbs) * blockBytes, countAt);
  const storage = { kind: 'blocks', at: codes.at, blockRows: bbs, blockBytes } as const;
  const codec: Codec = { kind: 'fastScan', bbs, blockBytes, quantiser, residual: undefined };
  const holds = floatRows({ d, rows, storage, codec, losses });
  return { d, rows, metric, facts: { ...scan.facts, 'block rows': bbs }, children: [], holds };
}
