/** The report of a job, from its records. */
import type { CollectionRecord, LoadRecord, PartitionRecord } from '../core/checkpoint.ts';
import type { Part, Partition } from '../core/contracts.ts';
import type { PlannedCollection } from '../core/plan.ts';
import type { CollectionReport, Report } from '../core/report.ts';
import { fixedBytes, rowBytes } from '../core/schema.ts';
import type { Ledger } from './shared/ledger.ts';

/** How many of the non-finite rows are named. */
const NAMED = 10;

const NOT_VERIFIED: CollectionReport['verify'] = {
  count: 'skipped',
  wanted: '',
  found: '',
  samples: 'skipped',
  sampled: 0,
  remark: '',
  differences: [],
};

export function reportCollection(ledger: Ledger, planned: PlannedCollection): CollectionReport {
  const records = ledger.of(planned.target);
  const known = ledger.collection(planned.target);
  const sum = (pick: (record: PartitionRecord) => number): number => records.reduce((all, one) => all + pick(one), 0);
  const dumpMs = sum(({ part }) => part?.ms ?? 0);
  const base = {
    collection: planned.target,
    datasets: planned.datasets,
    read: sum(({ part }) => part?.read ?? 0),
    deleted: sum(({ part }) => part?.deleted ?? 0),
    dropped: sum(({ part }) => part?.dropped ?? 0),
    rejected: sum(({ part }) => part?.rejected ?? 0),
    filtered: sum(({ part }) => part?.filtered ?? 0),
    nonFinite: sum(({ part }) => (part?.nonFinite ?? 0) + (part?.refused ?? 0)),
    refused: sum(({ part }) => part?.refused ?? 0),
    changes: sumChanges(records),
    firstNonFinite: records.flatMap(({ part }) => part?.firstNonFinite ?? []).slice(0, NAMED),
    loaded: sum(({ load }) => loadedRows(load)),
    bytes: sum(({ part, planned: { partition } }) => movedBytes(planned, part, partition)),
    parts: records.length,
    skipped: planned.skipped,
    notes: planned.notes,
    ms: { ...known?.ms, dump: dumpMs },
  };
  const whole = records.every(({ load }) => load?.state === 'loaded');
  // What was verified says nothing of rows that are to come since: those that changed in the source.
  const said = known?.report?.outcome === 'loaded' && !whole ? undefined : known?.report;
  return {
    ...base,
    outcome:
      said?.outcome ?? outcomeOf(known, { ...base, whole, begun: records.some(({ load }) => load !== undefined) }),
    verify: said?.verify ?? NOT_VERIFIED,
  };
}

/** Bytes of the rows: exact where all have one width, else what was written or, streamed, what was planned. */
function movedBytes({ schema }: PlannedCollection, part: Part | undefined, planned: Partition): number {
  if (part === undefined) return 0;
  if (schema.fields.every((field) => fixedBytes(field) !== undefined)) return part.rows * rowBytes(schema);
  return part.bytes > 0 ? part.bytes : planned.bytes;
}

function sumChanges(records: readonly PartitionRecord[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { part } of records)
    for (const [what, times] of Object.entries(part?.changes ?? {})) sum[what] = (sum[what] ?? 0) + times;
  return sum;
}

/** How many of a partition's rows are in the target for sure. */
export function loadedRows(load: LoadRecord | undefined): number {
  if (load?.state === 'loaded') return load.rows;
  return load?.state === 'streaming' ? load.acked : 0;
}

/** How many more of them may be there. */
export function rowsInDoubt({ load, part }: Pick<PartitionRecord, 'load' | 'part'>): number {
  if (load?.state === 'streaming') return load.inFlight;
  return load?.state === 'intended' || load?.state === 'submitted' ? (part?.rows ?? 0) : 0;
}

interface Progress {
  readonly nonFinite: number;
  /** Whether all is loaded, or the load of anything was begun. */
  readonly whole: boolean;
  readonly begun: boolean;
}

function outcomeOf(
  known: CollectionRecord | undefined,
  { nonFinite, whole, begun }: Progress,
): CollectionReport['outcome'] {
  if (known === undefined) return 'dumped';
  if (known.phase === 'left') return 'left';
  if (nonFinite > 0 && !begun) return 'withheld';
  return whole ? 'loaded' : 'failed';
}

/** How a count of values ends that were cut because the user let them be. */
const CUT = 'text cut';

/** Whether anything did not arrive that the source holds. */
export function isIncomplete({ collections }: Pick<Report, 'collections'>): boolean {
  return collections.some(
    ({ rejected, refused, skipped, outcome, changes }) =>
      rejected > 0 ||
      refused > 0 ||
      Object.keys(changes).some((what) => what.endsWith(CUT)) ||
      skipped.length > 0 ||
      outcome === 'withheld' ||
      outcome === 'failed',
  );
}
