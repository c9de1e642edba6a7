/**
 * The contracts between the stages. Types only: a plug-in (source, store, encoder, target, checkpoint) implements one
 * of these and is entered in its folder's table (`index.ts`).
 *
 * What differs from a first sketch: a source has two faces, `Source` on the main thread (metadata, plan) and
 * `SourceReader` in the workers (bytes). A worker never needs the metadata, and opening it there would copy a SQLite
 * file or open a MySQL connection per thread.
 */
import type { PlannedDataset, SourceAsPlanned } from './asPlanned.ts';
import type { Batch } from './batch.ts';
import type { Note } from './note.ts';
import type { FieldFacts, IndexSpec, MetricType, Schema } from './schema.ts';
import type { StoreConfig } from './storeContract.ts';

export type * from './asPlanned.ts';
export type * from './note.ts';
export type * from './storeContract.ts';

/** JSON as it goes into partitions, checkpoints and across worker ports. Never a secret, never a vector. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

// ------------------------------------------------------------------------------------------------ slabs

export interface Slab {
  readonly index: number;
  readonly memory: SharedArrayBuffer;
}

/** The fixed memory of one worker. `acquire` waits until the consumer of an earlier batch gave its slab back. */
export interface SlabRing {
  readonly slabBytes: number;
  /** How many there are: who holds all of them waits for ever for another. */
  readonly slabs: number;
  acquire(): Slab;
  release(slab: Slab): void;
}

// ------------------------------------------------------------------------------------------------ source

/** One source collection: becomes one target collection, or a share of one (`--merge`). */
export interface Dataset {
  readonly name: string;
  readonly schema: Schema;
  /** Rows that will be read (live ones), exact where the source can know it, and whether it is. */
  readonly rows: number;
  readonly rowsExact: boolean;
  readonly deleted: number;
  /** Bytes of the live rows (ids and vectors). */
  readonly bytes: number;
  /** The source's own partitions with their tags; `''` is the default one, which every dataset has. */
  readonly milvusPartitions: readonly string[];
  /** The index the source had on it, translated to Milvus 2.x; undefined: none known. */
  readonly index: IndexSpec | undefined;
  /**
   * Whether fields bear the source's own names (documents): then only a name that the user gave replaces that of the key
   * or of the first vector. Absent: the key and the vector get the names that the configuration says.
   */
  readonly ownNames?: boolean | undefined;
  /** Set where an exact metric is not to be had in every server: tried first, before `schema.metric`. */
  readonly preferredMetric: MetricType | undefined;
  /** What the target collection's description is to say of it («decoded from IVF-PQ, lossy»); undefined: nothing special. */
  readonly description?: string | undefined;
  /** Whether its ids are what somebody stored, so that some may occur twice or be negative: then they are looked through. */
  readonly storedIds?: boolean | undefined;
  readonly notes: readonly Note[];
  /** Segments left out by `--skip-bad-segments`. */
  readonly skipped: readonly SkippedSegment[];
  /** What the data looked like, one entry per thing that can change (segment → sizes, times): compared at a resume. */
  readonly fingerprint: Readonly<Record<string, string>>;
}

export interface SkippedSegment {
  readonly milvusPartition: string;
  readonly segment: string;
  /** Rows that the metadata promised; undefined where it does not say. */
  readonly rows: number | undefined;
  readonly reason: string;
}

export interface PlanHint {
  /** Aim for partitions of this many bytes of live rows. */
  readonly partBytes: number;
  /** Threads that will read them: a source that makes for less than a part each is cut so that all have work. Absent: 1. */
  readonly threads?: number | undefined;
}

/** Unit of work, of retry and of checkpoint. Plain JSON, a stable id made from what it covers. */
export interface Partition {
  /** Letters, digits, `-` and `_`; unique in its job; the same for the same ranges of the same source. */
  readonly id: string;
  /** Name of the dataset. */
  readonly dataset: string;
  /** Tag of the source's own partition, `''` for the default one. */
  readonly milvusPartition: string;
  /** Live rows, before transforms. */
  readonly rows: number;
  /** Rows the source leaves out because they are deleted. */
  readonly deleted: number;
  /** Bytes of the live rows. */
  readonly bytes: number;
  /** What the source's reader needs to read it. */
  readonly detail: Json;
}

