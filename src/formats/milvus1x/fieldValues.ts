/** Values of metadata rows, with their types checked: SQLite gives BigInt, MySQL strings, JSON numbers for the same column. */
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';

export type FieldValue = bigint | number | string | boolean | null | Uint8Array | object;

/** A row, by column name. */
export type MetaRow = Readonly<Record<string, FieldValue | undefined>>;

/** Where a row is from, for errors: `Tables` in meta.sqlite. */
export interface RowPlace {
  readonly table: string;
  readonly at: ErrorPlace;
}

/** A whole number. Error: E_METADATA where the column is missing or holds something else. */
export function integerField(row: MetaRow, column: string, place: RowPlace): bigint {
  const value = needed(row, column, place);
  const number = toInteger(value);
  if (number === undefined) throw wrongType(row, column, { ...place, wanted: 'a whole number' });
  return number;
}

/** As integerField; undefined where there is no such column, or nothing in it. */
export function optionalInteger(row: MetaRow, column: string, place: RowPlace): bigint | undefined {
  const value = row[column];
  return value === undefined || value === null || value === '' ? undefined : integerField(row, column, place);
}

/** As optionalInteger, for counts that a number can hold; what it cannot hold is taken as not said. */
export function optionalCount(row: MetaRow, column: string, place: RowPlace): number | undefined {
  const value = optionalInteger(row, column, place);
  return value === undefined || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(value);
}

/** Text; whole numbers are taken as their digits. Error: E_METADATA where the column is missing or holds something else. */
export function textField(row: MetaRow, column: string, place: RowPlace): string {
  const value = needed(row, column, place);
  if (typeof value === 'string') return value;
  const number = toInteger(value);
  if (number === undefined) throw wrongType(row, column, { ...place, wanted: 'text' });
  return String(number);
}

/** As textField; `''` where there is no such column, or nothing in it. */
export function optionalText(row: MetaRow, column: string, place: RowPlace): string {
  const value = row[column];
  return value === undefined || value === null ? '' : textField(row, column, place);
}

function needed(row: MetaRow, column: string, { table, at }: RowPlace): FieldValue {
  const value = row[column];
  if (value !== undefined && value !== null) return value;
  throw new MigrateError('E_METADATA', 'the metadata lacks something that is needed', {
    at: { ...at, ...ownerOf(row), field: `${table}.${column}` },
    found: value === null ? `nothing in ${table}.${column}` : `${table} has ${Object.keys(row).join(', ')}`,
    wanted: value === null ? 'a value' : `a column ${column}`,
    hint: 'this is not the metadata of a Milvus 0.9 to 1.x, or it is damaged',
  });
}

function toInteger(value: FieldValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

function wrongType(row: MetaRow, column: string, place: RowPlace & { wanted: string }): MigrateError {
  const { table, at, wanted } = place;
  const value = row[column];
  const shown = typeof value === 'object' ? 'binary data or an object' : JSON.stringify(String(value));
  return new MigrateError('E_METADATA', 'a value of the metadata has the wrong type', {
    at: { ...at, ...ownerOf(row), field: `${table}.${column}` },
    found: `${shown} in ${table}.${column}`,
    wanted,
  });
}

/** The collection that a row of any of the tables is about. */
function ownerOf(row: MetaRow): ErrorPlace {
  const name = row.table_id ?? row.collection;
  return typeof name === 'string' ? { collection: name } : {};
}
