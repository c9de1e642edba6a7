/** Worker side: a partition's rows as they will be stored, with everything that was left out counted and named. */
import { type Batch, columnOf, type RefusedRow } from '../../core/batch.ts';
import { withoutRows } from '../../core/compact.ts';
import type { NonFiniteRow, ReadStats, SlabRing, SourceReader } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { keyText } from '../../core/keys.ts';
import type { Field } from '../../core/schema.ts';
import { isFloating, rowsNotFinite } from '../../transforms/nonFinite.ts';
import type { ReadTask, SharedState } from '../threads/tasks.ts';
import { openDroppedRows } from './droppedRows.ts';

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
  /** Called with rows that were never in a batch. */
  readonly onRefused?: (rows: readonly RefusedRow[], origin: string) => void;
}

/** The partition's rows after all steps, in order. Throws E_INTERRUPTED between two buffers when the run is to stop. */
export function readRows(task: ReadTask, options: RowStreamOptions): RowStream {
  const named: NonFiniteRow[] = [];
  const changes: Record<string, number> = {};
  const counts: Counts = {
    read: 0,
    deleted: 0,
    dropped: 0,
    filtered: 0,
    rejected: 0,
    nonFinite: 0,
    refused: 0,
    rows: 0,
    firstNonFinite: named,
    changes,
    withoutSnapshot: false,
  };
  return { counts, batches: passRows(task, options, { counts, named, changes }) };
}

interface Counting {
  readonly counts: Counts;
  readonly named: NonFiniteRow[];
  readonly changes: Record<string, number>;
}

async function* passRows(
  task: ReadTask,
  { reader, slabs, shared, onRejected, onRefused }: RowStreamOptions,
  { counts, named, changes }: Counting,
): AsyncGenerator<Batch> {
  const { schema, sourceSchema, partition, steps } = task;
  const abort = new Int32Array(shared.abort);
  const counters = new BigInt64Array(shared.counters);
  const floats = schema.fields.filter(({ type }) => isFloating(type));
  const dropped = task.droppedFile === undefined ? undefined : openDroppedRows(task.droppedFile);
  const passSteps =
    steps.length === 0 ? undefined : await (await import('../../transforms/index.ts')).openSteps(sourceSchema, steps);
  const name = (row: NonFiniteRow): void => {
    if (named.length < NAMED_NON_FINITE) named.push(row);
  };
  for await (const emitted of reader.read(partition, sourceSchema, slabs, dropped)) {
    if (Atomics.load(abort, 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    const batch = passSteps === undefined ? emitted : await passSteps(emitted);
    counts.read += batch.read;
    counts.deleted += batch.deleted;
    counts.dropped += batch.dropped;
    counts.filtered = (counts.filtered ?? 0) + (batch.filtered ?? 0);
    if (batch.withoutSnapshot === true) counts.withoutSnapshot = true;
    for (const [what, times] of Object.entries(batch.changes ?? {})) changes[what] = (changes[what] ?? 0) + times;
    const { refused = [] } = batch;
    for (const { key, reason } of refused) name({ segment: batch.origin, key, reason });
    if (refused.length > 0 && task.rejectNonFinite) {
      counts.rejected += refused.length;
      onRefused?.(refused, batch.origin);
    } else counts.refused = (counts.refused ?? 0) + refused.length;
    const bad = badRows(batch, floats);
    for (const row of bad.slice(0, NAMED_NON_FINITE)) name({ segment: batch.origin, key: keyText(schema, batch, row) });
    if (bad.length > 0) {
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

/** Rows with NaN or infinity in any of these fields, ascending. */
function badRows(batch: Batch, floats: readonly Field[]): readonly number[] {
  const [first, ...others] = floats.map((field) => rowsNotFinite(field, columnOf(batch, field.name)));
  if (first === undefined || others.every((rows) => rows.length === 0)) return first ?? [];
  return [...new Set([first, ...others].flat())].sort((a, b) => a - b);
}