export interface Source extends AsyncDisposable {
  readonly kind: string;
  /** One line for people: «Milvus 1.x, SQLite metadata». */
  readonly title: string;
  /** What identifies the source, without secrets: resolved path, bucket and prefix, host and database. Part of the job's identity. */
  readonly locator: string;
  /** What the workers' reader needs. */
  readonly reader: ReaderConfig;
  readonly notes: readonly Note[];
  /** What it is read from: a job's files are not to be written there. Absent: no folder that files could get into. */
  readonly folders?: readonly StoreConfig[];
  /**
   * The plan of this source was frozen in a job: what it holds open on the other side for its readers (snapshots of a
   * server) must outlive it. Else disposing it closes that.
   */
  adopted(): void;
  /** All datasets that the selection names, in a stable order. Headers only, never vectors. Called once. */
  datasets(): Promise<readonly Dataset[]>;
  /** The dataset's partitions in a stable order; together they cover each live row exactly once. */
  plan(dataset: Dataset, hint: PlanHint): AsyncIterable<Partition>;
  /**
   * In place of `datasets()` and `plan()`, for a job that was planned earlier (by dataset): without what came since and
   * changes nothing of what the plan stands on. Absent: whatever comes to such a source makes it another.
   */
  asPlanned?(planned: ReadonlyMap<string, PlannedDataset>): Promise<SourceAsPlanned>;
}

/** In memory only: what a source's readers log in with, by names of that source's own. Handed to the workers at their start. */
export type SourceSecrets = Readonly<Record<string, string>>;

export interface ReaderConfig {
  /** Key in `sources/index.ts`. */
  readonly kind: string;
  readonly detail: Json;
  /** Read-only tables (codebooks, lists) that main laid out once and all workers look into, by name. */
  readonly shared?: Readonly<Record<string, SharedArrayBuffer>>;
  /** `readKeys` can be much faster where it need not be exact. */
  readonly roughKeys?: boolean;
}

export interface SourceReader extends AsyncDisposable {
  /**
   * The partition's live rows. May run again after a failure: same rows, same order, whatever the slab size.
   * @param dropped live rows to leave out as duplicates
   */
  read(partition: Partition, schema: Schema, slabs: SlabRing, dropped?: DroppedRows): AsyncIterable<Batch>;
  /** As `read`, primary keys only, in one column: for the search for duplicates. */
  readKeys(partition: Partition, schema: Schema, slabs: SlabRing, how: KeyReading): AsyncIterable<KeyBatch>;
}

/**
 * `roughly`: by what the source has ready, where its reader has `roughKeys`. Then keys may be missing, or be those of rows
 * that are refused when they are read; but two rows of one key never show two. As many keys as rows, all of them
 * different: so are the rows'.
 */
export type KeyReading = 'exactly' | 'roughly';

/** Rows of a partition to leave out, as ordinals among its live rows, ascending. */
export interface DroppedRows {
  /** Ordinals of live rows (0 = the partition's first live row), ascending, without duplicates. */
  ordinals(): Iterator<number>;
}

export interface KeyBatch {
  /** Ordinal among the partition's live rows of the first key. */
  readonly first: number;
  /** By the type of the primary key: Int64, or VarChar. */
  readonly keys: BigInt64Array | readonly string[];
}

/** A primary key: of Int64, or of VarChar. */
export type Key = bigint | string;

// ------------------------------------------------------------------------------------------------ encoder, parts

export interface PartFile {
  readonly name: string;
  readonly bytes: number;
  /** CRC-32 (zlib) of the whole file. */
  readonly crc32: number;
}

/** A primary key and hashes of its row's values, recorded while reading so that verification needs no files. */
export interface Sample {
  /** Decimal digits, or the text of a VarChar. */
  readonly key: string;
  /**
   * One hash for each field but the primary key, in the schema's order, joined by dots: the first 16 bytes of SHA-256 of
   * the value's canonical bytes (`core/canonical.ts`), in hex; `-` for a null.
   */
  readonly hash: string;
}

