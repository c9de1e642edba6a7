/** Vectors of a document straight into a column: numbers, and the texts in hex that byte and bit vectors may be sent as. */
import type { Piece } from './assemble.ts';
import { type Rejected, reject } from './coerced.ts';
import { shown } from './coerceNumber.ts';
import type { MappedField } from './mapping.ts';
import type { VectorFault } from './page.ts';
import type { Reading } from './raw.ts';

/**
 * Reads the document's vector into `target` (FloatVector: its dim of floats).
 * @returns what is wrong with it; undefined: nothing. A document without one is rejected too: Milvus has no null vectors.
 */
export function coerceFloatVector(
  reading: Reading,
  pieces: readonly Piece[],
  { mapped, target }: { mapped: MappedField; target: Float32Array },
): Rejected | undefined {
  const at = singlePlace(reading, pieces, mapped);
  if (typeof at !== 'number') return at;
  const { dim } = mapped.field;
  if (mapped.elementType === 'byte' && reading.kindAt(at) === 'string') {
    const bytes = hexAt(reading, at);
    if (bytes?.length !== dim) return reject(`${reading.kindAt(at)} ${textAt(reading, at)}`, `${dim} bytes in hex`);
    target.set(new Int8Array(bytes.buffer, bytes.byteOffset, dim));
    return undefined;
  }
  const fault = reading.vectorAt(at, target);
  return fault === undefined ? undefined : faultOf(reading, fault, dim);
}

/** As `coerceFloatVector` for bits: `target` has dim / 8 bytes. They are sent as signed bytes, or in hex. */
export function coerceBitVector(
  reading: Reading,
  pieces: readonly Piece[],
  { mapped, target }: { mapped: MappedField; target: Uint8Array },
): Rejected | undefined {
  const at = singlePlace(reading, pieces, mapped);
  if (typeof at !== 'number') return at;
  const wanted = `${target.length} bytes for ${mapped.field.dim} bits`;
  if (reading.kindAt(at) === 'string') {
    const bytes = hexAt(reading, at);
    if (bytes?.length !== target.length) return reject(textAt(reading, at), `${wanted}, in hex`);
    target.set(bytes);
    return undefined;
  }
  const numbers = new Float32Array(target.length);
  const fault = reading.vectorAt(at, numbers);
  if (fault !== undefined) return faultOf(reading, fault, target.length);
  const wrong = numbers.find((value) => !Number.isInteger(value) || value < -128 || value > 127);
  if (wrong !== undefined) return reject(String(wrong), 'bytes from -128 to 127');
  target.set(Int8Array.from(numbers));
  return undefined;
}

function singlePlace(reading: Reading, pieces: readonly Piece[], { field }: MappedField): number | Rejected {
  const [first, second] = pieces;
  if (second !== undefined) return reject(`${pieces.length} vectors`, 'one vector');
  if (first === undefined || reading.kindAt(first.at) === 'null')
    return reject(first === undefined ? 'no vector' : 'null', `a vector of ${field.dim}: Milvus has none without`);
  return first.at;
}

function faultOf(reading: Reading, fault: VectorFault, dim: number): Rejected {
  const wanted = `a vector of ${dim} numbers`;
  switch (fault.kind) {
    case 'type':
      return reject(shown(reading.rawAt(fault.at)), wanted);
    case 'length':
      return reject(`${fault.found} numbers`, wanted);
    case 'element':
      return reject(`${shown(reading.rawAt(fault.at))} at position ${fault.index}`, wanted);
    case 'range':
      return reject(`${shown(reading.rawAt(fault.at))} at position ${fault.index}`, 'numbers within float32');
  }
}

function hexAt(reading: Reading, at: number): Buffer | undefined {
  const text = textAt(reading, at);
  return /^(?:[0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}

function textAt(reading: Reading, at: number): string {
  const raw = reading.rawAt(at);
  return raw.kind === 'string' ? raw.value : shown(raw);
}
