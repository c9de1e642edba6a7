/** The datasets that a selection names. */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import { MigrateError } from '../../core/errors.ts';
import { editDistance } from '../../core/nearest.ts';
import type { IndexFacts } from './indices.ts';
import { datasetsOf, type ElasticDataset, isMerged, nameOfOne } from './schema.ts';

/** Of all datasets that the configuration means. */
export function datasetNames(config: ElasticsearchSource, indices: readonly IndexFacts[]): readonly string[] {
  return isMerged(config, indices) ? [nameOfOne(config.index, indices)] : indices.map(({ name }) => name);
}

/**
 * @param names of datasets; undefined: all. What is not named is not looked at: it may have no vectors.
 * Errors: E_UNKNOWN_COLLECTION; those of `datasetsOf`.
 */
export function selectDatasets(
  config: ElasticsearchSource,
  indices: readonly IndexFacts[],
  names: readonly string[] | undefined,
): readonly ElasticDataset[] {
  if (names === undefined) return datasetsOf(config, indices);
  checkKnown(names, datasetNames(config, indices));
  if (isMerged(config, indices)) return names.length === 0 ? [] : datasetsOf(config, indices);
  return indices
    .filter(({ name }) => names.includes(name))
    .flatMap((index) => datasetsOf({ ...config, index: index.name }, [index]));
}

function checkKnown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const nearest = known.toSorted((a, b) => editDistance(unknown, a) - editDistance(unknown, b));
  throw new MigrateError('E_UNKNOWN_COLLECTION', 'the source has no such collection', {
    at: { collection: unknown },
    found: unknown,
    wanted: nearest.join(', '),
  });
}
