/** Worker side: the rows of a partition that are recorded, by key and hashes of their values, to be compared when they are loaded. */
import type { Batch } from '../../core/batch.ts';
import { columnsOf, comparedFields, rowHash } from '../../core/canonical.ts';
import type { Sample } from '../../core/contracts.ts';
import { keyText } from '../../core/keys.ts';
import type { Schema } from '../../core/schema.ts';

export interface Sampler {
  take(batch: Batch): void;
  /** Of all rows that were taken, in their order. */
  samples(): readonly Sample[];
}

export interface Sampling {
  /** Rows that are planned. */
  readonly expected: number;
  /** How many of them to record. */
  readonly wanted: number;
  /** Whether far fewer may come than are planned, by filters or rejects. */
  readonly mayBeFewer: boolean;
}

/** Spread evenly over the rows, the first and the last among them. */
export function createSampler(schema: Schema, { expected, wanted, mayBeFewer }: Sampling): Sampler {
  return mayBeFewer ? createThinned(schema, wanted) : createPlanned(schema, expected, wanted);
}

/** Which rows is known before the first comes: no other is hashed. */
function createPlanned(schema: Schema, expected: number, wanted: number): Sampler {
  const samples: Sample[] = [];
  const count = Math.min(wanted, expected);
  const position = (index: number): number => (count <= 1 ? 0 : Math.round((index * (expected - 1)) / (count - 1)));
  let seen = 0;
  let next = 0;
  return {
    take(batch) {
      const end = seen + batch.rows;
      for (; next < count && position(next) < end; next++) samples.push(sampleOf(schema, batch, position(next) - seen));
      seen = end;
    },
    samples: () => samples,
  };
}

/** Every row at first; whenever there are twice as many as wanted, every second one goes, of those to come too. */
function createThinned(schema: Schema, wanted: number): Sampler {
  let kept: Sample[] = [];
  let step = 1;
  let seen = 0;
  /** Of the batch before, where it is not among those that are kept. */
  let last: Sample | undefined;
  return {
    take(batch) {
      if (wanted === 0 || batch.rows === 0) return;
      for (let row = (step - (seen % step)) % step; row < batch.rows; row += step) {
        kept.push(sampleOf(schema, batch, row));
        // One more: the one that is there then stays, and so do its distances.
        if (kept.length <= 2 * wanted) continue;
        kept = kept.filter((_, index) => index % 2 === 0);
        step *= 2;
      }
      seen += batch.rows;
      last = (seen - 1) % step === 0 ? undefined : sampleOf(schema, batch, batch.rows - 1);
    },
    samples() {
      const all = last === undefined ? kept : [...kept, last];
      if (all.length <= wanted) return all;
      const every = wanted === 1 ? 0 : (all.length - 1) / (wanted - 1);
      return Array.from({ length: wanted }, (_, index) => all[Math.round(index * every)]!);
    },
  };
}

function sampleOf(schema: Schema, batch: Batch, row: number): Sample {
  const fields = comparedFields(schema);
  return { key: keyText(schema, batch, row), hash: rowHash(fields, columnsOf(batch, fields), row) };
}
