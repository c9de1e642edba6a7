/** What a page asks of the documents, in every way of reading. */
import type { ElasticDatasetDetail } from './detail.ts';

/**
 * `rows`: what the columns need. `keys`: the primary key alone. `indexed keys`: the same as the index has it, not the
 * document: of a document without its `_source` nothing need be parsed.
 */
export type Wanted = 'rows' | 'keys' | 'indexed keys';

/**
 * Members of a search's body that say which parts of the documents come. The whole `_source`, even where some fields
 * would do: filtering it costs the cluster four times the time.
 */
export function partsOf(
  { fields, fromDocValues, askForVectors }: Pick<ElasticDatasetDetail, 'fields' | 'fromDocValues' | 'askForVectors'>,
  wanted: Wanted,
): Readonly<Record<string, unknown>> {
  if (wanted !== 'rows') {
    const key = fields.find(({ field }) => field.primaryKey)!.path;
    if (wanted === 'indexed keys') return { _source: false, docvalue_fields: [key] };
    return { _source: key === '_id' ? false : [key] };
  }
  return {
    _source: askForVectors ? { exclude_vectors: false } : true,
    ...(fromDocValues.length === 0 ? {} : { docvalue_fields: fromDocValues }),
  };
}
