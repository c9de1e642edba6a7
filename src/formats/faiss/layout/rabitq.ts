/** RaBitQ (Faiss, IndexRaBitQ): a sketch of signs, not the vectors. Ixrq, Ixrr, Iwrq, Iwrr. */
import type { Codec, Refusal, TableRef } from '../model.ts';
import type { Cursor, Reading } from './cursor.ts';
import { type Header, header, someDimensions } from './headers.ts';
import { type Entries, ivfBody, ivfHeader } from './ivf.ts';
import { type Body, type Facts, floatRows, type Kind, refusal, type Walk } from './laid.ts';

const WHY: Pick<Refusal, 'why' | 'hint'> = {
  why: 'RaBitQ keeps one sign for each dimension: what can be given back is a rough sketch of the vectors',
  hint: 'build the collection from the original vectors',
};
const LOSSES = ['RaBitQ: only a sketch of signs is left of each vector'];

interface Quantiser {
  readonly codeBytes: number;
  readonly extraBits: number;
  readonly facts: Facts;
}

/** @param saysBits whether the kind says how many bits it has (one otherwise) */
function* quantiser(cursor: Cursor, { d }: Header, saysBits: boolean): Reading<Quantiser> {
  cursor.same('rabitq.d', yield* cursor.count('rabitq.d'), d, cursor.at - 8);
  const codeBytes = yield* cursor.count('rabitq.code_size');
  const codeAt = cursor.at - 8;
  cursor.skip(4, 'rabitq.metric_type');
  const bits = saysBits ? yield* cursor.count('rabitq.nb_bits') : 1;
  if (bits < 1 || bits > 9) throw cursor.wrong('rabitq.nb_bits', bits, '1 to 9', cursor.at - 8);
  const extraBits = bits - 1;
  const signs = Math.ceil(d / 8) + 8;
  const wanted = extraBits === 0 ? signs : signs + 4 + Math.ceil((d * extraBits) / 8) + 8;
  cursor.same('rabitq.code_size', codeBytes, wanted, codeAt);
  return { codeBytes, extraBits, facts: { bits, 'code bytes': codeBytes } };
}

export function* rabitq(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  const { d, rows, metric } = head;
  someDimensions(cursor, head);
  const { codeBytes, extraBits, facts } = yield* quantiser(cursor, head, kind.cc === 'Ixrr');
  const countAt = cursor.at;
  const codes = yield* cursor.vec(1, 'codes');
  cursor.same('codes', codes.count, rows * codeBytes, countAt);
  const centerAt = cursor.at;
  const center: TableRef = yield* cursor.table('f32', 'center');
  if (rows > 0) cursor.same('center', center.count, d, centerAt);
  cursor.skip(1, 'qb');
  const storage = { kind: 'rows', at: codes.at, record: codeBytes } as const;
  const codec: Codec = { kind: 'rabitq', extraBits, center, residual: undefined };
  const sketch = floatRows({ d, rows, storage, codec, losses: LOSSES });
  return { d, rows, metric, facts, children: [], holds: refusal(kind, WHY.why, WHY.hint, sketch) };
}

export function* ivfRabitq(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* ivfHeader(walk);
  const { codeBytes, extraBits, facts } = yield* quantiser(cursor, head, kind.cc === 'Iwrr');
  cursor.same('code_size', yield* cursor.count('code_size'), codeBytes, cursor.at - 8);
  yield* cursor.bool('by_residual');
  cursor.skip(1, 'qb');
  // The centroid takes the place of the center, whatever the flag says.
  const center: TableRef = { type: 'f32', at: 0, count: 0 };
  const codec: Entries['codec'] = (residual) => ({ kind: 'rabitq', extraBits, center, residual });
  const shape = { kind: 'rows' } as const;
  const entries = { shape, record: codeBytes, codec, residual: true, losses: LOSSES, facts, asSketch: WHY };
  return yield* ivfBody(walk, kind, head, entries);
}
