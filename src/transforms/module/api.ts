/** What a transform module of the user's own is written against: exported by the library. Types only. */
import type { Json } from '../../core/contracts.ts';
import type { Schema } from '../../core/schema.ts';

/**
 * The values of a field, one for each row:
 *
 * | type | values |
 * |---|---|
 * | Bool | Uint8Array of 0 and 1 |
 * | Int8, Int16, Int32 | Int8Array, Int16Array, Int32Array |
 * | Int64 | BigInt64Array |
 * | Float, Double | Float32Array, Float64Array |
 * | VarChar | array of strings |
 * | JSON, Array | array of strings: each the text of a JSON value |
 * | FloatVector | Float32Array, `dim` values a row |
 * | BinaryVector | Uint8Array, `dim / 8` bytes a row |
 *
 * Where a row has no value, typed arrays have zeros (see `nulls`) and arrays of strings null.
 */
export type TransformValues =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | (string | null)[];

/** Some rows of a collection, by column. Where one batch ends and the next begins means nothing. */
export interface TransformBatch {
  readonly rows: number;
  /** What the rows are before the module. */
  readonly schema: Schema;
  /** Where they are in the source, for messages. */
  readonly origin: string;
  /** A copy of the field's values, made when first asked for. What is changed in it counts when it is given to `set`. */
  values<V extends TransformValues = TransformValues>(field: string): V;
  /** One byte a row: not 0 where it has no value. undefined: all rows have one. */
  nulls(field: string): Uint8Array | undefined;
  /**
   * The field's new values, for all rows. A text that is longer than the field takes, or no JSON, refuses its row.
   * @param nulls one byte a row, for a nullable field; arrays of strings may say it by null
   */
  set(field: string, values: TransformValues, nulls?: Uint8Array): void;
  /** Leaves a row out; it is counted as filtered. */
  leaveOut(row: number): void;
  /** Leaves a row out because it can't be one of the target's: it goes to the reject file with the reason. */
  refuse(row: number, reason: string): void;
  /** Counts values that are not carried over exactly, under a name: shown in the report. */
  count(name: string, values?: number): void;
}

export interface TransformContext {
  /** What the configuration says in `options`. */
  readonly options: Json;
}

/**
 * Changes a batch by its methods. It may be called for the same rows more than once, in several threads, in batches of any
 * size, and must do the same each time: what a row becomes may depend on that row alone.
 */
export type TransformFunction = (batch: TransformBatch, context: TransformContext) => void | Promise<void>;

/** The exports of a transform module; `default` may be the function, or an object of this form. */
export interface TransformModule {
  readonly transform: TransformFunction;
  /** The schema that comes out, where it is another one: fields added, dropped, of other types. The key stays as it is. */
  readonly schema?: (schema: Schema, context: TransformContext) => Schema | Promise<Schema>;
}
