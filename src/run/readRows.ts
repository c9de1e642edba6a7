/** Worker side: a partition's rows as they will be stored, with everything that was left out counted and named. */
import { createHash } from 'node:crypto';
import { type Batch, columnOf, int64s } from '../core/batch.ts';
import { withoutRows } from '../core/compact.ts';
import type { NonFiniteRow, ReadStats, Sample, SlabRing, SourceReader } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import { primaryKeyOf, type Schema, vectorOf } from '../core/schema.ts';
import { nonFiniteRows } from '../transforms/nonFinite.ts';
import { openDroppedRows } from './droppedRows.ts';
import type { ReadTask, SharedState } from './tasks.ts';

/** How many non-finite rows are named; all are counted. */
const NAMED_NON_FINITE = 10;

/** What is counted while the rows pass. */
export type Counts = { -readonly [K in keyof Omit<ReadStats, 'columnCrc' | 'samples'>]: ReadStats[K] };

export interface RowStream {
  readonly batches: AsyncIterable<Batch>;
  /** Complete when the batches are through. */
  readonly counts: Counts;
}

export interface RowStreamOptions {
  readonly reader: SourceReader;
  readonly slabs: SlabRing;
  readonly shared: SharedState;
  /** Called with the rows about to be taken out, before they are. */
  readonly onRejected?: (batch: Batch, rows: readonly number[]) => void;
}

/** The partition's rows after all transforms, in order. Throws E_INTERRUPTED between two buffers when the run is to stop. */
export function readRows(task: ReadTask, options: RowStreamOptions): RowStream {
  const firstNonFinite: NonFiniteRow[] = [];
  const counts: Counts = { read: 0, deleted: 0, dropped: 0, rejected: 0, nonFinite: 0, rows: 0, firstNonFinite };
  return { counts, batches: passRows(task, options, { counts, firstNonFinite }) };
}

async function* passRows(
  task: ReadTask,
  { reader, slabs, shared, onRejected }: RowStreamOptions,
  { counts, firstNonFinite }: { counts: Counts; firstNonFinite: NonFiniteRow[] },
): AsyncGenerator<Batch> {
  const { schema, partition } = task;
  const abort = new Int32Array(shared.abort);
  const counters = new BigInt64Array(shared.counters);
  const vector = vectorOf(schema);
  const key = primaryKeyOf(schema);
  const dropped = task.droppedFile === undefined ? undefined : openDroppedRows(task.droppedFile);
  for await (const batch of reader.read(partition, schema, slabs, dropped)) {
    if (Atomics.load(abort, 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    counts.read += batch.read;
    counts.deleted += batch.deleted;
    counts.dropped += batch.dropped;
    const bad = vector.type === 'FloatVector' ? nonFiniteRows(columnOf(batch, vector.name)) : [];
    if (bad.length > 0) {
      const keys = int64s(columnOf(batch, key.name));
      for (const row of bad.slice(0, NAMED_NON_FINITE - firstNonFinite.length))
        firstNonFinite.push({ segment: batch.origin, key: String(keys[row]) });
      if (task.rejectNonFinite) counts.rejected += bad.length;
      else counts.nonFinite += bad.length;
      if (task.rejectNonFinite) onRejected?.(batch, bad);
    }
    const passed = task.rejectNonFinite ? withoutRows(batch, bad) : batch;
    counts.rows += passed.rows;
    Atomics.add(counters, 0, BigInt(passed.columns.reduce((sum, { bytes }) => sum + bytes.length, 0)));
    Atomics.add(counters, 1, BigInt(batch.read));
    yield passed;
  }
}

/** Records the key and the vector's hash of `wanted` rows spread evenly over `expected` rows, the first and the last among them. */
export function createSampler(
  schema: Schema,
  expected: number,
  wanted: number,
): {
  take(batch: Batch): void;
  readonly samples: Sample[];
} {
  const vector = vectorOf(schema).name;
  const key = primaryKeyOf(schema).name;
  const samples: Sample[] = [];
  const count = Math.min(wanted, expected);
  const position = (index: number): number => (count <= 1 ? 0 : Math.round((index * (expected - 1)) / (count - 1)));
  let seen = 0;
  let next = 0;
  return {
    samples,
    take(batch) {
      const end = seen + batch.rows;
      for (; next < count && position(next) < end; next++) {
        const row = position(next) - seen;
        const { bytes, rowBytes } = columnOf(batch, vector);
        samples.push({
          key: String(int64s(columnOf(batch, key))[row]),
          hash: vectorHash(bytes.subarray(row * rowBytes, (row + 1) * rowBytes)),
        });
      }
      seen = end;
    },
  };
}

/** First 16 bytes of SHA-256, hex: enough that two different vectors never look alike. */
export function vectorHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
