/** From an Elasticsearch mapping (`GET index`) to fields of Milvus: all of them, or those that are declared. */
import type { Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { Field, MetricType, ScalarType } from '../../core/schema.ts';
import { dateParser } from './dateFormat.ts';
import { exactText } from './exactJson.ts';
import { constantOf, mappingOnlyNotes } from './mappingOnly.ts';
import { fieldNames } from './names.ts';
import { INTEGERS, TYPES, WITHOUT_VALUES } from './types.ts';

/** A mapping's property: `{type, properties?, fields?, …}`. */
export interface Property {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly fields?: Readonly<Record<string, Property>>;
  readonly [parameter: string]: unknown;
}

export type Properties = Readonly<Record<string, Property>>;

/** How the values of a field are found in `_source` and what they become. Plain JSON: workers get it. */
export interface MappedField {
  /** Dotted path in `_source`; `_id`. */
  readonly path: string;
  /** Elasticsearch's type: `keyword`, `dense_vector`, `object`, … */
  readonly sourceType: string;
  /** dense_vector: `float`, `byte`, `bit`, `bfloat16`. Others: null. */
  readonly elementType: string | null;
  /** The mapping's `null_value`, what a null is indexed as, as JSON text with all its digits; null: none. */
  readonly nullValue: string | null;
  /** What a document without a value has all the same, as JSON text: of a `constant_keyword`. */
  readonly constant?: string;
  /** Dates as numbers: the mapping's `format`; null where there is none to follow. */
  readonly format: string | null;
  /** Vectors: the metric of the mapping's similarity; null: it names none. */
  readonly metric: MetricType | null;
  /** JSON: paths below it that go over as fields of their own and are left out of it. */
  readonly without: readonly string[];
  /** JSON: documents have several values, which go into it as an array. Absent: one. */
  readonly several?: boolean;
  /**
   * JSON: other fields have its name and a dot in front of theirs (`subobjects: false`), and are no part of it: nor is a
   * key of a document that begins so. Absent: what is below it by its key is in it.
   */
  readonly apart?: boolean;
  readonly field: Field;
}

/** A field that does not go over as a field, and why. */
export interface UnmappedField {
  readonly path: string;
  readonly sourceType: string;
  readonly why: string;
}

export interface Mapped {
  readonly fields: readonly MappedField[];
  readonly left: readonly UnmappedField[];
  readonly notes: readonly Note[];
}

export interface MappingChoices {
  readonly dates: 'millis' | 'text';
}

/** The longest VarChar there is, in bytes. */
export const MAX_VARCHAR = 65_535;
/** Dates without a format of their own. */
export const DEFAULT_DATE_FORMAT = 'strict_date_optional_time||epoch_millis';
const DEFAULT_NANOS_FORMAT = 'strict_date_optional_time_nanos||epoch_millis';

/** A property without a type is an object. */
export function typeOf({ type }: Property): string {
  return typeof type === 'string' ? type : 'object';
}

/** What a property becomes, before it has its name. `sourceType` may be another than the mapping's, where it is declared. */
export function mapField(path: string, property: Property, choices: MappingChoices): MappedField | undefined {
  return mapAs(path, property, { sourceType: typeOf(property), choices });
}

interface As {
  readonly sourceType: string;
  readonly choices: MappingChoices;
}

export function mapAs(path: string, property: Property, { sourceType, choices }: As): MappedField | undefined {
  const given = TYPES.get(sourceType);
  if (given === undefined) return undefined;
  const elementType = sourceType === 'dense_vector' ? textOr(property.element_type, 'float') : null;
  const isDate = sourceType === 'date' || sourceType === 'date_nanos';
  const format = isDate
    ? textOr(property.format, sourceType === 'date_nanos' ? DEFAULT_NANOS_FORMAT : DEFAULT_DATE_FORMAT)
    : null;
  const asText = format !== null && (choices.dates === 'text' || dateParser(format) === undefined);
  const type = elementType === 'bit' ? 'BinaryVector' : asText ? 'VarChar' : given;
  const vector = elementType !== null;
  const constant = constantOf(property);
  const field: Field = {
    name: path,
    type,
    primaryKey: false,
    dim: vector ? Number(property.dims ?? 0) : 0,
    ...(vector ? {} : { nullable: true }),
    ...(type === 'VarChar' ? { maxLength: MAX_VARCHAR } : {}),
  };
  return {
    path,
    sourceType,
    elementType,
    nullValue: (property.null_value ?? null) === null ? null : exactText(property.null_value),
    ...(constant === undefined ? {} : { constant }),
    format: type === 'Int64' ? format : null,
    metric: vector ? metricOf(property) : null,
    without: [],
    field,
  };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/**
 * All fields of a mapping, in its order, with names that Milvus takes. Objects go over whole, as JSON, but for the
 * vectors in them. Errors: E_NAME_COLLISION.
 * @param properties `mappings.properties` of the index
 */
export function mapProperties(properties: Properties, choices: MappingChoices, index: string): Mapped {
  const fields: MappedField[] = [];
  const left: UnmappedField[] = [];
  for (const [path, property] of Object.entries(properties)) {
    const sourceType = typeOf(property);
    const field = mapField(path, property, choices);
    const why = WITHOUT_VALUES.get(sourceType);
    if (field === undefined) {
      left.push({ path, sourceType, why: why ?? 'its type is not known' });
      continue;
    }
    const lifted = sourceType === 'object' ? vectorsIn(path, property, choices) : [];
    const without = lifted.map((vector) => vector.path);
    fields.push({ ...field, ...apartIn(properties, field), without }, ...lifted);
  }
  const taken = named(fields, index);
  return { fields: taken, left, notes: notesOn(properties, taken) };
}

/** See `MappedField.apart`. */
export function apartIn(
  properties: Properties,
  { path, field, sourceType }: MappedField,
): { readonly apart?: boolean } {
  if (field.type !== 'JSON' || sourceType === 'object') return {};
  return Object.keys(properties).some((name) => name.startsWith(`${path}.`)) ? { apart: true } : {};
}

/** The vectors below an object, at any depth, but not in `nested` ones, of which a document may have many. */
function vectorsIn(path: string, { properties = {} }: Property, choices: MappingChoices): MappedField[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const inner = `${path}.${name}`;
    const type = typeOf(property);
    if (type === 'dense_vector') return mapField(inner, property, choices) ?? [];
    return type === 'object' ? vectorsIn(inner, property, choices) : [];
  });
}

