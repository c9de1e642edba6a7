/** Schemas of datasets and collections, in Milvus's own terms. */

export type MetricType = 'L2' | 'IP' | 'COSINE' | 'HAMMING' | 'JACCARD' | 'SUBSTRUCTURE' | 'SUPERSTRUCTURE';

export type ScalarType =
  | 'Bool'
  | 'Int8'
  | 'Int16'
  | 'Int32'
  | 'Int64'
  | 'Float'
  | 'Double'
  | 'VarChar'
  | 'JSON'
  | 'Array';

export type FieldType = ScalarType | 'FloatVector' | 'BinaryVector';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly primaryKey: boolean;
  /** Vector fields: dimensions (bits for BinaryVector, a multiple of 8). Others: 0. */
  readonly dim: number;
  /** Whether a row may have no value. Absent: each has one. */
  readonly nullable?: boolean;
  /** VarChar, and Array of VarChar: the longest value in bytes of UTF-8. */
  readonly maxLength?: number;
  /** Array: the type of its elements, which are never null. */
  readonly element?: Exclude<ScalarType, 'JSON' | 'Array'>;
  /** Array: how many elements a row has at most. */
  readonly maxCapacity?: number;
  /** Vectors other than the first: their metric; absent: the schema's. */
  readonly metric?: MetricType | undefined;
  /** JSON: it is the collection's dynamic field, `$meta`, which is not declared when the collection is created. */
  readonly dynamic?: boolean;
}

/** A field of a collection that is there, as its server describes it. */
export interface FieldFacts {
  readonly name: string;
  /** In Milvus's words; of a type that we do not know, too. */
  readonly typeName: string;
  readonly primaryKey: boolean;
  readonly autoId: boolean;
  readonly dim: number;
  /** Rows are spread over partitions by its values, and no partition can be named. */
  readonly partitionKey: boolean;
  /** Of Arrays. */
  readonly element: string | undefined;
  /** Bytes of a text; undefined: no limit is known. */
  readonly maxLength: number | undefined;
  /** Elements of an Array. */
  readonly maxCapacity: number | undefined;
}

export interface Schema {
  /** The primary key first, then the vectors, then the rest. */
  readonly fields: readonly Field[];
  /** Metric of the (first) vector field. */
  readonly metric: MetricType;
}

/** Bytes of one value; undefined: values have different lengths. */
export function fixedBytes(field: Field): number | undefined {
  switch (field.type) {
    case 'Bool':
    case 'Int8':
      return 1;
    case 'Int16':
      return 2;
    case 'Int32':
    case 'Float':
      return 4;
    case 'Int64':
    case 'Double':
      return 8;
    case 'FloatVector':
      return field.dim * 4;
    case 'BinaryVector':
      return field.dim / 8;
    case 'VarChar':
    case 'JSON':
    case 'Array':
      return undefined;
  }
}

/** Bytes of one value of a field of fixed width. */
export function fieldBytes(field: Field): number {
  const bytes = fixedBytes(field);
  if (bytes === undefined) throw new TypeError(`values of ${field.name} (${field.type}) have no fixed width`);
  return bytes;
}

/** Bytes of one row of `schema`, all of whose fields have a fixed width. */
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
