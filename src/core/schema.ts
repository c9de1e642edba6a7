/** Schemas of datasets and collections, in Milvus's own terms. */

export type MetricType = 'L2' | 'IP' | 'COSINE' | 'HAMMING' | 'JACCARD' | 'SUBSTRUCTURE' | 'SUPERSTRUCTURE';

/** Types of fixed width. The encoders for the others come with the sources that need them. */
export type FieldType = 'Int64' | 'FloatVector' | 'BinaryVector';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly primaryKey: boolean;
  /** Vector fields: dimensions (bits for BinaryVector, a multiple of 8). Others: 0. */
  readonly dim: number;
}

export interface Schema {
  /** The primary key first, then the vectors. */
  readonly fields: readonly Field[];
  /** Metric of the (first) vector field. */
  readonly metric: MetricType;
}

/** Bytes of one value of `field`. */
export function fieldBytes(field: Field): number {
  switch (field.type) {
    case 'Int64':
      return 8;
    case 'FloatVector':
      return field.dim * 4;
    case 'BinaryVector':
      return field.dim / 8;
  }
}

/** Bytes of one row of `schema`. */
export function rowBytes(schema: Schema): number {
  return schema.fields.reduce((sum, field) => sum + fieldBytes(field), 0);
}

/** The primary key field. Every schema of ours has exactly one. */
export function primaryKeyOf(schema: Schema): Field {
  const field = schema.fields.find((candidate) => candidate.primaryKey);
  if (field === undefined) throw new TypeError('a schema without a primary key');
  return field;
}

/** The first vector field. Every schema of ours has one. */
export function vectorOf(schema: Schema): Field {
  const field = schema.fields.find((candidate) => candidate.dim > 0);
  if (field === undefined) throw new TypeError('a schema without a vector field');
  return field;
}

/** Index to build on the vector field. `params` are Milvus's own (nlist, M, efConstruction, …). */
export interface IndexSpec {
  readonly type: string;
  readonly params: Readonly<Record<string, number>>;
}