/** Gives each its name in Milvus. Errors: E_NAME_COLLISION. */
export function named(fields: readonly MappedField[], index: string): MappedField[] {
  const paths = fields.map(({ path }) => path);
  const names = fieldNames(paths, index);
  return fields.map((mapped) => ({ ...mapped, field: { ...mapped.field, name: names.get(mapped.path)! } }));
}

/** What is not carried over as it is, or not by itself. */
function notesOn(properties: Properties, fields: readonly MappedField[]): Note[] {
  const notes: Note[] = [];
  const all = [...everyProperty(properties)];
  const copies = all.flatMap(({ path, property: { fields: inner = {} } }) =>
    Object.keys(inner).map((name) => `${path}.${name}`),
  );
  if (copies.length > 0)
    notes.push({ kind: 'info', text: `${copies.join(', ')}: the same values as their fields, left out` });
  notes.push(...copyNotes(properties));
  notes.push(...Object.entries(properties).flatMap(([path, property]) => mappingOnlyNotes(path, property)));
  return [...notes, ...fields.flatMap((field) => fieldNotes(field, properties))];
}

/** @param takes which fields it is about; absent: all */
export function copyNotes(properties: Properties, takes: (path: string) => boolean = () => true): Note[] {
  const copies = [...everyProperty(properties)].flatMap(
    ({ property: { copy_to } }) => (copy_to as string[] | string) ?? [],
  );
  const targets = [...new Set(copies)].filter(takes);
  if (targets.length === 0) return [];
  const text = `${targets.join(', ')}: what copy_to brings there is not in the documents and stays behind`;
  return [{ kind: 'lossy', text }];
}

interface Below {
  readonly path: string;
  readonly property: Property;
  /** Whether it is in nested objects, of which a document may have many. */
  readonly nested: boolean;
}

/** With those in objects. */
function* everyProperty(properties: Properties, above = '', nested = false): Generator<Below> {
  for (const [name, property] of Object.entries(properties)) {
    const path = above + name;
    yield { path, property, nested };
    yield* everyProperty(property.properties ?? {}, `${path}.`, nested || typeOf(property) === 'nested');
  }
}

