/**
 * The index of a dense_vector in Milvus 2.x's terms (Elasticsearch's mapping, `index_options`), within the limits of
 * Milvus 2.3. It is built anew from whole vectors: what changes here changes speed and recall, never data.
 */
import type { IndexSpec } from '../../core/schema.ts';
import type { Property } from './mapping.ts';

/** Range in Milvus, and what Elasticsearch takes where the mapping is silent. */
const M = { min: 4, max: 64, usual: 16 };
const EF_CONSTRUCTION = { min: 8, max: 512, usual: 100 };

/** undefined: it has none (`index: false`), or one that Milvus has nothing like. */
export function vectorIndexOf({ index, index_options: options, element_type }: Property): IndexSpec | undefined {
  // Of bits Milvus has no graphs.
  if (index !== true || element_type === 'bit') return undefined;
  const { type, m, ef_construction } = (options ?? {}) as Readonly<Record<string, unknown>>;
  const name = typeof type === 'string' ? type : 'hnsw';
  // `int8_hnsw`, `bbq_hnsw`: its numbers are quantised in the graph, and whole in the document.
  if (/(^|_)flat$/.test(name)) return { type: 'FLAT', params: {} };
  if (!/(^|_)hnsw$/.test(name)) return undefined;
  return { type: 'HNSW', params: { M: bounded(m, M), efConstruction: bounded(ef_construction, EF_CONSTRUCTION) } };
}

function bounded(value: unknown, { min, max, usual }: typeof M): number {
  return Math.min(Math.max(typeof value === 'number' && Number.isSafeInteger(value) ? value : usual, min), max);
}
