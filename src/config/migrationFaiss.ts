/** The old tool's `migration.yaml` with work mode `faiss`: what `target.create.collection` says of the index's collection. */
import type { MetricType } from '../core/schema.ts';
import { chooseWord, orList } from './choices.ts';
import { faissSource, METRICS } from './faissSource.ts';
import type { FaissSource } from './job.ts';
import type { MigrationYaml } from './migrationYamlShape.ts';

/** Keys without effect on faiss: named in one warning where they are given. */
export const UNUSED_BY_FAISS: readonly string[] = [
  'meta.mode',
  'meta.localFile',
  'meta.mockFile',
  'meta.remoteMetaFile',
  'meta.sqliteFile',
  'meta.mysqlUrl',
  'meta.index',
  'meta.collection',
  'meta.version',
  'meta.fields',
  'meta.milvus.autoId',
  'source.local.tablesDir',
  'source.remote.tablesDir',
  'source.es',
  'source.milvus2x',
  'target.milvus2x.writeMode',
];

/**
 * @param path of the index, as `faissSource` takes it
 * @param refused makes the error about a key
 */
export function faissFromYaml(
  { target }: MigrationYaml,
  { path, store }: { readonly path: string; readonly store: FaissSource['store'] },
  refused: (key: string, message: string, details: { wanted: string }) => Error,
): FaissSource {
  const { name, dim, metricType } = target?.create?.collection ?? {};
  return faissSource(path, { store, collection: name, dim, metric: metricOf(metricType, refused) });
}

function metricOf(
  text: string | undefined,
  refused: (key: string, message: string, details: { wanted: string }) => Error,
): MetricType | undefined {
  if (text === undefined) return undefined;
  const metric = chooseWord(text, METRICS);
  if (metric !== undefined) return metric;
  throw refused('target.create.collection.metricType', 'the metric is not known', { wanted: orList(METRICS) });
}
