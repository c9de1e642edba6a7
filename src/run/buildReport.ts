/** The report of a job, from its records. */
import type { LoadRecord, PartitionRecord } from '../core/checkpoint.ts';
import type { PlannedCollection } from '../core/plan.ts';
import type { CollectionReport, Report } from '../core/report.ts';
import { rowBytes } from '../core/schema.ts';
import type { Ledger } from './ledger.ts';

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
    nonFinite: sum(({ part }) => part?.nonFinite ?? 0),
    firstNonFinite: records.flatMap(({ part }) => part?.firstNonFinite ?? []).slice(0, NAMED),
    loaded: sum(({ load }) => loadedRows(load)),
    bytes: sum(({ part }) => (part?.rows ?? 0) * rowBytes(planned.schema)),
    parts: records.length,
    skipped: planned.skipped,
    notes: planned.notes,
    ms: { ...known?.ms, dump: dumpMs },
  };
  return {
    ...base,
    outcome: known?.report?.outcome ?? outcomeOf(ledger, planned, base),
    verify: known?.report?.verify ?? NOT_VERIFIED,
  };
}

function loadedRows(load: LoadRecord | undefined): number {
  if (load?.state === 'loaded') return load.rows;
  return load?.state === 'streaming' ? load.acked : 0;
}

function outcomeOf(
  ledger: Ledger,
  planned: PlannedCollection,
  { nonFinite }: { nonFinite: number },
): CollectionReport['outcome'] {
  const known = ledger.collection(planned.target);
  if (known === undefined) return 'dumped';
  if (known.phase === 'left') return 'left';
  if (nonFinite > 0) return 'withheld';
  return ledger.of(planned.target).every(({ load }) => load?.state === 'loaded') ? 'loaded' : 'failed';
}

/** Whether anything did not arrive that the source holds. */
export function isIncomplete({ collections }: Pick<Report, 'collections'>): boolean {
  return collections.some(
    ({ rejected, skipped, outcome }) =>
      rejected > 0 || skipped.length > 0 || outcome === 'withheld' || outcome === 'failed',
  );
}
