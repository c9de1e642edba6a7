/** Columns outside the slab: made value by value, or copied row by row. */
import { type Column, valueAt } from '../core/batch.ts';
import { type Field, fixedBytes, type ScalarType } from '../core/schema.ts';

/** Rows of a column, copied, in the order of `rows`. */
export function copyRows(column: Column, rows: Uint32Array): Column {
  const nulls = column.nulls === undefined ? {} : { nulls: pick(column.nulls, rows) };
  if (column.offsets === undefined) {
    const bytes = new Uint8Array(rows.length * column.rowBytes);
    for (let at = 0; at < rows.length; at++) bytes.set(valueAt(column, rows[at]!), at * column.rowBytes);
    return { ...column, ...nulls, bytes };
  }
  const texts = new TextColumn(column.bytes.length);
  for (const row of rows) texts.add(valueAt(column, row));
  return { ...column, ...nulls, ...texts.done() };
}

function pick(nulls: Uint8Array, rows: Uint32Array): Uint8Array {
  const picked = new Uint8Array(rows.length);
  for (let at = 0; at < rows.length; at++) picked[at] = nulls[rows[at]!]!;
  return picked;
}

/** Values of different lengths, one behind the other. */
export class TextColumn {
  #bytes: Buffer;
  #length = 0;
  readonly #offsets: number[] = [0];

  /** @param room bytes to begin with; it grows */
  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(64, room));
  }

  add(value: Uint8Array | string): void {
    const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
    const end = this.#length + length;
    if (end > this.#bytes.length) this.#grow(end);
    if (typeof value === 'string') this.#bytes.write(value, this.#length, 'utf8');
    else this.#bytes.set(value, this.#length);
    this.#length = end;
    this.#offsets.push(end);
  }

  done(): { readonly rowBytes: 0; readonly bytes: Uint8Array; readonly offsets: Uint32Array } {
    const bytes = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#length);
    return { rowBytes: 0, bytes, offsets: Uint32Array.from(this.#offsets) };
  }

  #grow(end: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** What a value of a scalar field is in JavaScript: whole numbers are bigint, VarChar, JSON and Array their text. */
export type Value = bigint | number | boolean | string;

export interface ColumnWriter {
  /** Exactly one value for each row, in order; undefined: none (zeros, or no bytes). */
  add(value: Value | undefined): void;
  done(): Omit<Column, 'field' | 'nulls'>;
}

/** @param rows how many values will come */
export function writeColumn(type: Exclude<ScalarType, 'Array'>, rows: number): ColumnWriter {
  switch (type) {
    case 'VarChar':
    case 'JSON': {
      const texts = new TextColumn(16 * rows);
      return { add: (value) => texts.add((value ?? '') as string), done: () => texts.done() };
    }
    case 'Int64': {
      const values = new BigInt64Array(rows);
      let at = 0;
      return {
        add(value) {
          values[at++] = (value ?? 0n) as bigint;
        },
        done: () => fixed(values, 8),
      };
    }
    default: {
      const values = numbers(type, rows);
      let at = 0;
      return {
        add(value) {
          values[at++] = Number(value ?? 0);
        },
        done: () => fixed(values, values.BYTES_PER_ELEMENT),
      };
    }
  }
}

/** A typed array for the values of a field of numbers. */
function numbers(
  type: 'Bool' | 'Int8' | 'Int16' | 'Int32' | 'Float' | 'Double',
  rows: number,
): Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array {
  switch (type) {
    case 'Bool':
      return new Uint8Array(rows);
    case 'Int8':
      return new Int8Array(rows);
    case 'Int16':
      return new Int16Array(rows);
    case 'Int32':
      return new Int32Array(rows);
    case 'Float':
      return new Float32Array(rows);
    case 'Double':
      return new Float64Array(rows);
  }
}

function fixed(values: ArrayBufferView, rowBytes: number): Omit<Column, 'field' | 'nulls'> {
  return { rowBytes, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** Reads the values of a scalar field; not for rows without a value. */
export function readValues(field: Field, column: Column): (row: number) => Value {
  const { bytes } = column;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (field.type) {
    case 'Bool':
      return (row) => bytes[row] !== 0;
    case 'Int8':
      return (row) => BigInt(view.getInt8(row));
    case 'Int16':
      return (row) => BigInt(view.getInt16(2 * row, true));
    case 'Int32':
      return (row) => BigInt(view.getInt32(4 * row, true));
    case 'Int64':
      return (row) => view.getBigInt64(8 * row, true);
    case 'Float':
      return (row) => view.getFloat32(4 * row, true);
    case 'Double':
      return (row) => view.getFloat64(8 * row, true);
    case 'VarChar':
    case 'JSON':
    case 'Array':
      return readTexts(column);
    default:
      throw new TypeError(`${field.name} is a ${field.type}, no scalar`);
  }
}

/** Reads values of different lengths as text. */
export function readTexts({ bytes, offsets }: Column): (row: number) => string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (row) => text.toString('utf8', offsets![row], offsets![row + 1]);
}

/** Bytes of one value in a column of `field`, 0 where they differ. */
export function widthOf(field: Field): number {
  return fixedBytes(field) ?? 0;
}
