/** A Faiss source in which only the file is said: the defaults, in one place; and the metrics that can be chosen. */
import type { MetricType } from '../core/schema.ts';
import type { FaissSource } from './job.ts';

export const METRICS = [
  'L2',
  'IP',
  'COSINE',
  'HAMMING',
  'JACCARD',
  'SUBSTRUCTURE',
  'SUPERSTRUCTURE',
] as const satisfies readonly MetricType[];

/** @param path absolute, or a key relative to the root of `said.store` */
export function faissSource(path: string, said: Partial<FaissSource> = {}): FaissSource {
  return {
    kind: 'faiss',
    store: said.store,
    path,
    collection: said.collection,
    dim: said.dim,
    metric: said.metric,
    keepTransformed: said.keepTransformed ?? false,
    allowSketch: said.allowSketch ?? false,
    strict: said.strict ?? false,
  };
}
