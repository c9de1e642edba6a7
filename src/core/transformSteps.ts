/** Steps that rows pass between source and encoder. Plain JSON: they are part of a job's plan and go to the workers. Types only. */
import type { Json } from './contracts.ts';
import type { ScalarType } from './schema.ts';

export type TransformStep =
  /** Only these fields go over, in the schema's order; the primary key always does. */
  | { readonly kind: 'select'; readonly fields: readonly string[] }
  | { readonly kind: 'drop'; readonly fields: readonly string[] }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  /**
   * Another type for a field. A value that the type can't hold is refused (the row is rejected, with its reason); one
   * that it holds less exactly (a Double as a Float) is refused too, or with `onLoss: 'count'` changed and counted.
   */
  | {
      readonly kind: 'cast';
      readonly field: string;
      readonly to: Exclude<ScalarType, 'Array'>;
      /** VarChar: bytes of UTF-8; absent: 65,535. */
      readonly maxLength?: number | undefined;
      readonly onLoss: 'reject' | 'count';
    }
  /** A new field with the same value in every row. */
  | {
      readonly kind: 'constant';
      readonly field: string;
      readonly type: Exclude<ScalarType, 'Array'>;
      readonly maxLength?: number | undefined;
      readonly value: Json;
    }
  /** Only rows for which the expression is true; those left out are counted as filtered. */
  | { readonly kind: 'filter'; readonly expression: string }
  /** A FloatVector divided by its length. One of length 0 has no direction: the row is rejected. */
  | { readonly kind: 'normalise'; readonly field: string }
  /** The user's own function on batches. */
  | { readonly kind: 'module'; readonly path: string; readonly options: Json };
