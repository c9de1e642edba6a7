/** What the Faiss source's main thread tells its readers, and what its partitions say. Types only. */
import type { Json, StoreConfig } from '../../core/contracts.ts';

/** A file of the source as the plan saw it. */
export interface PlannedFile {
  /** Relative to the store's root. */
  readonly path: string;
  readonly size: number;
  readonly version: string;
}

/** `ReaderConfig.detail` of this source. */
export interface ReaderDetail {
  readonly store: StoreConfig;
  readonly index: PlannedFile;
  /** On-disk lists: the file that holds the codes and ids; null: they are in the index itself. */
  readonly lists: PlannedFile | null;
  /** A packed `Recipe` (pack.ts). */
  readonly recipe: Json;
}

/**
 * `Partition.detail` of this source: rows from (entry, row) to just before (entry, row). Entries are those of the list
 * table; storage without lists is one entry.
 */
export interface RangeDetail {
  readonly fromEntry: number;
  readonly fromRow: number;
  readonly toEntry: number;
  readonly toRow: number;
  /** Rows that are stored there: fewer than the partition's where the index was deduplicated. */
  readonly stored: number;
}
