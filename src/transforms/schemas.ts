/** Schemas out of schemas: the key first, then the vectors, then the rest, each vector with the metric that it had. */
import type { Field, MetricType, Schema } from '../core/schema.ts';

/**
 * The schema with these fields instead of its own.
 * @param fields with a primary key and a vector among them
 */
export function withFields(schema: Schema, fields: readonly Field[]): Schema {
  const keys = fields.filter((field) => field.primaryKey);
  const vectors = fields.filter((field) => field.dim > 0);
  const rest = fields.filter((field) => !field.primaryKey && field.dim === 0);
  const metric = metricOf(schema, vectors[0]) ?? schema.metric;
  // What «the schema's metric» means changes when the first vector goes: the others keep theirs.
  const kept = vectors.map((field, index) => withMetric(field, index === 0 ? undefined : own(schema, field, metric)));
  return { fields: [...keys, ...kept, ...rest], metric };
}

function metricOf(schema: Schema, vector: Field | undefined): MetricType | undefined {
  return vector && (vector.metric ?? schema.metric);
}

function own(schema: Schema, vector: Field, first: MetricType): MetricType | undefined {
  const metric = metricOf(schema, vector);
  return metric === first && vector.metric === undefined ? undefined : metric;
}

function withMetric({ metric: _, ...field }: Field, metric: MetricType | undefined): Field {
  return metric === undefined ? field : { ...field, metric };
}

/** The schema with `changed` in the place of the field of that name. */
export function replaced(schema: Schema, name: string, changed: Field): Schema {
  return withFields(
    schema,
    schema.fields.map((field) => (field.name === name ? changed : field)),
  );
}
