/** Names of fields that Milvus takes. A path of a document is never used for anything but a name. */
import { MigrateError } from '../../core/errors.ts';

const MAX_NAME_BYTES = 255;

/** Words of Milvus's filter expressions: no field may bear one, in lower or upper case. */
const RESERVED: ReadonlySet<string> = new Set([
  'like',
  'exists',
  'and',
  'or',
  'not',
  'in',
  'is',
  'null',
  'true',
  'false',
  'json_contains',
  'json_contains_all',
  'json_contains_any',
  'array_contains',
  'array_contains_all',
  'array_contains_any',
  'array_length',
  'text_match',
  'phrase_match',
  'random_sample',
]);

/** Fields that Milvus gives each collection by itself. */
const SYSTEM: ReadonlySet<string> = new Set(['RowID', 'Timestamp']);

/** A name that Milvus takes: letters, digits and `_`, not a digit first, at most 255, no word or field of its own. */
export function fieldName(path: string): string {
  const plain = path.replace(/[^A-Za-z0-9_]/g, '_').slice(0, MAX_NAME_BYTES);
  const name = /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`.slice(0, MAX_NAME_BYTES);
  return RESERVED.has(name.toLowerCase()) || SYSTEM.has(name) ? `${name}_` : name;
}

/** As `fieldName` for each of them. Errors: E_NAME_COLLISION where two become the same. */
export function fieldNames(paths: readonly string[], index: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const path of paths) {
    const name = fieldName(path);
    const other = taken.get(name);
    if (other !== undefined)
      throw new MigrateError('E_NAME_COLLISION', 'two fields of the index would have the same name in Milvus', {
        at: { collection: index, field: path },
        found: `${other} and ${path}, both ${name}`,
        wanted: 'names of letters, digits and _ that differ',
        hint: 'say which fields go over (fields), and leave one of them out',
      });
    taken.set(name, path);
    names.set(path, name);
  }
  return names;
}
