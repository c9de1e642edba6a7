/** From indices to datasets: their fields in Milvus's terms, one dataset an index, or several indices in one. */

import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type Field, fixedBytes, type IndexSpec, type Schema } from '../../core/schema.ts';
import { ID, idField, lookUp, mapDeclared } from '../../formats/elastic/declared.ts';
import {
  type Mapped,
  type MappedField,
  mapProperties,
  nestedVectors,
  type Properties,
  typeOf,
  withoutConstant,
} from '../../formats/elastic/mapping.ts';
import { vectorIndexOf } from '../../formats/elastic/vectorIndex.ts';
import { type IndexFacts, isExcluded, isFiltered, refuseClosed } from './indices.ts';
import { isRounded, sourceNotes } from './sourceNotes.ts';

export interface ElasticDataset {
  readonly name: string;
  readonly indices: readonly IndexFacts[];
  /** The primary key first, then the vectors, then the rest; without the dynamic field. */
  readonly fields: readonly MappedField[];
  /** Those of `fields`, and the dynamic field last, where there is one. */
  readonly schema: Schema;
  /** Vectors that are not in `_source`, or may be wrong there: paths to ask for as `docvalue_fields`. */
  readonly fromDocValues: readonly string[];
  /**
   * Indices of which `_source` is put together anew, so that of those vectors the doc values are right: behind a document
   * without the vector, Elasticsearch (8.19) forgets the length of the next one, and gives it with length 1.
   */
  readonly rebuilt: readonly string[];
  /** Vectors are given in `_source` only to who says `_source: {exclude_vectors: false}` (9.2 and newer). */
  readonly askForVectors: boolean;
  /** `_source` leaves something out, and the rest of each document has been written anew. */
  readonly rewritten: boolean;
  /** The key is a field that the index holds in columns too (doc values), whatever it makes of the documents' values. */
  readonly keyIsIndexed: boolean;
  /** Of the first vector; undefined: the mapping has none that Milvus has too. */
  readonly index: IndexSpec | undefined;
  readonly notes: readonly Note[];
}

/** The dynamic field, as Milvus's import files have it. */
export const DYNAMIC: Field = { name: '$meta', type: 'JSON', primaryKey: false, dim: 0, dynamic: true };

/** What a value of unknown length is taken to be, for the size of parts. */
const GUESSED_BYTES = 64;

type SchemaConfig = Pick<ElasticsearchSource, 'index' | 'indices' | 'fields' | 'dynamicField' | 'choices'>;

/** Errors: E_SOURCE_NOT_FOUND (closed), E_SOURCE_SCHEMA, E_DIMENSION, E_NAME_COLLISION. */
export function datasetsOf(config: SchemaConfig, indices: readonly IndexFacts[]): readonly ElasticDataset[] {
  refuseClosed(indices);
  if (isMerged(config, indices)) return [datasetOf(nameOfOne(config.index, indices), indices, config)];
  return indices.map((index) => datasetOf(index.name, [index], config));
}

/** Whether all indices become one dataset. */
export function isMerged({ indices: how }: Pick<SchemaConfig, 'indices'>, indices: readonly IndexFacts[]): boolean {
  return how === 'merged' || indices.length === 1;
}

/** The name of one dataset of all indices. */
export function nameOfOne(expression: string, indices: readonly IndexFacts[]): string {
  // An alias of one index, a data stream: known by the name that was asked for.
  if (/^[^*,]+$/.test(expression)) return expression;
  return indices.length === 1 ? indices[0]!.name : expression.replaceAll(/[*,]+/g, '_').replaceAll(/^_|_$/g, '');
}

