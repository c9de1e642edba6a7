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
 * The dataset that a job has under that name, though there may be more indices by now: an alias or data stream of one
 * index bears its own name, and so does what `--merge-indices` makes of several. undefined: there is none any more.
 * Errors: those of `datasetsOf`.
 */
export function datasetKnownAs(
  config: ElasticsearchSource,
  indices: readonly IndexFacts[],
  name: string,
): ElasticDataset | undefined {
  if (datasetNames(config, indices).includes(name)) return selectDatasets(config, indices, [name])[0];
  return config.indices === 'merged' || name === config.index ? asOne(config, indices, name) : undefined;
}

/** All of these indices as one dataset of that name. Errors: those of `datasetsOf`. */
export function asOne(config: ElasticsearchSource, indices: readonly IndexFacts[], name: string): ElasticDataset {
  const [dataset] = datasetsOf({ ...config, indices: 'merged' }, indices);
  return { ...dataset!, name };
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
