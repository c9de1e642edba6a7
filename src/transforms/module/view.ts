/** A batch as a transform module sees it. */
import { type Column, isNull } from '../../core/batch.ts';
import { MAX_CAPACITY, MAX_TEXT_BYTES } from '../../core/checkSchema.ts';
import type { Field, FieldType, Schema } from '../../core/schema.ts';
import { readTexts, TextColumn, widthOf } from '../columns.ts';
import type { Work } from '../work.ts';
import type { TransformBatch, TransformValues } from './api.ts';
import { misfit } from './misfit.ts';

/** Its messages are for whoever writes the module. */
export interface BatchView extends TransformBatch {
  /** Columns of the schema after the module. */
  columns(): readonly Column[];
}

/** @param work settled: all its rows count */
export function viewOf(work: Work, before: Schema, after: Schema): BatchView {
  const copies = new Map<string, TransformValues>();
  const written = new Map<string, Column>();

  function field(schema: Schema, name: string): Field {
    const found = schema.fields.find((candidate) => candidate.name === name);
    if (found !== undefined) return found;
    throw new TypeError(`no field ${name}; there are ${schema.fields.map((one) => one.name).join(', ')}`);
  }

  function checkRow(row: number): void {
    if (!Number.isInteger(row) || row < 0 || row >= work.rows)
      throw new RangeError(`no row ${row} in a batch of ${work.rows}`);
  }

  return {
    rows: work.rows,
    schema: before,
    origin: work.origin,
    values<V extends TransformValues>(name: string): V {
      const known = copies.get(name) ?? copyValues(field(before, name), work.column(name), work.rows);
      copies.set(name, known);
      return known as V;
    },
    nulls(name) {
      field(before, name);
      return work.column(name).nulls?.slice(0, work.rows);
    },
    set(name, values, nulls) {
      const target = field(after, name);
      if (target.primaryKey) throw new TypeError(`the primary key ${name} can not be changed`);
      written.set(name, columnFrom(work, target, values, nulls));
    },
    leaveOut(row) {
      checkRow(row);
      work.leaveOut(row);
    },
    refuse(row, reason) {
      checkRow(row);
      work.refuse(row, String(reason));
    },
    count(name, values = 1) {
      if (!Number.isSafeInteger(values) || values < 0) throw new RangeError(`${name}: ${values} is no count`);
      work.change(name, values);
    },
    columns: () => after.fields.map((one) => written.get(one.name) ?? untouched(one)),
  };

  function untouched(one: Field): Column {
    const old = before.fields.find(({ name }) => name === one.name);
    if (old !== undefined && sameValues(old, one)) return work.column(one.name);
    throw new TypeError(`the field ${one.name} (${one.type}) that \`schema\` says was not set`);
  }
}

/** Whether values of `a` are values of `b`. */
function sameValues(a: Field, b: Field): boolean {
  // Absent: as much as Milvus takes.
  const shorter =
    (b.maxLength ?? MAX_TEXT_BYTES) < (a.maxLength ?? MAX_TEXT_BYTES) ||
    (b.maxCapacity ?? MAX_CAPACITY) < (a.maxCapacity ?? MAX_CAPACITY);
  const stricter = a.nullable === true && b.nullable !== true;
  return a.type === b.type && a.dim === b.dim && a.element === b.element && !shorter && !stricter;
}

type Numbers = Exclude<TransformValues, (string | null)[]>;

/** The class of arrays that a field's values come in; undefined: strings. */
function arrayOf(type: FieldType): { new (buffer: ArrayBuffer): Numbers; readonly name: string } | undefined {
  switch (type) {
    case 'Bool':
    case 'BinaryVector':
      return Uint8Array;
    case 'Int8':
      return Int8Array;
    case 'Int16':
      return Int16Array;
    case 'Int32':
      return Int32Array;
    case 'Int64':
      return BigInt64Array;
    case 'Float':
    case 'FloatVector':
      return Float32Array;
    case 'Double':
      return Float64Array;
    case 'VarChar':
    case 'JSON':
    case 'Array':
      return undefined;
  }
}

function copyValues(field: Field, column: Column, rows: number): TransformValues {
  const Values = arrayOf(field.type);
  if (Values !== undefined) {
    const copy = new Uint8Array(column.bytes.length);
    copy.set(column.bytes);
    return new Values(copy.buffer);
  }
  const text = readTexts(column);
  return Array.from({ length: rows }, (_, row) => (isNull(column, row) ? null : text(row)));
}

function columnFrom(work: Work, field: Field, values: TransformValues, nulls: Uint8Array | undefined): Column {
  const Values = arrayOf(field.type);
  if (nulls !== undefined && (!(nulls instanceof Uint8Array) || nulls.length !== work.rows))
    throw new TypeError(`nulls of ${field.name}: wanted a Uint8Array of ${work.rows}`);
  if (Values === undefined) return textColumn(work, field, values, nulls);
  const length = work.rows * perRow(field);
  if (!(values instanceof Values) || values.length !== length)
    throw new TypeError(
      `${field.name} (${field.type}): found ${describe(values)}, wanted a ${Values.name} of ${length}`,
    );
  if (field.type === 'Bool' && (values as Uint8Array).some((value) => value > 1))
    throw new TypeError(`${field.name} (Bool): wanted 0 and 1`);
  const bytes = new Uint8Array(values.byteLength);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return { field: field.name, rowBytes: widthOf(field), bytes, ...nullsOf(field, nulls) };
}

/** Elements of its array that one row has. */
function perRow({ type, dim }: Field): number {
  return type === 'FloatVector' ? dim : type === 'BinaryVector' ? dim / 8 : 1;
}

/** A row whose text the field does not take is refused. */
function textColumn(work: Work, field: Field, values: TransformValues, given: Uint8Array | undefined): Column {
  if (!Array.isArray(values) || values.length !== work.rows)
    throw new TypeError(
      `${field.name} (${field.type}): found ${describe(values)}, wanted an array of ${work.rows} strings`,
    );
  const nulls = given === undefined ? new Uint8Array(work.rows) : new Uint8Array(given);
  const texts = new TextColumn(16 * work.rows);
  for (const [row, value] of values.entries()) {
    if (value === null || nulls[row] !== 0) {
      nulls[row] = 1;
      texts.add('');
      continue;
    }
    if (typeof value !== 'string')
      throw new TypeError(
        `${field.name} (${field.type}): found ${describe(value)} in row ${row}, wanted a string or null`,
      );
    const wanted = misfit(field, value);
    if (wanted !== undefined) work.refuse(row, `${field.name}: found ${value.slice(0, 60)}, wanted ${wanted}`);
    texts.add(value);
  }
  const some = nulls.some((value) => value !== 0);
  return { field: field.name, ...texts.done(), ...nullsOf(field, some || given !== undefined ? nulls : undefined) };
}

function nullsOf(field: Field, nulls: Uint8Array | undefined): { readonly nulls?: Uint8Array } {
  if (nulls === undefined) return {};
  if (field.nullable === true) return { nulls: new Uint8Array(nulls) };
  if (nulls.some((value) => value !== 0)) throw new TypeError(`${field.name} is not nullable: every row needs a value`);
  return {};
}

function describe(value: unknown): string {
  if (ArrayBuffer.isView(value) || Array.isArray(value))
    return `${value.constructor.name} of ${(value as unknown as ArrayLike<unknown>).length}`;
  return value === null ? 'null' : typeof value;
}