function datasetOf(name: string, indices: readonly IndexFacts[], config: SchemaConfig): ElasticDataset {
  const maps = indices.map((index) => ({ index, mapped: mapOne(index, config) }));
  const notes: Note[] = [];
  const fields = ordered(unite(maps));
  const vectors = fields.filter(({ elementType }) => elementType !== null);
  checkVectors(vectors, name, indices);
  const dynamic = config.dynamicField;
  for (const { mapped } of maps) notes.push(...mapped.notes, ...leftNotes(mapped, dynamic));
  for (const path of varyingConstants(maps))
    notes.push({
      kind: 'lossy',
      text: `${path}: constant in each index, of several values: documents that do not repeat it go over without it`,
    });
  notes.push(...sourceNotes(indices, fields, dynamic));
  if (indices.length > 1)
    notes.push({
      kind: 'info',
      text: `${indices.length} indices in one: a document of the same _id in two of them comes twice`,
    });
  const metric = vectors[0]!.metric ?? config.choices.metric ?? 'COSINE';
  if (vectors[0]!.metric === null && config.choices.metric === undefined)
    notes.push({
      kind: 'info',
      text: `${vectors[0]!.path}: not indexed there and so without a similarity; COSINE is taken`,
    });
  const index = indexOf(indices, vectors[0]!, notes);
  const schema: Schema = { fields: [...fields.map(({ field }) => field), ...(dynamic ? [DYNAMIC] : [])], metric };
  return {
    name,
    indices,
    fields,
    schema,
    fromDocValues: vectors
      .filter((vector) => indices.some((each) => isExcluded(each.stored, vector.path) || isRounded(each, vector)))
      .map(({ path }) => path),
    rebuilt: indices
      .filter(({ stored }) => stored.synthetic || stored.withoutVectors)
      .map(({ name: rebuilt }) => rebuilt),
    askForVectors: indices.some(({ stored }) => stored.withoutVectors),
    rewritten: indices.some(({ stored }) => isFiltered(stored)),
    index,
    keyIsIndexed: indices.every(({ properties }) => isIndexed(properties, fields)),
    notes: once(notes),
  };
}

/** One index's fields, with its key. */
function mapOne(index: IndexFacts, { fields: declared, choices }: SchemaConfig): Mapped {
  if (!index.stored.enabled)
    throw new MigrateError('E_SOURCE_SCHEMA', 'the index keeps no documents, only what finds them', {
      at: { collection: index.name, field: '_source' },
      found: '_source is disabled',
      wanted: 'an index with _source',
      hint: 'index the documents anew from where they came from',
    });
  if (declared !== undefined) {
    const mapped = mapDeclared(index.properties, declared, { choices, index: index.name });
    return { ...mapped, fields: withKey(mapped.fields) };
  }
  const mapped = mapProperties(index.properties, choices, index.name);
  return { ...mapped, fields: withKey(mapped.fields) };
}

/** The first one that an index has on the vector. */
function indexOf(indices: readonly IndexFacts[], { path }: MappedField, notes: Note[]): IndexSpec | undefined {
  for (const { properties } of indices) {
    const property = lookUp(properties, path)?.property;
    const tell = (text: string): void => void notes.push({ kind: 'info', text: `${path}: ${text}` });
    const index = property === undefined ? undefined : vectorIndexOf(property, tell);
    if (index !== undefined) return index;
  }
  return undefined;
}

/** Types that keep a value a document sends once as one value: two documents with the same one have the same. */
const KEY_TYPES: readonly string[] = ['long', 'integer', 'short', 'byte', 'keyword'];

function isIndexed(properties: Properties, fields: readonly MappedField[]): boolean {
  const path = fields.find(({ field }) => field.primaryKey)?.path ?? ID;
  const property = properties[path];
  return property !== undefined && KEY_TYPES.includes(typeOf(property)) && property.doc_values !== false;
}

function withKey(fields: readonly MappedField[]): readonly MappedField[] {
  return fields.some(({ field }) => field.primaryKey) ? fields : [idField('VarChar', true), ...fields];
}

interface OneMap {
  readonly index: IndexFacts;
  readonly mapped: Mapped;
}

