/** What Milvus 1.x's metadata says, whichever way it is stored. Types only. */
import type { Note } from '../../core/contracts.ts';

export interface Milvus1xModel {
  /** Live collections, in the order in which they were made. */
  readonly collections: readonly CollectionMeta[];
  readonly orphans: readonly Orphan[];
  /** `Environment.global_lsn`; undefined where the metadata has no flush positions. */
  readonly globalLsn: bigint | undefined;
  /** Table ids, with the segments that any row names, dead ones too. undefined: the metadata names live ones only. */
  readonly named: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** About the metadata as a whole. */
  readonly notes: readonly Note[];
}

/** Live rows of the metadata that no collection leads to: what they stand for would be lost without a word. */
export interface Orphan {
  readonly tableId: string;
  /** A partition whose owner is no collection; undefined: segments of a table that has no row. */
  readonly partition: { readonly tag: string; readonly owner: string } | undefined;
  /** Live segments. */
  readonly segments: number;
  /** Their rows, as far as the metadata says. */
  readonly rows: number;
}

export interface CollectionMeta {
  readonly name: string;
  /** As it stands in the metadata: not yet checked. */
  readonly dim: bigint;
  readonly metric: bigint;
  /** `Tables.engine_type`, or that of its built index where the former says none. */
  readonly engineType: number | undefined;
  /** JSON text. */
  readonly indexParams: string;
  /** The default partition first: the collection's own segments. */
  readonly partitions: readonly PartitionMeta[];
  /** Names of what its rows have besides ids and vectors: only hybrid collections of 0.9 and 0.10 have any. */
  readonly attributes: readonly string[];
  readonly notes: readonly Note[];
}

export interface PartitionMeta {
  /** `''` for the default one. */
  readonly tag: string;
  /** Its folder below `tables`. */
  readonly tableId: string;
  readonly flushLsn: bigint | undefined;
  readonly segments: readonly SegmentMeta[];
}

/** A live segment. Counts are what the metadata says, undefined where it does not. */
export interface SegmentMeta {
  readonly segment: string;
  /** Live rows. */
  readonly rows: number | undefined;
  /** Bytes of ids and vectors. */
  readonly fileSize: number | undefined;
}
