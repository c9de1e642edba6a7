/**
 * Elasticsearch's field types and what each becomes in Milvus. Those that the old tool knew are kept as it had them:
 * keyword, text → VarChar, long → Int64, …, half_float, scaled_float → Float, object → JSON.
 */
import type { FieldType } from '../../core/schema.ts';

/** What is not here is unknown to us: it goes nowhere by itself. */
export const TYPES: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ['keyword', 'VarChar'],
  ['constant_keyword', 'VarChar'],
  ['wildcard', 'VarChar'],
  ['text', 'VarChar'],
  ['match_only_text', 'VarChar'],
  ['pattern_text', 'VarChar'],
  ['annotated_text', 'VarChar'],
  ['search_as_you_type', 'VarChar'],
  // What Elasticsearch 1.x called both, and old configurations still do.
  ['string', 'VarChar'],
  ['ip', 'VarChar'],
  ['version', 'VarChar'],
  ['binary', 'VarChar'],
  ['unsigned_long', 'VarChar'],
  ['long', 'Int64'],
  ['integer', 'Int32'],
  ['short', 'Int16'],
  ['byte', 'Int8'],
  ['boolean', 'Bool'],
  ['double', 'Double'],
  ['float', 'Float'],
  ['half_float', 'Float'],
  ['scaled_float', 'Float'],
  ['rank_feature', 'Float'],
  ['date', 'Int64'],
  ['date_nanos', 'Int64'],
  ['dense_vector', 'FloatVector'],
  ['object', 'JSON'],
  ['nested', 'JSON'],
  ['passthrough', 'JSON'],
  ['flattened', 'JSON'],
  ['geo_point', 'JSON'],
  ['geo_shape', 'JSON'],
  ['point', 'JSON'],
  ['shape', 'JSON'],
  ['integer_range', 'JSON'],
  ['float_range', 'JSON'],
  ['long_range', 'JSON'],
  ['double_range', 'JSON'],
  ['date_range', 'JSON'],
  ['ip_range', 'JSON'],
  ['histogram', 'JSON'],
  ['exponential_histogram', 'JSON'],
  ['aggregate_metric_double', 'JSON'],
  ['completion', 'JSON'],
  ['join', 'JSON'],
  ['percolator', 'JSON'],
  ['rank_features', 'JSON'],
  ['rank_vectors', 'JSON'],
  ['sparse_vector', 'JSON'],
  ['semantic_text', 'JSON'],
]);

/** Fields that hold nothing that was sent for them. */
export const WITHOUT_VALUES: ReadonlyMap<string, string> = new Map([
  ['alias', 'it is another name of a field that goes over by its own'],
  ['token_count', 'it is counted from another field'],
  ['murmur3', 'it is a hash of another field'],
]);

/** Types whose values are whole numbers, from the smallest to the largest. */
export const INTEGERS: readonly string[] = ['byte', 'short', 'integer', 'long', 'unsigned_long'];

/** Types whose values may have a fraction, from the least exact to the most. */
export const FLOATS: readonly string[] = ['rank_feature', 'half_float', 'scaled_float', 'float', 'double'];

/** Types that hold one text, number or boolean: any of them can be declared a text. */
export function isScalar(type: string): boolean {
  const becomes = TYPES.get(type);
  return becomes !== undefined && becomes !== 'JSON' && becomes !== 'FloatVector';
}

/**
 * Whether values of a field mapped as `mapped` may be declared `declared`: the same, a text for anything, or a number
 * type that holds at least as much. What does not fit after all is found value by value.
 */
export function mayDeclare(mapped: string, declared: string): boolean {
  if (mapped === declared) return true;
  const wanted = TYPES.get(declared);
  if (wanted === undefined) return false;
  if (wanted === 'JSON') return TYPES.get(mapped) !== 'FloatVector';
  if (wanted === 'VarChar') return isScalar(mapped);
  // Texts may hold numbers, dates are numbers of milliseconds, an unsigned_long mostly fits a long.
  if (INTEGERS.includes(declared))
    return (
      mapped === 'unsigned_long' ||
      TYPES.get(mapped) === 'VarChar' ||
      (declared === 'long' && mapped === 'date') ||
      (INTEGERS.includes(mapped) && INTEGERS.indexOf(mapped) <= INTEGERS.indexOf(declared))
    );
  if (FLOATS.includes(declared))
    return FLOATS.includes(mapped) || INTEGERS.includes(mapped) || TYPES.get(mapped) === 'VarChar';
  return TYPES.get(mapped) === wanted;
}