/** Fields that are constant in an index, and of another value, or none, in another: there is no value for all documents. */
function varyingConstants(maps: readonly OneMap[]): string[] {
  const values = new Map<string, Set<string | undefined>>();
  for (const { path, constant } of maps.flatMap(({ mapped }) => mapped.fields))
    values.set(path, (values.get(path) ?? new Set()).add(constant));
  return [...values].flatMap(([path, found]) => (found.size > 1 ? [path] : []));
}

/** All fields of several indices; one of the same name must be the same. Errors: E_SOURCE_SCHEMA. */
function unite(maps: readonly OneMap[]): MappedField[] {
  const united = new Map<string, { field: MappedField; index: string }>();
  const varying = varyingConstants(maps);
  for (const { index, mapped } of maps)
    for (const each of mapped.fields) {
      const field = varying.includes(each.path) ? withoutConstant(each) : each;
      const other = united.get(field.field.name);
      if (other === undefined) united.set(field.field.name, { field, index: index.name });
      else if (JSON.stringify(other.field) !== JSON.stringify(field))
        throw new MigrateError('E_SOURCE_SCHEMA', 'indices that are to become one collection differ in a field', {
          at: { collection: index.name, field: field.path },
          found: `${describe(field)} here, ${describe(other.field)} in ${other.index}`,
          wanted: 'the same field in all of them',
          hint: 'take them one by one, or say which fields go over',
        });
    }
  return [...united.values()].map(({ field }) => field);
}

function describe({ path, sourceType, elementType, field }: MappedField): string {
  const dims = field.dim > 0 ? `, dims ${field.dim}` : '';
  return `${path} ${sourceType}${elementType === null ? '' : ` of ${elementType}`}${dims}`;
}

function ordered(fields: readonly MappedField[]): MappedField[] {
  const rank = ({ field, elementType }: MappedField): number => (field.primaryKey ? 0 : elementType === null ? 2 : 1);
  return fields
    .map((field, at) => ({ field, at }))
    .sort((a, b) => rank(a.field) - rank(b.field) || a.at - b.at)
    .map(({ field }) => field);
}

function checkVectors(vectors: readonly MappedField[], index: string, indices: readonly IndexFacts[]): void {
  if (vectors.length === 0) {
    const nested = [...new Set(indices.flatMap(({ properties }) => nestedVectors(properties)))];
    throw new MigrateError('E_SOURCE_SCHEMA', 'no field of the index that goes over is a vector', {
      at: { collection: index },
      found: nested.length === 0 ? 'no dense_vector' : `none but those of nested objects (${nested.join(', ')})`,
      wanted: 'at least one: a Milvus collection has a vector',
      hint:
        nested.length === 0
          ? 'declare the vector field, too, where fields are declared'
          : 'a row has one vector of a field: index each nested object as a document of its own, and move that index',
    });
  }
  for (const { path, elementType, field } of vectors) {
    if (field.dim > 0 && (elementType !== 'bit' || field.dim % 8 === 0)) continue;
    throw new MigrateError('E_DIMENSION', 'a vector field has no dimension that Milvus takes', {
      at: { collection: index, field: path },
      found: field.dim === 0 ? 'no dims in the mapping' : `dims ${field.dim}`,
      wanted: elementType === 'bit' ? 'a multiple of 8' : 'dims from 1 on',
      hint: 'no document had a vector yet: declare the field with its dims',
    });
  }
}

function leftNotes({ left }: Mapped, dynamic: boolean): Note[] {
  return left.map(({ path, sourceType, why }) => ({
    kind: dynamic || why !== 'its type is not known' ? 'info' : 'lossy',
    text: `${path} (${sourceType}) is no field: ${why}${dynamic ? '; what documents hold there goes into the dynamic field' : ''}`,
  }));
}

function once(notes: readonly Note[]): Note[] {
  return [...new Map(notes.map((note) => [note.text, note])).values()];
}

/** Bytes that a row is taken to have, before any was read. */
export function guessedRowBytes({ fields }: Schema): number {
  return fields.reduce((sum, field) => sum + (fixedBytes(field) ?? GUESSED_BYTES), 0);
}
