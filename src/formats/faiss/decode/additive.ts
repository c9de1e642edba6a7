/** Additive quantisers: a row is the sum of one entry of each codebook; with splits, such sums one after another. */
import type { AdditiveQuantiser } from '../model.ts';
import { planFields, readFields } from './codeFields.ts';
import type { DecodeFloats, Lookup } from './decoder.ts';

/** Adds up entries for rows of code fields, u32 [rows][fields]. */
export type SumEntries = (fields: Uint32Array, rows: number, out: Float32Array) => void;

export function openAdditive(quantiser: AdditiveQuantiser, record: number, lookup: Lookup): DecodeFloats {
  const plan = planFields(quantiser.nbits, record);
  const sum = sumEntries(quantiser, lookup);
  let fields = new Uint32Array(0);
  return (range, out) => {
    if (fields.length < range.rows * plan.fields) fields = new Uint32Array(range.rows * plan.fields);
    readFields(plan, range, fields);
    sum(fields, range.rows, out);
  };
}

/** Codebooks lie one after another, all splits' included; a sum goes through them in that order, rounded each time. */
export function sumEntries({ d, nbits, splits, codebooks }: AdditiveQuantiser, lookup: Lookup): SumEntries {
  const table = lookup.table(codebooks) as Float32Array;
  const wide = d / splits.length;
  const starts = startsOf(nbits);
  return (fields, rows, out) => {
    let field = 0;
    let to = 0;
    for (let row = 0; row < rows; row++) {
      let book = 0;
      for (const count of splits) {
        for (let nth = 0; nth < count; nth++, field++, book++) {
          const from = (starts[book]! + fields[field]!) * wide;
          if (nth === 0) for (let i = 0; i < wide; i++) out[to + i] = table[from + i]!;
          else for (let i = 0; i < wide; i++) out[to + i]! += table[from + i]!;
        }
        to += wide;
      }
    }
  };
}

/** First entry of each codebook. */
function startsOf(nbits: readonly number[]): Float64Array {
  const starts = new Float64Array(nbits.length);
  for (let book = 1; book < starts.length; book++) starts[book] = starts[book - 1]! + 2 ** nbits[book - 1]!;
  return starts;
}
