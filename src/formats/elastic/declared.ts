/** The fields that a configuration declares (`meta.fields`), looked up in the mapping: name, type, pk, maxLen, dims. */
import type { Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import {
  apartIn,
  arrayOf,
  asPrimaryKey,
  copyNotes,
  fieldNotes,
  MAX_VARCHAR,
  type Mapped,
  type MappedField,
  type MappingChoices,
  mapAs,
  named,
  type Properties,
  type Property,
  typeOf,
} from './mapping.ts';
import { mappingOnlyNotes } from './mappingOnly.ts';
import { mayDeclare, TYPES } from './types.ts';

/** As in `meta.fields`. */
export interface Declaration {
  /** Dotted path, `_id`, or the path of a multi-field or alias. */
  readonly name: string;
  /** Elasticsearch's name of the type; undefined: what the mapping says. */
  readonly type?: string | undefined;
  readonly pk: boolean;
  readonly maxLen?: number | undefined;
  readonly dims?: number | undefined;
  readonly many?: 'Array' | 'JSON' | undefined;
  readonly maxCapacity?: number | undefined;
}

/** Milvus's limit, and what is taken where nothing is said. */
const MAX_CAPACITY = 4_096;

export const ID = '_id';

/** The documents' `_id` as a field; a primary key unless another one is. */
export function idField(type: 'Int64' | 'VarChar', primaryKey: boolean, maxLength = MAX_VARCHAR): MappedField {
  const field = { name: ID, type, primaryKey, dim: 0, ...(type === 'VarChar' ? { maxLength } : {}) };
  const sourceType = type === 'Int64' ? 'long' : 'keyword';
  return { path: ID, sourceType, elementType: null, nullValue: null, format: null, metric: null, without: [], field };
}

/** Errors: E_SOURCE_SCHEMA (no such field, another type, two keys), E_DIMENSION, E_NAME_COLLISION. */
export function mapDeclared(
  properties: Properties,
  declared: readonly Declaration[],
  { choices, index }: { choices: MappingChoices; index: string },
): Mapped {
  const keys = declared.filter(({ pk }) => pk);
  if (keys.length > 1)
    throw new MigrateError('E_SOURCE_SCHEMA', 'more than one primary key is declared', {
      at: { collection: index, field: 'pk' },
      found: keys.map(({ name }) => name).join(', '),
      wanted: 'one, or none: then it is _id',
    });
  const fields: MappedField[] = [];
  for (const one of declared) {
    if (one.name === ID) {
      fields.push(declaredId(one, keys, index));
      continue;
    }
    const mapped = declaredField(properties, one, { choices, index });
    const twice = declared[fields.findIndex(({ path }) => path === mapped.path)];
    if (twice !== undefined) throw sameValues(twice.name, one.name, index);
    fields.push(mapped);
  }
  const taken = named(fields, index);
  const notes: Note[] = [];
  for (const [at, mapped] of taken.entries()) {
    if (mapped.path === ID) continue;
    const property = lookUp(properties, declared[at]!.name)?.property;
    notes.push(...fieldNotes(mapped, properties), ...(property ? mappingOnlyNotes(mapped.path, property) : []));
  }
  const paths = new Set(fields.map(({ path }) => path));
  notes.push(...copyNotes(properties, (path) => paths.has(path)));
  return { fields: taken, left: [], notes };
}

/** Of a field and its multi-field, or another name of it: a document has them once. */
function sameValues(first: string, second: string, index: string): MigrateError {
  return new MigrateError('E_NAME_COLLISION', 'two fields are declared that are the same values of the documents', {
    at: { collection: index, field: second },
    found: first === second ? `${first}, twice` : `${first} and ${second}`,
    wanted: 'each value once',
    hint: 'declare one of them: a multi-field or an alias holds what its field holds',
  });
}

function declaredId(one: Declaration, keys: readonly Declaration[], index: string): MappedField {
  const type = one.type === undefined ? 'VarChar' : TYPES.get(one.type);
  if (type !== 'VarChar' && type !== 'Int64')
    throw new MigrateError('E_SOURCE_SCHEMA', '_id can not have this type', {
      at: { collection: index, field: ID },
      found: one.type ?? '',
      wanted: 'keyword or long',
    });
  // Declared without pk it is the key all the same, unless another field is.
  return idField(type, one.pk || keys.length === 0, one.maxLen);
}

interface Context {
  readonly choices: MappingChoices;
  readonly index: string;
}

function declaredField(properties: Properties, one: Declaration, { choices, index }: Context): MappedField {
  const found = lookUp(properties, one.name);
  if (found === undefined) throw absent(properties, one.name, index);
  const mappedType = typeOf(found.property);
  const sourceType = one.type ?? mappedType;
  if (!mayDeclare(mappedType, sourceType) || !TYPES.has(sourceType))
    throw new MigrateError('E_SOURCE_SCHEMA', 'a field is declared as a type that its values are not', {
      at: { collection: index, field: one.name },
      found: `${mappedType} in the mapping, declared ${sourceType}`,
      wanted: TYPES.has(mappedType) ? `${mappedType}, or a type that holds all of its values` : 'a type that is known',
      hint: 'leave type out: the mapping has it',
    });
  const asText = sourceType !== mappedType && (TYPES.get(sourceType) === 'VarChar' || TYPES.get(sourceType) === 'JSON');
  const base = mapAs(found.path, found.property, { sourceType: asText ? sourceType : mappedType, choices })!;
  const retyped =
    sourceType === mappedType || asText ? base : redeclared(base, found.property, { sourceType, choices });
  const sized = withSizes(retyped, one, index);
  const apart = { ...sized, ...apartIn(properties, sized) };
  const many = one.many === undefined ? apart : severalValues(apart, one, index);
  return one.pk ? asPrimaryKey(many, index) : many;
}

/** A number declared as another number: its values are read as the mapping says and stored as declared. */
function redeclared(
  base: MappedField,
  property: Property,
  as: { sourceType: string; choices: MappingChoices },
): MappedField {
  const other = mapAs(base.path, property, as)!;
  return { ...base, sourceType: base.format === null ? other.sourceType : base.sourceType, field: other.field };
}

function severalValues(mapped: MappedField, one: Declaration, index: string): MappedField {
  if (one.many === 'Array') return arrayOf(mapped, one.maxCapacity ?? MAX_CAPACITY, index);
  const { name, primaryKey, nullable } = mapped.field;
  return {
    ...mapped,
    several: true,
    field: { name, type: 'JSON', primaryKey, dim: 0, ...(nullable === undefined ? {} : { nullable }) },
  };
}

function withSizes(mapped: MappedField, { name, maxLen, dims }: Declaration, index: string): MappedField {
  const { field } = mapped;
  const at = { collection: index, field: name };
  if (maxLen !== undefined && field.type === 'VarChar') {
    if (!Number.isInteger(maxLen) || maxLen < 1 || maxLen > MAX_VARCHAR)
      throw new MigrateError('E_SOURCE_SCHEMA', 'no length of a VarChar', {
        at,
        found: `maxLen ${maxLen}`,
        wanted: `1 to ${MAX_VARCHAR} bytes`,
      });
    return { ...mapped, field: { ...field, maxLength: maxLen } };
  }
  if (dims === undefined || field.dim === 0 || dims === field.dim) {
    if (dims === undefined || mapped.elementType === null || field.dim > 0) return mapped;
    // The mapping learns the dimension from the first document, and there was none.
    return { ...mapped, field: { ...field, dim: dims } };
  }
  throw new MigrateError('E_DIMENSION', 'the mapping has another dimension than the configuration', {
    at,
    found: `dims ${field.dim} in the mapping`,
    wanted: `dims ${dims}`,
    hint: 'leave dims out: the mapping has it',
  });
}

interface Found {
  /** Path of the values in `_source`: of the field itself for a multi-field, of the other one for an alias. */
  readonly path: string;
  readonly property: Property;
}

/** The property at a dotted path, through objects, multi-fields and aliases; undefined: there is none. */
export function lookUp(properties: Properties, path: string): Found | undefined {
  const found = descend(properties, path, '');
  if (found === undefined || typeOf(found.property) !== 'alias') return found;
  const target = found.property.path;
  // An alias of an alias is refused by Elasticsearch.
  return typeof target === 'string' ? descend(properties, target, '') : undefined;
}

function descend(properties: Properties, path: string, above: string): Found | undefined {
  // A name may hold dots itself, where subobjects are off.
  if (Object.hasOwn(properties, path)) return { path: above + path, property: properties[path]! };
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot);
    const rest = path.slice(dot + 1);
    const property = Object.hasOwn(properties, name) ? properties[name]! : undefined;
    if (property === undefined) continue;
    if (property.fields !== undefined && Object.hasOwn(property.fields, rest))
      return { path: above + name, property: property.fields[rest]! };
    const inner = property.properties && descend(property.properties, rest, `${above}${name}.`);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function absent(properties: Properties, name: string, index: string): MigrateError {
  return new MigrateError('E_SOURCE_SCHEMA', 'the index has no such field', {
    at: { collection: index, field: name },
    found: `fields ${Object.keys(properties).slice(0, 20).join(', ')}`,
    wanted: name,
    hint: 'names are paths with dots, like author.name; upper and lower case differ',
  });
}