export interface NonFiniteRow {
  readonly segment: string;
  readonly key: string;
  /** Absent: NaN or infinity in a vector, a Float or a Double. */
  readonly reason?: string | undefined;
}

/** What reading one partition came to. */
export interface ReadStats {
  /** Rows of the source that were looked at. */
  readonly read: number;
  readonly deleted: number;
  /** Duplicates left out (`--on-duplicate first`). */
  readonly dropped: number;
  /** Left out by a filter. Absent: none. */
  readonly filtered?: number | undefined;
  /** Rows that Milvus would refuse (NaN, infinity, values that no field takes) that went to the reject file instead. */
  readonly rejected: number;
  /** Rows with NaN or infinity that are still in the files, because nobody said what to do with them. */
  readonly nonFinite: number;
  /** Rows that can't be in any file, and nobody said what to do with them. Absent: none. */
  readonly refused?: number | undefined;
  /** The first of the rejected, non-finite or refused rows. */
  readonly firstNonFinite: readonly NonFiniteRow[];
  /** Values changed on the way, as named counts: «title: text cut» → 3. Absent: none. */
  readonly changes?: Readonly<Record<string, number>> | undefined;
  /** Where it was asked for: the longest text of each VarChar, in bytes. */
  readonly longest?: Readonly<Record<string, number>> | undefined;
  /** Read without the snapshot that it was planned from, which is gone. Absent: false. */
  readonly withoutSnapshot?: boolean | undefined;
  /** read − deleted − dropped − filtered − rejected − refused. */
  readonly rows: number;
  /** CRC-32 per column of the rows as emitted: a second read of the source must give the same. */
  readonly columnCrc: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
}

/** A set of files that a partition became: whole or absent. Without files where rows are streamed instead. */
export interface Part extends ReadStats {
  readonly partition: string;
  /** Folder below the store's root; `''` where there are no files. */
  readonly dir: string;
  readonly files: readonly PartFile[];
  readonly bytes: number;
  /** Milliseconds of work. */
  readonly ms: number;
}

/** Turns batches into files of one group. */
export interface Encoder {
  write(batch: Batch): Promise<void>;
  /** Finishes the files (the group is not committed) and says what they are. */
  close(): Promise<Encoded>;
}

export interface Encoded {
  readonly files: readonly PartFile[];
  /** CRC-32 per column of the rows as they came, without any header. */
  readonly columnCrc: Readonly<Record<string, number>>;
}

// ------------------------------------------------------------------------------------------------ target

export interface ServerFacts {
  /** «Milvus», «milvus-lite», … as far as it can be told. */
  readonly product: string;
  /** «2.3.5»; `unknown` where it does not say. */
  readonly version: string;
  /** host:port, without user or password. */
  readonly address: string;
  readonly database: string;
  readonly user: string | undefined;
  /** Whether bulk insert is there (a reply with a status). */
  readonly bulkInsert: boolean;
  /** Whether fields other than vectors may have no value (2.5 and newer). */
  readonly nullable: boolean;
  /** Whether a collection may have more than one vector field (2.4 and newer). */
  readonly severalVectors: boolean;
  /** The file format that its import takes best for rows that are not of fixed width. */
  readonly documentFormat: 'parquet' | 'json';
  readonly maxDim: number;
  readonly maxPartitions: number;
  /** Bytes of one import file. */
  readonly maxFileBytes: number;
}

export interface CollectionSpec {
  readonly name: string;
  readonly schema: Schema;
  readonly description: string;
  readonly dynamicField: boolean;
  readonly shards: number | undefined;
  readonly consistencyLevel: string | undefined;
}

