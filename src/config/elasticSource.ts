/** An Elasticsearch source in which only the index is said: the defaults, and the words that can be chosen, in one place. */
import type { MetricType } from '../core/schema.ts';
import type { ElasticAccess, ElasticChoices, ElasticCredentials, ElasticsearchSource } from './elasticsearch.ts';

export const DATES = ['millis', 'text'] as const satisfies readonly ElasticChoices['dates'][];
export const LONG_TEXT = ['reject', 'truncate'] as const satisfies readonly ElasticChoices['longText'][];
export const MISSING = ['reject', 'default'] as const satisfies readonly ElasticChoices['missing'][];
export const ES_READ = ['seq-no', 'scroll'] as const satisfies readonly ElasticsearchSource['read'][];
export const ES_ENCODINGS = ['auto', 'json', 'cbor'] as const satisfies readonly ElasticsearchSource['encoding'][];
export const INDICES = ['each', 'merged'] as const satisfies readonly ElasticsearchSource['indices'][];

/** Of `dense_vector` fields. */
export const ES_METRICS = ['L2', 'IP', 'COSINE', 'HAMMING', 'JACCARD'] as const satisfies readonly MetricType[];

export const DEFAULT_TIMEOUT_SECONDS = 60;
/** Elasticsearch gives no more hits at a time (`index.max_result_window`). */
export const MAX_PAGE_ROWS = 10_000;
export const MAX_TIMEOUT_SECONDS = 3600;

/** Like the source, with everything but the index left to be as by default. */
export interface ElasticSaid
  extends Partial<Omit<ElasticsearchSource, 'kind' | 'store' | 'access' | 'choices' | 'credentials'>> {
  readonly index: string;
  readonly access: Partial<ElasticAccess>;
  readonly choices?: Partial<ElasticChoices> | undefined;
  readonly credentials?: ElasticCredentials | undefined;
}

export function elasticSource(said: ElasticSaid): ElasticsearchSource {
  const { access, choices = {} } = said;
  const { dates, longText, missing, metric } = choices;
  return {
    kind: 'elasticsearch',
    store: undefined,
    access: {
      urls: access.urls ?? [],
      cloudId: access.cloudId,
      caFile: access.caFile,
      caFingerprint: access.caFingerprint,
      verifyTls: access.verifyTls ?? true,
      timeoutMs: access.timeoutMs ?? DEFAULT_TIMEOUT_SECONDS * 1000,
    },
    credentials: said.credentials ?? { kind: 'none' },
    index: said.index,
    indices: said.indices ?? 'each',
    fields: said.fields,
    // Fields that are named say what goes over: nothing else does, unless that is said too.
    dynamicField: said.dynamicField ?? said.fields === undefined,
    choices: {
      dates: dates ?? 'millis',
      longText: longText ?? 'reject',
      missing: missing ?? 'reject',
      metric,
    },
    read: said.read ?? 'seq-no',
    encoding: said.encoding ?? 'auto',
    pageRows: said.pageRows,
    catchUp: said.catchUp ?? false,
    version: said.version,
  };
}

/**
 * The source and its target's dynamic field, of which one choice speaks: what no field takes goes there.
 * @param open what the user said; undefined: it is open unless fields are named
 */
export function withDynamicField(
  source: ElasticsearchSource,
  open: boolean | undefined,
): { readonly source: ElasticsearchSource; readonly dynamicField: boolean } {
  const dynamicField = open ?? source.fields === undefined;
  return { source: { ...source, dynamicField }, dynamicField };
}
