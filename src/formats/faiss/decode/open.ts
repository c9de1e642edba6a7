/** From a recipe to a decoder: codec, then the transforms turned back; or the bytes of binary vectors. */
import type { Codec, Recipe } from '../model.ts';
import { openCodec } from './codec.ts';
import type { CodeRange, DecodeFloats, Lookup } from './decoder.ts';
import { runOf } from './kernels.ts';
import { copyRows } from './plain.ts';
import { productRecord } from './product.ts';
import { openUndo } from './undo.ts';

export interface Decoder {
  /** Dimensions of the rows that come out (bits for binary). */
  readonly d: number;
  /** Bytes of a row that comes out. */
  readonly rowBytes: number;
  /**
   * Writes `rows × rowBytes` bytes to the front of `out`, whose offset in its buffer is a multiple of 4.
   * Errors: E_FAISS where a code names what is not there; RangeError where `codes` or `out` are too short.
   */
  decode(range: CodeRange, out: Uint8Array): void;
}

export interface DecoderOptions {
  /** Rows as the index holds them, without the transforms turned back. */
  readonly keepTransformed?: boolean;
}

/**
 * Errors: E_FAISS_UNSUPPORTED where a transform cannot be turned back, E_FAISS where it makes no sense.
 * Made once for many ranges: it sets up tables, and buffers that are used again.
 */
export function openDecoder(recipe: Recipe, lookup: Lookup, { keepTransformed = false }: DecoderOptions = {}): Decoder {
  const kept = keepTransformed || recipe.transforms.length === 0;
  const d = recipe.kind === 'float' && kept ? recipe.innerD : recipe.d;
  const rowBytes = recipe.kind === 'float' ? d * 4 : d / 8;
  const decode = openRows(recipe, lookup, kept);
  const shape = shapeOf(recipe);
  return {
    d,
    rowBytes,
    decode(range, out) {
      requireCodes(shape, range, recipe.codec);
      requireBytes('out', out.length, range.rows * rowBytes);
      decode(range, out);
    },
  };
}

type Decode = (range: CodeRange, out: Uint8Array) => void;

function openRows(recipe: Recipe, lookup: Lookup, kept: boolean): Decode {
  const { codec, innerD, d } = recipe;
  const { record } = shapeOf(recipe);
  if (codec.kind === 'bits') return (range, out) => copyRows(range, out, d / 8);
  if (codec.kind === 'signs') {
    const floats = openCodec(codec.inner, { d: codec.innerD, record, lookup });
    return openSigns(floats, { innerD: codec.innerD, d });
  }
  const decode = openCodec(codec, { d: innerD, record, lookup });
  return kept ? inRuns(decode, innerD) : withUndo(decode, recipe, lookup);
}

function inRuns(decode: DecodeFloats, d: number): Decode {
  const run = runOf(d);
  return (range, out) => {
    const floats = floatsOf(out, range.rows * d);
    if (range.rows <= run) return decode(range, floats);
    for (let done = 0; done < range.rows; done += run) {
      const rows = Math.min(run, range.rows - done);
      decode({ ...range, first: range.first + done, rows }, floats.subarray(done * d, (done + rows) * d));
    }
  };
}

function withUndo(decode: DecodeFloats, { transforms, innerD, d }: Recipe, lookup: Lookup): Decode {
  const undo = openUndo(transforms, lookup);
  const run = runOf(Math.max(innerD, d));
  const inner = new Float32Array(run * innerD);
  return (range, out) => {
    const floats = floatsOf(out, range.rows * d);
    for (let done = 0; done < range.rows; done += run) {
      const rows = Math.min(run, range.rows - done);
      decode({ ...range, first: range.first + done, rows }, inner);
      undo(inner, rows, floats.subarray(done * d, (done + rows) * d));
    }
  };
}

/** Bit j of a row is whether component j is above 0, lowest bit first. */
function openSigns(decode: DecodeFloats, { innerD, d }: { innerD: number; d: number }): Decode {
  const run = runOf(innerD);
  const floats = new Float32Array(run * innerD);
  return (range, out) => {
    out.fill(0, 0, (range.rows * d) / 8);
    for (let done = 0; done < range.rows; done += run) {
      const rows = Math.min(run, range.rows - done);
      decode({ ...range, first: range.first + done, rows }, floats);
      for (let row = 0; row < rows; row++)
        for (let j = 0; j < d; j++)
          if (floats[row * innerD + j]! > 0) out[((done + row) * d + j) >>> 3]! |= 1 << (j & 7);
    }
  };
}

function floatsOf({ buffer, byteOffset }: Uint8Array, length: number): Float32Array {
  return new Float32Array(buffer, byteOffset, length);
}

interface CodeShape {
  /** Rows and bytes of what codes are made of: a record of one row, or a block. */
  readonly rows: number;
  readonly record: number;
}

function shapeOf({ storage }: Recipe): CodeShape {
  if (storage.kind === 'rows') return { rows: 1, record: storage.record };
  if (storage.kind === 'blocks') return { rows: storage.blockRows, record: storage.blockBytes };
  return storage.block === undefined
    ? { rows: 1, record: storage.record }
    : { rows: storage.block.rows, record: storage.block.bytes };
}

function requireCodes({ rows, record }: CodeShape, range: CodeRange, codec: Codec): void {
  const end = range.first + range.rows;
  requireBytes('codes', range.codes.length, Math.ceil(end / rows) * record);
  if (codec.kind !== 'refined') return;
  requireBytes('second', range.second?.length ?? 0, end * Math.max(codec.record, productRecord(codec.second)));
}

/** Beyond its end a typed array gives `undefined`, which would become zeros without a word. */
function requireBytes(what: string, found: number, wanted: number): void {
  if (found < wanted) throw new RangeError(`${what} of ${found} bytes where ${wanted} are wanted`);
}
