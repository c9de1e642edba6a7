/** Metrics of Milvus 1.x (Milvus 1.x, db/meta/MetaTypes.h) in Milvus 2.x's terms. */
import type { Note } from '../../core/contracts.ts';
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
import type { MetricType } from '../../core/schema.ts';

export interface TargetMetric {
  readonly metric: MetricType;
  /** Tried first: not every Milvus 2.x has it. */
  readonly preferred: MetricType | undefined;
  readonly binary: boolean;
  readonly notes: readonly Note[];
}

const float = (metric: MetricType): TargetMetric => ({ metric, preferred: undefined, binary: false, notes: [] });
const binary = (metric: MetricType, text?: string): TargetMetric => ({
  metric,
  preferred: undefined,
  binary: true,
  notes: text === undefined ? [] : [{ kind: 'lossy', text }],
});
const structure = (preferred: MetricType): TargetMetric => ({
  ...binary(
    'HAMMING',
    `${preferred} → HAMMING where the server has no ${preferred}: searches then rank in another way`,
  ),
  preferred,
});

const METRICS: ReadonlyMap<bigint, TargetMetric> = new Map([
  [1n, float('L2')],
  [2n, float('IP')],
  [3n, binary('HAMMING')],
  [4n, binary('JACCARD')],
  [5n, binary('JACCARD', 'TANIMOTO → JACCARD (same ranking)')],
  [6n, structure('SUBSTRUCTURE')],
  [7n, structure('SUPERSTRUCTURE')],
]);

/** Error: E_METRIC. */
export function metricOf(number: bigint, at: ErrorPlace): TargetMetric {
  const metric = METRICS.get(number);
  if (metric !== undefined) return metric;
  throw new MigrateError('E_METRIC', 'a metric that Milvus 1.x does not have', {
    at: { ...at, field: 'metric_type' },
    found: `metric_type ${number}`,
    wanted: '1 L2, 2 IP, 3 HAMMING, 4 JACCARD, 5 TANIMOTO, 6 SUBSTRUCTURE or 7 SUPERSTRUCTURE',
  });
}
