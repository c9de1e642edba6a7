/** Product quantisers: a row is one entry of each codebook, one after another. */
import type { ProductQuantiser } from '../model.ts';
import type { CentroidOf } from './centroids.ts';
import { planFields, type RowsOfCodes, readFields, unpackSmall } from './codeFields.ts';
import type { DecodeFloats, Lookup } from './decoder.ts';
import { bytesOf, openArena, runOf } from './kernels.ts';

/** Bytes of a code. */
export function productRecord({ M, nbits }: ProductQuantiser): number {
  return Math.ceil((M * nbits) / 8);
}

/**
 * @param options.record bytes of a row's code, at least those of the fields
 * @param options.centroidOf is added to every row, in the same pass
 */
export function openProduct(
  quantiser: ProductQuantiser,
  lookup: Lookup,
  { record, centroidOf }: { record: number; centroidOf?: CentroidOf | undefined },
): DecodeFloats {
  const { M: fields, nbits: bits } = quantiser;
  if (bits > 8) return openWide(quantiser, lookup, { record, centroidOf });
  const join = openJoin(quantiser, lookup);
  if (bits === 8 && record === fields) return (range, out) => join(range, out, centroidOf?.(range.list));
  let bytes = new Uint8Array(0);
  return (range, out) => {
    const { rows, list } = range;
    if (bytes.length < rows * fields) bytes = new Uint8Array(rows * fields);
    unpackSmall({ bits, fields, record }, range, bytes);
    join({ codes: bytes, first: 0, rows }, out, centroidOf?.(list));
  };
}

/** Joins entries for codes of a byte each, u8 [rows][M], whose values are below 2^nbits. */
export type JoinEntries = (range: RowsOfCodes, out: Float32Array, centroid?: Float32Array) => void;

export function openJoin({ d, M, nbits, centroids }: ProductQuantiser, lookup: Lookup): JoinEntries {
  const books = lookup.table(centroids) as Float32Array;
  const [step, wide, run] = [(2 ** nbits * d * 4) / M, (d / M) * 4, runOf(d)];
  const arena = openArena();
  const [table, base] = [arena.take(books.byteLength), arena.take(d * 4)];
  const [from, to] = [arena.take(run * M), arena.take(run * d * 4)];
  const memory = arena.bytes();
  memory.set(bytesOf(books), table);
  return ({ codes, first, rows }, out, centroid) => {
    const target = bytesOf(out);
    if (centroid !== undefined) memory.set(bytesOf(centroid), base);
    for (let done = 0; done < rows; done += run) {
      const here = Math.min(run, rows - done);
      memory.set(codes.subarray((first + done) * M, (first + done + here) * M), from);
      if (centroid === undefined) arena.run.join(from, here, M, step, wide, table, to);
      else arena.run.joinAdd(from, here, M, step, wide, table, base, to);
      target.set(memory.subarray(to, to + here * d * 4), done * d * 4);
    }
  };
}

/** Fields of 9 to 24 bits. */
function openWide(
  { d, M, nbits, centroids }: ProductQuantiser,
  lookup: Lookup,
  { record, centroidOf }: { record: number; centroidOf?: CentroidOf | undefined },
): DecodeFloats {
  const table = lookup.table(centroids) as Float32Array;
  const plan = planFields(new Uint8Array(M).fill(nbits), record);
  const wide = d / M;
  const step = 2 ** nbits * wide;
  const nothing = new Float32Array(d).fill(-0); // x + −0 is x, for every x
  let fields = new Uint32Array(0);
  return (range, out) => {
    if (fields.length < range.rows * M) fields = new Uint32Array(range.rows * M);
    readFields(plan, range, fields);
    const centroid = centroidOf?.(range.list) ?? nothing;
    let to = 0;
    for (let field = 0; field < range.rows * M; field++) {
      const m = field % M;
      const from = m * step + fields[field]! * wide;
      for (let i = 0; i < wide; i++) out[to++] = table[from + i]! + centroid[m * wide + i]!;
    }
  };
}
