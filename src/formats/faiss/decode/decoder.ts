/** What all decoders of Faiss codes have in common: bytes in, rows out, nothing read and nothing kept. */
import type { Centroids, TableRef, Transform } from '../model.ts';

export type Table = Float32Array | Uint8Array | Int32Array | BigInt64Array;

/** Where a decoder finds what it needs besides codes: views of memory that the workers share, never changed. */
export interface Lookup {
  /** The contents of a table in the file, `count` values of its type. */
  table(ref: TableRef): Table;
  /** Decoded vectors of a coarse quantiser, f32 [count][d]. Not asked where `recipe` is a multi-index. */
  centroids(centroids: Centroids): Float32Array;
  /** What `invertLinear` gave for this transform, when it was called beforehand; undefined: it is called again. */
  inverse?(transform: Transform & { kind: 'linear' }): Float64Array | undefined;
}

/** Rows that lie one after another in codes. */
export interface CodeRange {
  /** Whole records; or whole blocks, for codecs that have blocks. */
  readonly codes: Uint8Array;
  /** Where they begin in their file, for messages; undefined: 0. */
  readonly codesAt?: number | undefined;
  /** The first row wanted, counted from where `codes` starts. */
  readonly first: number;
  readonly rows: number;
  /** The list that they are in; 0 where there are no lists. */
  readonly list: number;
  /** Codes of the second quantiser (codec `refined`), a record for each row in `codes`. */
  readonly second?: Uint8Array | undefined;
}

/** Decodes `rows` rows into the front of `out`, f32 [rows][d]. */
export type DecodeFloats = (range: CodeRange, out: Float32Array) => void;
