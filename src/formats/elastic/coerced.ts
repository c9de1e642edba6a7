/** What a document's value came to: a column's value, nothing, or the reason why the document is rejected. */

/** What was changed on the way, as Elasticsearch does it too or as the user chose: counted, never silent. */
export type Change =
  /** A fraction in a whole number's field. */
  | 'fraction cut'
  /** Parts of a second below what the field holds. */
  | 'time cut'
  /** A text that was longer than its VarChar. */
  | 'text cut'
  /** Nulls among the values of an array. */
  | 'nulls dropped';

export type Cell =
  | {
      readonly kind: 'value';
      readonly value: boolean | number | bigint | Uint8Array;
      /** Each one: of an array several values may be changed. */
      readonly changes?: readonly Change[];
    }
  /** The document has no value there. */
  | { readonly kind: 'none' }
  | Rejected;

export interface Rejected {
  readonly kind: 'reject';
  /** The value, shortened. */
  readonly found: string;
  readonly wanted: string;
}

export const NONE: Cell = { kind: 'none' };

const SHOWN = 80;

export function reject(found: string, wanted: string): Rejected {
  return { kind: 'reject', found: found.length > SHOWN ? `${found.slice(0, SHOWN)}…` : found, wanted };
}
