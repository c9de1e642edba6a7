/** Scalar quantisers (Faiss, ScalarQuantizer): the code of each component is `bits` bits, first bit lowest. */
import type { Centroids, Codec, Refusal, TableRef } from '../model.ts';
import type { Reading } from './cursor.ts';
import { type Header, header, someDimensions } from './headers.ts';
import { type Body, type Facts, floatRows, type Holds, type Kind, type Rows, refusal, type Walk } from './laid.ts';

interface ScalarType {
  readonly name: string;
  readonly bits: number;
  /** Floats that training left. */
  readonly trained: (d: number) => number;
  /** What the codes take away; undefined: nothing of what such codes are meant for. */
  readonly loss: string | undefined;
}

const none = (): number => 0;
const perDimension = (d: number): number => 2 * d;
const forAll = (): number => 2;

function levels(name: string, bits: number, trained: ScalarType['trained']): ScalarType {
  return { name, bits, trained, loss: `scalar quantiser, ${name}: vectors are approximations` };
}

function table(name: string, bits: number): ScalarType {
  return levels(name, bits, () => 2 ** (bits + 1) - 1);
}

const TYPES: Readonly<Record<number, ScalarType>> = {
  0: levels('8 bit', 8, perDimension),
  1: levels('4 bit', 4, perDimension),
  2: levels('8 bit uniform', 8, forAll),
  3: levels('4 bit uniform', 4, forAll),
  4: { name: 'fp16', bits: 16, trained: none, loss: 'half precision: 11 significant bits of each value are kept' },
  5: { name: '8 bit direct', bits: 8, trained: none, loss: undefined },
  6: levels('6 bit', 6, perDimension),
  7: { name: 'bf16', bits: 16, trained: none, loss: 'bfloat16: 8 significant bits of each value are kept' },
  8: { name: '8 bit direct, signed', bits: 8, trained: none, loss: undefined },
  9: {
    name: '0 bit',
    bits: 0,
    trained: none,
    loss: 'only the list of each vector is stored: all of a list are the same',
  },
  10: table('1 bit by table', 1),
  11: table('2 bit by table', 2),
  12: table('3 bit by table', 3),
  13: table('4 bit by table', 4),
  14: table('8 bit by table', 8),
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((bits) => [18 + bits, table(`${bits} bit EDEN`, bits)])),
};

/** Values of direct codes; they are exact only for these. */
const DIRECT: Readonly<Record<number, string>> = { 5: 'whole numbers 0 to 255', 8: 'whole numbers -128 to 127' };

export interface ScalarLaid {
  readonly type: number;
  /** Bytes of a vector's code. */
  readonly codeBytes: number;
  readonly bits: number;
  readonly trained: TableRef;
  readonly losses: readonly string[];
  readonly facts: Facts;
  /** Set for the kinds that keep a sketch only. */
  readonly refused: Refusal | undefined;
}

/** The quantiser of an index whose header was read. */
export function* scalarQuantiser(walk: Walk, kind: Kind, { d, trained }: Header): Reading<ScalarLaid> {
  const { cursor } = walk;
  const typeAt = cursor.at;
  const type = yield* cursor.i32('qtype');
  cursor.skip(8, 'rangestat');
  cursor.same('sq.d', yield* cursor.count('sq.d'), d, cursor.at - 8);
  const codeBytes = yield* cursor.count('sq.code_size');
  const codeAt = cursor.at - 8;
  const tableAt = cursor.at;
  const values = yield* cursor.table('f32', 'trained');
  const known = TYPES[type];
  if (known === undefined) {
    if (type < 15 || type > 18) throw cursor.wrong('qtype', type, '0 to 26', typeAt);
    const facts = { quantiser: `TurboQuant, type ${type}` };
    return { type, codeBytes, bits: 0, trained: values, losses: [], facts, refused: turboQuant(kind) };
  }
  cursor.same('sq.code_size', codeBytes, Math.ceil((d * known.bits) / 8), codeAt);
  if (trained || values.count > 0) cursor.same('trained', values.count, known.trained(d), tableAt);
  const exact: Facts = DIRECT[type] === undefined ? {} : { 'exact for': DIRECT[type] };
  const facts = { quantiser: known.name, 'code bytes': codeBytes, ...exact };
  const losses = known.loss === undefined ? [] : [known.loss];
  return { type, codeBytes, bits: known.bits, trained: values, losses, facts, refused: undefined };
}

/** What is lost where the codes are of the rest behind a centroid: of that, whole numbers are not enough. */
export function residualLosses({ type, losses, facts }: ScalarLaid): readonly string[] {
  return DIRECT[type] === undefined
    ? losses
    : [`scalar quantiser, ${facts.quantiser} of what is left behind a centroid: vectors are approximations`];
}

export function scalarCodec({ type, bits, trained }: ScalarLaid, residual: Centroids | undefined): Codec {
  return { kind: 'scalar', type, bits, trained, residual };
}

/** IxSQ. */
export function* scalar(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  const { d, rows, metric } = head;
  someDimensions(cursor, head);
  const quantiser = yield* scalarQuantiser(walk, kind, head);
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'codes');
  cursor.same('codes', codes.count, rows * quantiser.codeBytes, countAt);
  const storage = { kind: 'rows', at: codes.at, record: quantiser.codeBytes } as const;
  const { losses, facts } = quantiser;
  const stored: Rows = { d, rows, storage, codec: scalarCodec(quantiser, undefined), losses };
  return { d, rows, metric, facts, children: [], holds: scalarHolds(kind, quantiser, stored) };
}

function scalarHolds(kind: Kind, { refused, codeBytes }: ScalarLaid, stored: Rows): Holds {
  if (refused !== undefined) return refused;
  if (codeBytes > 0 || stored.rows === 0) return floatRows(stored);
  const hint = 'build the collection from the original vectors';
  return refusal(kind, 'its scalar quantiser keeps 0 bits of each vector', hint);
}

function turboQuant(kind: Kind): Refusal {
  const hint = 'build the collection from the original vectors';
  return refusal(kind, 'TurboQuant codes with sign sketches are not turned back into vectors here', hint);
}
