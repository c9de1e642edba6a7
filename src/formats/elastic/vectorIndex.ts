/**
 * The index of a dense_vector in Milvus 2.x's terms (Elasticsearch's mapping, `index_options`). It is built anew from
 * whole vectors: what changes here changes speed and recall, never data.
 */
import type { IndexSpec } from '../../core/schema.ts';
import { indexParameter } from '../milvusIndex.ts';
import type { Property } from './mapping.ts';

/** What Elasticsearch takes where the mapping is silent. */
const M = 16;
const EF_CONSTRUCTION = 100;

/**
 * undefined: it has none (`index: false`), or one that Milvus has nothing like.
 * @param tell gets a line for each thing that is not as it was
 */
export function vectorIndexOf(
  { index, index_options: options, element_type }: Property,
  tell: (text: string) => void,
): IndexSpec | undefined {
  // Of bits Milvus has no graphs.
  if (index !== true || element_type === 'bit') return undefined;
  const { type, m, ef_construction } = (options ?? {}) as Readonly<Record<string, unknown>>;
  const name = typeof type === 'string' ? type : 'hnsw';
  // `int8_hnsw`, `bbq_hnsw`: its numbers are quantised in the graph, and whole in the document.
  const spec = /(^|_)flat$/.test(name) ? FLAT : /(^|_)hnsw$/.test(name) ? hnsw(m, ef_construction, tell) : undefined;
  if (spec === undefined) tell(`index ${name}: Milvus has nothing like it`);
  else if (name.toUpperCase() !== spec.type) tell(`index ${name} → ${spec.type}, of whole vectors`);
  return spec;
}

const FLAT: IndexSpec = { type: 'FLAT', params: {} };

function hnsw(m: unknown, efConstruction: unknown, tell: (text: string) => void): IndexSpec {
  const params = {
    M: indexParameter('M', whole(m) ?? M, tell),
    efConstruction: indexParameter('efConstruction', whole(efConstruction) ?? EF_CONSTRUCTION, tell),
  };
  return { type: 'HNSW', params };
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
