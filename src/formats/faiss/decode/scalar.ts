/** Scalar quantisers: every component is a code of its own. */
import type { Codec } from '../model.ts';
import { type RowsOfCodes, unpackSmall } from './codeFields.ts';
import type { DecodeFloats, Lookup } from './decoder.ts';
import { bytesOf, openArena, runOf } from './kernels.ts';

type Scalar = Codec & { kind: 'scalar' };

/** What the numbers in the file mean, as far as the decoders must tell them apart. */
const TYPE = { uniform8: 2, uniform4: 3, half: 4, direct: 5, brain: 7, directSigned: 8, none: 9, table: 10 } as const;

/** Without the centroid: the caller adds it. */
export function openScalar(codec: Scalar, d: number, lookup: Lookup): DecodeFloats {
  const { type, bits } = codec;
  if (type === TYPE.none) return (range, out) => out.fill(-0, 0, range.rows * d); // x + −0 is x, for every x
  if (type === TYPE.half) return openHalves(d);
  if (type === TYPE.brain) return (range, out) => decodeBrains(range, out, d);
  const decode = type >= TYPE.table ? openLevels(codec, d, lookup) : openSpans(spansOf(codec, d, lookup));
  if (bits === 8) return decode;
  const record = Math.ceil((d * bits) / 8);
  let bytes = new Uint8Array(0);
  return (range, out) => {
    const { rows } = range;
    if (bytes.length < rows * d) bytes = new Uint8Array(rows * d);
    unpackSmall({ bits, fields: d, record }, range, bytes);
    decode({ codes: bytes, first: 0, rows }, out);
  };
}

/** Codes of a byte each. */
type DecodeBytes = (range: RowsOfCodes, out: Float32Array) => void;

/** Component i is base[i] + code · scale[i]. */
interface Spans {
  readonly base: Float32Array;
  readonly scale: Float32Array;
}

/**
 * In the file: least + (code + 0.5) / (codes − 1) · span. What does not depend on the code is put together; faiss's own
 * last bit depends on the processor, and ours is as near.
 */
function spansOf(codec: Scalar, d: number, lookup: Lookup): Spans {
  const all = (value: number): Float32Array => new Float32Array(d).fill(value);
  if (codec.type === TYPE.direct) return { base: all(0), scale: all(1) };
  if (codec.type === TYPE.directSigned) return { base: all(-128), scale: all(1) };
  const trained = lookup.table(codec.trained) as Float32Array;
  const uniform = codec.type === TYPE.uniform8 || codec.type === TYPE.uniform4;
  const least = uniform ? all(trained[0]!) : trained.subarray(0, d);
  const span = uniform ? all(trained[1]!) : trained.subarray(d, 2 * d);
  const steps = 2 ** codec.bits - 1;
  return { base: least.map((value, i) => value + (0.5 / steps) * span[i]!), scale: span.map((value) => value / steps) };
}

function openSpans({ base, scale }: Spans): DecodeBytes {
  const d = base.length;
  const run = runOf(d);
  const arena = openArena();
  const [baseAt, scaleAt] = [arena.take(d * 4), arena.take(d * 4)];
  const [from, to] = [arena.take(run * d), arena.take(run * d * 4)];
  const memory = arena.bytes();
  memory.set(bytesOf(base), baseAt);
  memory.set(bytesOf(scale), scaleAt);
  return ({ codes, first, rows }, out) => {
    const target = bytesOf(out);
    for (let done = 0; done < rows; done += run) {
      const here = Math.min(run, rows - done);
      memory.set(codes.subarray((first + done) * d, (first + done + here) * d), from);
      arena.run.spans(from, here, d, baseAt, scaleAt, to);
      target.set(memory.subarray(to, to + here * d * 4), done * d * 4);
    }
  };
}

/** Types from `table` on: the table in the file has a level for each code. */
function openLevels({ trained, bits }: Scalar, d: number, lookup: Lookup): DecodeBytes {
  const levels = (lookup.table(trained) as Float32Array).slice(0, 2 ** bits);
  return ({ codes, first, rows }, out) => {
    const start = first * d;
    for (let at = 0; at < rows * d; at++) out[at] = levels[codes[start + at]!]!;
  };
}

/** IEEE halves. Every bit comes through, that of NaNs, too. */
function openHalves(d: number): DecodeFloats {
  const run = runOf(d);
  const arena = openArena();
  const [from, to] = [arena.take(run * d * 2), arena.take(run * d * 4)];
  const memory = arena.bytes();
  return ({ codes, first, rows }, out) => {
    const target = bytesOf(out);
    for (let done = 0; done < rows; done += run) {
      const here = Math.min(run, rows - done);
      memory.set(codes.subarray((first + done) * d * 2, (first + done + here) * d * 2), from);
      arena.run.halves(from, here * d, to);
      target.set(memory.subarray(to, to + here * d * 4), done * d * 4);
    }
  };
}

/** bfloat16: the upper half of a float32, taken as bits. */
function decodeBrains({ codes, first, rows }: RowsOfCodes, out: Float32Array, d: number): void {
  const words = new Int32Array(out.buffer, out.byteOffset, out.length);
  let from = first * d * 2;
  for (let at = 0; at < rows * d; at++, from += 2) words[at] = (codes[from]! << 16) | (codes[from + 1]! << 24);
}
