/** A collection of Milvus 1.x as Milvus 2.x will have it: schema, metric, index, and what changes on the way. */
import type { Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { IndexSpec, MetricType, Schema } from '../../core/schema.ts';
import { indexOf } from './indexType.ts';
import { metricOf } from './metric.ts';
import type { CollectionMeta } from './model.ts';
import { ID_BYTES, type VectorShape, vectorBytes } from './segment.ts';

/** Of Milvus 1.x and 2.x alike. */
export const MAX_DIM = 32_768;

export interface CollectionShape {
  /** `id`, then `data`. */
  readonly schema: Schema;
  readonly preferredMetric: MetricType | undefined;
  readonly index: IndexSpec | undefined;
  readonly notes: readonly Note[];
  readonly vector: VectorShape;
  /** Bytes of one row: id and vector. */
  readonly rowBytes: number;
}

/** Errors: E_METRIC, E_DIMENSION; E_SOURCE_SCHEMA for a collection with attributes. */
export function shapeOf(meta: CollectionMeta): CollectionShape {
  const at = { collection: meta.name };
  refuseAttributes(meta);
  const metric = metricOf(meta.metric, at);
  const dim = checkDim(meta, metric.binary);
  const { index, notes } = indexOf(meta.engineType, meta.indexParams, { metric, dim });
  const vector = { dim, binary: metric.binary };
  return {
    schema: {
      metric: metric.metric,
      fields: [
        { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
        { name: 'data', type: metric.binary ? 'BinaryVector' : 'FloatVector', primaryKey: false, dim },
      ],
    },
    preferredMetric: metric.preferred,
    index,
    notes: [...metric.notes, ...notes, ...meta.notes],
    vector,
    rowBytes: ID_BYTES + vectorBytes(vector),
  };
}

/** They are in files of their own (`NAME.ra`), which are not read: without a word they would be lost. */
function refuseAttributes({ name, attributes }: CollectionMeta): void {
  if (attributes.length === 0) return;
  throw new MigrateError('E_SOURCE_SCHEMA', 'a collection has attributes beside its vectors, which can not be moved', {
    at: { collection: name },
    found: attributes.join(', '),
    wanted: 'a collection of ids and vectors alone',
    hint: 'leave it out with --col; or, for its ids and vectors alone (and where only a dropped collection of that name had attributes), take its «attributes» out of the meta.json that `milvus-migrate export` writes, and give that with --meta',
  });
}

function checkDim({ name, dim }: CollectionMeta, binary: boolean): number {
  const wanted = binary ? `a multiple of 8 from 8 to ${MAX_DIM}` : `1 to ${MAX_DIM}`;
  if (dim >= 1n && dim <= BigInt(MAX_DIM) && !(binary && dim % 8n !== 0n)) return Number(dim);
  throw new MigrateError('E_DIMENSION', 'a dimension that vectors can not have', {
    at: { collection: name, field: 'dimension' },
    found: `dimension ${dim}`,
    wanted,
    hint: 'the metadata is damaged: restore it, or leave the collection out with --col',
  });
}

/**
 * A name from the metadata that is about to become part of a path. Error: E_METADATA where it leads elsewhere.
 * @param what «collection», «segment»
 */
export function checkPathName(name: string, what: string, at: { readonly collection: string }): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL ends a path.
  if (name !== '' && name !== '.' && name !== '..' && !/[/\\\u0000]/.test(name)) return name;
  throw new MigrateError('E_METADATA', `the name of a ${what} that can not be that of a folder`, {
    at: { ...at, field: what === 'segment' ? 'segment_id' : 'table_id' },
    found: JSON.stringify(name),
    wanted: 'a name without slashes',
    hint: 'the metadata is damaged, or was made to read files elsewhere',
  });
}
