/** Checks a schema that code of the user's own gives: what is missing gets its default, what can't be is an error. */
import type { ErrorDetails } from './errors.ts';
import type { Field, FieldType, MetricType, Schema } from './schema.ts';

const ELEMENTS: readonly string[] = [
  'Bool',
  'Int8',
  'Int16',
  'Int32',
  'Int64',
  'Float',
  'Double',
  'VarChar',
] satisfies FieldType[];
const TYPES: readonly string[] = [...ELEMENTS, 'JSON', 'Array', 'FloatVector', 'BinaryVector'];
const METRICS: readonly string[] = [
  'L2',
  'IP',
  'COSINE',
  'HAMMING',
  'JACCARD',
  'SUBSTRUCTURE',
  'SUPERSTRUCTURE',
] satisfies MetricType[];
/** The largest VarChar, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 65_535;
/** The largest JSON value, in bytes. */
export const MAX_JSON_BYTES = 65_536;
/** The most elements of an Array. */
export const MAX_CAPACITY = 4096;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

/** Makes the error of a problem, with what was found and wanted. */
export type SchemaProblem = (problem: string, details: ErrorDetails & { readonly field?: string }) => Error;

/**
 * The schema, in the order that ours have: key, vectors, the rest.
 * @throws what `problem` makes
 */
export function checkSchema(given: unknown, problem: SchemaProblem): Schema {
  if (!isObject(given) || !Array.isArray(given.fields))
    throw problem('is no schema', { found: show(given), wanted: '{ fields: [{ name, type, … }], metric }' });
  const { metric = 'L2' } = given;
  if (!METRICS.includes(String(metric)))
    throw problem('has a metric that there is not', { found: show(metric), wanted: METRICS.join(', ') });
  const fields = given.fields.map((field: unknown) => checkField(field, problem));
  const keys = fields.filter((field) => field.primaryKey);
  const vectors = fields.filter((field) => field.dim > 0);
  const rest = fields.filter((field) => !field.primaryKey && field.dim === 0);
  if (keys.length !== 1)
    throw problem('has not one primary key', {
      found: names(keys) || 'none',
      wanted: 'one field with primaryKey: true',
    });
  if (vectors.length === 0)
    throw problem('has no vector', { found: names(fields), wanted: 'a field of type FloatVector or BinaryVector' });
  const twice = fields.find(({ name }, index) => fields.findIndex((field) => field.name === name) !== index);
  if (twice !== undefined) throw problem('has a name twice', { field: twice.name, found: names(fields) });
  return { fields: [...keys, ...vectors, ...rest], metric: metric as MetricType };
}

function checkField(given: unknown, problem: SchemaProblem): Field {
  if (!isObject(given))
    throw problem('has a field that is no object', { found: show(given), wanted: '{ name, type }' });
  const name = String(given.name);
  const fail = (what: string, found: unknown, wanted: string): Error =>
    problem(`has a field ${what}`, { field: name, found: show(found), wanted });
  const dynamic = given.dynamic === true;
  if (dynamic ? name !== '$meta' : !NAME.test(name))
    throw fail('with a name that Milvus does not take', given.name, dynamic ? '$meta' : 'letters, digits and _');
  if (!TYPES.includes(String(given.type))) throw fail('of a type that there is not', given.type, TYPES.join(', '));
  const type = given.type as FieldType;
  const primaryKey = given.primaryKey === true;
  if (primaryKey && type !== 'Int64' && type !== 'VarChar')
    throw fail('that can be no primary key', type, 'Int64 or VarChar');
  const isVector = type === 'FloatVector' || type === 'BinaryVector';
  if (given.nullable === true && (primaryKey || isVector))
    throw fail('that can not be nullable', type, 'fields besides the key and the vectors');
  return {
    name,
    type,
    primaryKey,
    dim: isVector ? checkDim(type, given.dim, fail) : 0,
    ...(given.nullable === true ? { nullable: true } : {}),
    ...(dynamic ? { dynamic } : {}),
    ...lengths(type, given, fail),
    ...(isVector ? metricOf(given.metric, fail) : {}),
  };
}

type Fail = (what: string, found: unknown, wanted: string) => Error;

function checkDim(type: FieldType, dim: unknown, fail: Fail): number {
  if (!isWithin(dim, 1, 32_768)) throw fail('without a dimension', dim, 'dim: 1 to 32768');
  if (type === 'BinaryVector' && dim % 8 !== 0) throw fail('with half a byte', dim, 'a multiple of 8');
  return dim;
}

function lengths(type: FieldType, given: Record<string, unknown>, fail: Fail): Partial<Field> {
  const { element, maxCapacity = MAX_CAPACITY, maxLength = MAX_TEXT_BYTES } = given;
  if (type !== 'VarChar' && type !== 'Array') return {};
  if (!isWithin(maxLength, 1, MAX_TEXT_BYTES))
    throw fail('with a length that Milvus does not take', maxLength, `1 to ${MAX_TEXT_BYTES} bytes`);
  if (type === 'VarChar') return { maxLength };
  if (!ELEMENTS.includes(String(element))) throw fail('without the type of its elements', element, ELEMENTS.join(', '));
  if (!isWithin(maxCapacity, 1, MAX_CAPACITY))
    throw fail('with a capacity that Milvus does not take', maxCapacity, `1 to ${MAX_CAPACITY}`);
  return {
    element: element as NonNullable<Field['element']>,
    maxCapacity,
    ...(element === 'VarChar' ? { maxLength } : {}),
  };
}

function metricOf(metric: unknown, fail: Fail): Partial<Field> {
  if (metric === undefined) return {};
  if (!METRICS.includes(String(metric))) throw fail('with a metric that there is not', metric, METRICS.join(', '));
  return { metric: metric as MetricType };
}

function isWithin(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function names(fields: readonly Field[]): string {
  return fields.map(({ name }) => name).join(', ');
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