export interface CollectionFacts {
  /** Decimal digits. */
  readonly id: string;
  readonly name: string;
  readonly fields: readonly FieldFacts[];
  readonly dynamicField: boolean;
  /** Partition names, `_default` included. */
  readonly milvusPartitions: readonly string[];
  /** Rows by the server's statistics: counts upserted rows twice; exact enough for «is it empty». */
  readonly statisticRows: number;
  readonly loaded: boolean;
  readonly indexes: readonly { readonly field: string; readonly type: string; readonly metric: string }[];
}

export type ImportState = 'pending' | 'running' | 'completed' | 'failed';

export interface ImportTask {
  readonly id: string;
  readonly state: ImportState;
  readonly rows: number;
  readonly files: readonly string[];
  readonly percent: number;
  /** The server's reason, where it failed. */
  readonly reason: string;
}

/** How a batch that may or may not have arrived is told from one that surely did not. */
export type InsertOutcome =
  | { readonly kind: 'done' }
  /** The server said no, nothing was stored: too large, rate limit. `smaller`: send less at a time. */
  | { readonly kind: 'refused'; readonly smaller: boolean; readonly reason: string }
  /** The connection broke or timed out: it may be there. */
  | { readonly kind: 'doubt'; readonly reason: string };

/**
 * A Milvus 2.x. Thin: each method is one thing asked of the server, with its errors mapped (unreachable, refused,
 * unknown); what is done in which order, and what a crash in between means, stands in `run/`.
 */
export interface Target extends AsyncDisposable {
  facts(): Promise<ServerFacts>;
  /** Whether the server's own parts have found each other: after a restart they need a while. True where it can't be asked. */
  healthy(): Promise<boolean>;
  createDatabaseIfAbsent(): Promise<void>;
  /** undefined: no such collection. */
  describe(collection: string): Promise<CollectionFacts | undefined>;
  create(spec: CollectionSpec): Promise<CollectionFacts>;
  createMilvusPartition(collection: string, milvusPartition: string): Promise<void>;
  /** Drops it if it still has that id; absent is fine. */
  drop(collection: string, id: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** The aliases of `from` stand for `to` from then on, each at once. Returns them; of a collection that is not there, none. */
  moveAliases(from: string, to: string): Promise<readonly string[]>;

  /** Hands files to the server. Never repeated by itself: a lost answer is an error with `retry: true` and the caller looks for the task. */
  submitImport(collection: string, milvusPartition: string, files: readonly string[]): Promise<string>;
  /** All tasks of the collection that the server remembers, newest state. */
  listImports(collection: string): Promise<readonly ImportTask[]>;
  /** undefined: the server does not know it (any more). */
  importTask(id: string): Promise<ImportTask | undefined>;

  /** Sends rows; never repeats by itself. Columns go to the wire as they lie in memory. */
  insert(
    collection: string,
    milvusPartition: string,
    schema: Schema,
    batch: Batch,
    how: 'insert' | 'upsert',
  ): Promise<InsertOutcome>;
  flush(collection: string): Promise<void>;

  /** Builds the index on `field` and waits until it is there. Does nothing if the field has one. */
  createIndex(collection: string, field: string, index: IndexSpec, metric: MetricType): Promise<void>;
  load(collection: string): Promise<void>;
  release(collection: string): Promise<void>;

  /** Exact count(*), strongly consistent, of a loaded collection. */
  count(collection: string, milvusPartition?: string): Promise<bigint>;
  /** Exact count of rows whose primary key is one of `keys` (duplicates count each), strongly consistent. */
  countKeys(collection: string, keyField: string, keys: readonly Key[], milvusPartition?: string): Promise<bigint>;
  /** Rows by statistics (collection need not be loaded). */
  statistics(collection: string, milvusPartition?: string): Promise<number>;
  /**
   * Rows by primary key (digits, or the text): for each field of `schema` but the key, in its order, the value's canonical
   * bytes (`core/canonical.ts`), null where it has none. A key that is not there is not in the map. Of duplicate keys
   * one comes. Strongly consistent.
   */
  rows(
    collection: string,
    schema: Schema,
    keys: readonly Key[],
    milvusPartition?: string,
  ): Promise<Map<string, readonly (Uint8Array | null)[]>>;
}
