/**
 * A document's values as they were sent, whichever encoding the answer came in: what coercion works on. Types only.
 */
import type { VectorFault } from './page.ts';

export type RawKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

export type Raw =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /**
   * A number as text. `asSent`: these are the very digits that were sent. CBOR has sent fractions as doubles, and so are
   * those of documents that were written anew: then it is the shortest text for that double, and `1.10` has become `1.1`.
   */
  | { readonly kind: 'number'; readonly text: string; readonly asSent: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly Raw[] }
  | { readonly kind: 'object' };

/** One answer's bytes. A place is where a value begins in them. */
export interface Reading {
  kindAt(at: number): RawKind;
  /** The place behind the value. */
  skip(at: number): number;
  /** @param take gets each key and where its value begins, and says where it ended. @returns the place behind the object */
  eachMember(at: number, take: (key: string, valueAt: number) => number): number;
  eachElement(at: number, take: (valueAt: number, index: number) => number): number;
  /** Arrays with all that is in them; objects only as such. */
  rawAt(at: number): Raw;
  /** The value as JSON text in UTF-8: as it was sent where the answer is JSON. Valid as long as the answer's bytes. */
  jsonAt(at: number): Uint8Array;
  /** Reads an array of numbers; says what is wrong with it otherwise. */
  vectorAt(at: number, target: Float32Array): VectorFault | undefined;
}