/** Notes on one field, by its type. */
export function fieldNotes({ path, sourceType, elementType, field, format }: MappedField, within?: Properties): Note[] {
  const notes: Note[] = [];
  const info = (text: string) => notes.push({ kind: 'info', text: `${path} (${sourceType}): ${text}` });
  const lossy = (text: string) => notes.push({ kind: 'lossy', text: `${path} (${sourceType}): ${text}` });
  if (sourceType === 'scaled_float' && field.type === 'Float')
    lossy('a Float has seven digits; declare it double to keep them all');
  if (sourceType === 'date' && field.type === 'Int64' && format !== null) info('milliseconds since 1970');
  if (sourceType === 'date_nanos' && field.type === 'Int64' && format !== null) info('nanoseconds since 1970');
  if ((sourceType === 'date' || sourceType === 'date_nanos') && field.type === 'VarChar')
    info('the text that was sent');
  if (elementType === 'byte') info('signed bytes as floats');
  if (elementType === 'bfloat16') info('16-bit floats as floats, exactly');
  if (sourceType === 'sparse_vector' || sourceType === 'rank_vectors')
    lossy('kept as JSON, which is not searched as a vector');
  const property = within?.[path];
  const kept = field.type === 'JSON' && property !== undefined ? nestedVectors({ [path]: property }) : [];
  if (kept.length > 0) lossy(`vectors of nested objects (${kept.join(', ')}) are kept as JSON, which is not searched`);
  // From 8.18 on documents hold the text alone.
  if (sourceType === 'semantic_text')
    lossy(
      'the vectors that Elasticsearch made of the text are not in the documents, or kept as JSON, and not searched',
    );
  if (field.name !== path) info(`its name there is ${field.name}`);
  return notes;
}

/** Paths of the vectors in nested objects: they are no fields. */
export function nestedVectors(properties: Properties): string[] {
  return [...everyProperty(properties)].flatMap(({ path, property, nested }) =>
    nested && typeOf(property) === 'dense_vector' ? [path] : [],
  );
}

/**
 * Milvus's metric of a dense_vector's similarity; null: the mapping names none, because the vector is not indexed. Of
 * bits there is one: the number of those that differ.
 */
export function metricOf({ similarity, element_type, index }: Property): MetricType | null {
  if (element_type === 'bit') return 'HAMMING';
  switch (similarity) {
    case 'l2_norm':
      return 'L2';
    case 'cosine':
      return 'COSINE';
    case 'dot_product':
    case 'max_inner_product':
      return 'IP';
    default:
      // Indexed without a word about it is cosine, the default.
      return index === true ? 'COSINE' : null;
  }
}

/** An Array of values of `mapped`. Errors: E_SOURCE_SCHEMA where Milvus has no such arrays. */
export function arrayOf(mapped: MappedField, maxCapacity: number, index: string): MappedField {
  const { field } = mapped;
  if (field.type === 'JSON' || field.type === 'Array' || field.dim > 0)
    throw new MigrateError('E_SOURCE_SCHEMA', 'there are no arrays of such values in Milvus', {
      at: { collection: index, field: mapped.path },
      found: `an array of ${mapped.sourceType}`,
      wanted: 'texts, numbers or booleans',
      hint: 'declare it as JSON',
    });
  const element = field.type as Exclude<ScalarType, 'JSON' | 'Array'>;
  return { ...mapped, field: { ...field, type: 'Array', element, maxCapacity } };
}

export function withoutConstant({ constant: _, ...mapped }: MappedField): MappedField {
  return mapped;
}

/** As a primary key: Int64 for whole numbers, VarChar for texts. Errors: E_SOURCE_SCHEMA for others. */
export function asPrimaryKey(mapped: MappedField, index: string): MappedField {
  const { nullable: _, ...rest } = mapped.field;
  const type = INTEGERS.includes(mapped.sourceType) && rest.type !== 'VarChar' ? 'Int64' : rest.type;
  if ((type === 'Int64' && mapped.format === null) || type === 'VarChar')
    return { ...withoutConstant(mapped), nullValue: null, field: { ...rest, type, primaryKey: true } };
  throw new MigrateError('E_SOURCE_SCHEMA', 'a field of this type can not be the primary key', {
    at: { collection: index, field: mapped.path },
    found: `${mapped.sourceType}, ${type} in Milvus`,
    wanted: 'a whole number or a text',
    hint: 'without pk: true the documents’ _id is the primary key',
  });
}
