/** Additive quantisers (Faiss, AdditiveQuantizer: residual, local search, and products of them) and flat indexes of their codes. */
import type { AdditiveQuantiser } from '../model.ts';
import type { Cursor, Reading } from './cursor.ts';
import { type Header, header, LARGEST_D, someDimensions } from './headers.ts';
import { type Body, type Facts, floatRows, type Kind, type Walk } from './laid.ts';

/** rq: residual. lsq: local search. prq, plsq: products of them. oldRq: residual, as IxRQ has it. */
export type AdditiveFamily = 'rq' | 'lsq' | 'prq' | 'plsq' | 'oldRq';

/** Bits of a vector's norm behind the codes, by search type. */
const NORM_BITS: readonly number[] = [0, 0, 0, 32, 8, 4, 8, 4, 8, 8];
const MOST_BITS = 31;
const LSQ_TAIL_BYTES = 69;
const RQ_TAIL_BYTES = 8;

export interface AdditiveLaid {
  readonly quantiser: AdditiveQuantiser;
  readonly searchType: number;
  /** Codes and norm. */
  readonly codeBytes: number;
  readonly facts: Facts;
  readonly losses: readonly string[];
}

const TITLES: Readonly<Record<AdditiveFamily, string>> = {
  rq: 'residual quantiser',
  lsq: 'local search quantiser',
  prq: 'product of residual quantisers',
  plsq: 'product of local search quantisers',
  oldRq: 'residual quantiser',
};

interface Base {
  readonly d: number;
  readonly nbits: readonly number[];
  readonly codebooks: AdditiveQuantiser['codebooks'];
  readonly codebooksAt: number;
  readonly searchType: number;
}

export function* additiveQuantiser(
  { cursor }: Walk,
  family: AdditiveFamily,
  { d, trained }: Pick<Header, 'd' | 'trained'>,
): Reading<AdditiveLaid> {
  const base = yield* additiveBase(cursor, d, family === 'oldRq');
  const { nbits, codebooks, codebooksAt, searchType } = base;
  const splits = yield* additiveTail(cursor, family, base);
  const entries = nbits.reduce((sum, bits) => sum + 2 ** bits, 0);
  if (trained || codebooks.count > 0)
    cursor.same('aq.codebooks', codebooks.count, entries * (d / splits.length), codebooksAt);
  const codeBits = nbits.reduce((sum, bits) => sum + bits, NORM_BITS[searchType]!);
  const same = nbits.every((bits) => bits === nbits[0]);
  const codeBytes = Math.ceil(codeBits / 8);
  const facts = {
    M: nbits.length,
    nbits: same ? (nbits[0] ?? 0) : nbits.slice(0, 16).join(' '),
    'code bytes': codeBytes,
  };
  const shown = splits.length > 1 ? { ...facts, splits: splits.length } : facts;
  const losses = [`${TITLES[family]}, ${codeBytes} bytes a vector: vectors are approximations`];
  const quantiser = { kind: 'additive', d, nbits, splits, codebooks } as const;
  return { quantiser, searchType, codeBytes, facts: shown, losses };
}

function* additiveBase(cursor: Cursor, wanted: number, old: boolean): Reading<Base> {
  const d = yield* cursor.count('aq.d');
  cursor.same('aq.d', d, wanted, cursor.at - 8);
  const nbits = yield* bitsOfFields(cursor);
  yield* cursor.bool('aq.is_trained');
  if (old) cursor.skip(RQ_TAIL_BYTES, 'aq.train_type, max_beam_size');
  const codebooksAt = cursor.at;
  const codebooks = yield* cursor.table('f32', 'aq.codebooks');
  const searchType = yield* cursor.i32('aq.search_type');
  if (NORM_BITS[searchType] === undefined)
    throw cursor.wrong('aq.search_type', searchType, `0 to ${NORM_BITS.length - 1}`, cursor.at - 4);
  cursor.skip(8, 'aq.norm_min, norm_max');
  if (!old && searchType >= 6) yield* cursor.vec(4, 'aq.qnorm');
  if (!old && searchType >= 8) yield* cursor.vec(4, 'aq.norm_tabs');
  return { d, nbits, codebooks, codebooksAt, searchType };
}

function* bitsOfFields(cursor: Cursor): Reading<number[]> {
  const M = yield* cursor.count('aq.M');
  // No vector takes more fields than it may have dimensions: the codes of one row would be megabytes.
  if (M < 1 || M > LARGEST_D) throw cursor.wrong('aq.M', M, `1 to ${LARGEST_D}`, cursor.at - 8);
  cursor.same('aq.nbits', yield* cursor.count('aq.nbits'), M, cursor.at - 8);
  const nbits: number[] = [];
  yield* cursor.eachCount(M, 'aq.nbits', (bits, m) => {
    if (bits < 1 || bits > MOST_BITS) throw cursor.wrong('aq.nbits', `${bits} of field ${m}`, `1 to ${MOST_BITS}`);
    nbits.push(bits);
  });
  return nbits;
}

/** How many code fields each split has: the codebooks of the whole repeat those of the splits. */
function* additiveTail(cursor: Cursor, family: AdditiveFamily, { d, nbits }: Base): Reading<readonly number[]> {
  if (family === 'oldRq') return [nbits.length];
  if (family === 'rq' || family === 'lsq') {
    cursor.skip(family === 'rq' ? RQ_TAIL_BYTES : LSQ_TAIL_BYTES, `aq.${family}`);
    return [nbits.length];
  }
  const count = yield* cursor.count('aq.nsplits');
  const countAt = cursor.at - 8;
  if (count < 1 || d % count !== 0) throw cursor.wrong('aq.nsplits', count, `a divisor of ${d}`, countAt);
  const inner: number[][] = [];
  let fields = 0;
  for (let i = 0; i < count; i++) {
    const sub = yield* additiveBase(cursor, d / count, false);
    yield* additiveTail(cursor, family === 'prq' ? 'rq' : 'lsq', sub);
    inner.push([...sub.nbits]);
    fields += sub.nbits.length;
    if (fields > nbits.length) break;
  }
  if (inner.flat().join() !== nbits.join())
    throw cursor.wrong(
      'aq.nsplits',
      `${fields} code fields in the splits`,
      `the ${nbits.length} of the whole`,
      countAt,
    );
  return inner.map((bits) => bits.length);
}

const FLAT_FAMILIES: Readonly<Record<string, AdditiveFamily>> = {
  IxRQ: 'oldRq',
  IxRq: 'rq',
  IxLS: 'lsq',
  IxPR: 'prq',
  IxPL: 'plsq',
};

export function* additive(walk: Walk, { cc }: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  const { d, rows, metric } = head;
  someDimensions(cursor, head);
  const { quantiser, codeBytes, facts, losses } = yield* additiveQuantiser(walk, FLAT_FAMILIES[cc]!, head);
  cursor.same('code_size', yield* cursor.count('code_size'), codeBytes, cursor.at - 8);
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'codes');
  cursor.same('codes', codes.count, rows * codeBytes, countAt);
  const storage = { kind: 'rows', at: codes.at, record: codeBytes } as const;
  const codec = { kind: 'additive', quantiser, residual: undefined } as const;
  return { d, rows, metric, facts, children: [], holds: floatRows({ d, rows, storage, codec, losses }) };
}
