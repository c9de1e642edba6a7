/** What a source of the user's own is written against: exported by the library. Types only. */
import type { Batch } from '../../core/batch.ts';
import type {
  Dataset,
  DroppedRows,
  Json,
  KeyBatch,
  Note,
  OpenStore,
  Partition,
  PlanHint,
  SlabRing,
  SourceReader,
} from '../../core/contracts.ts';
import type { Field, Schema } from '../../core/schema.ts';

/** What `openSource` gets besides its place and its options. */
export interface SourcePluginContext {
  /** Names of the collections that the user chose; undefined: all. */
  readonly collections: readonly string[] | undefined;
  /** Opens a folder or a bucket. */
  readonly openStore: OpenStore;
}

/**
 * A row by field name. Bool: a boolean. Int8, Int16, Int32: a whole number. Int64: a bigint, or a number within 2^53.
 * Float, Double: a number. VarChar: a string. JSON: null, booleans, finite numbers, bigints, strings, arrays, plain objects,
 * and what has a toJSON. Array: an array of values of its element. FloatVector: a Float32Array or an array of numbers.
 * BinaryVector: its bytes, a Uint8Array or an array of numbers. null or undefined: no value.
 */
export type PluginRow = Readonly<Record<string, unknown>>;

export type PluginRows = AsyncIterable<PluginRow> | Iterable<PluginRow>;

export interface BatchesOptions {
  readonly schema: Schema;
  readonly slabs: SlabRing;
  /** What the reader was given as `dropped`. */
  readonly dropped: DroppedRows | undefined;
  /** What the rows are, for messages: a file name. */
  readonly origin: string;
}

/** What `openReader` gets besides its detail. */
export interface ReaderPluginContext {
  readonly openStore: OpenStore;
  /** What the source laid out once for all threads (`source.reader.shared`). */
  readonly shared: Readonly<Record<string, SharedArrayBuffer>>;
  /**
   * Rows as batches in slabs. A value that its field does not take refuses the row with the reason; nothing is lost or
   * changed on the way.
   */
  batches(rows: PluginRows, options: BatchesOptions): AsyncIterable<Batch>;
  /** The keys of the same rows, for `readKeys`. */
  keys(rows: PluginRows, schema: Schema): AsyncIterable<KeyBatch>;
}

/** A schema in which what goes without saying may be left out: `dim` of scalars, `primaryKey` of all but one, the metric (L2). */
export interface PluginSchema {
  readonly fields: readonly (Pick<Field, 'name' | 'type'> & Partial<Field>)[];
  readonly metric?: Schema['metric'];
}

/**
 * What is left out is: rows not exact, none deleted, one partition of its own, no index, fields under their own names,
 * ids that may occur twice, nothing to compare at a resume.
 */
export type PluginDataset = Pick<Dataset, 'name' | 'rows' | 'bytes'> &
  Partial<Omit<Dataset, 'name' | 'rows' | 'bytes' | 'schema'>> & { readonly schema: PluginSchema };

export type PluginPartition = Pick<Partition, 'id' | 'rows' | 'bytes'> &
  Partial<Omit<Partition, 'id' | 'rows' | 'bytes' | 'dataset'>>;

/** A `Source` in which what goes without saying may be left out. */
export interface OpenedSource extends Partial<AsyncDisposable> {
  /** One line for people. */
  readonly title: string;
  /** What makes it this source and no other, without secrets: part of the job's identity. */
  readonly locator: string;
  /** `detail`: what the workers' reader needs, plain, recorded. `shared`: tables that all threads look into. */
  readonly reader?: { readonly detail?: Json; readonly shared?: Readonly<Record<string, SharedArrayBuffer>> };
  readonly notes?: readonly Note[];
  /** See `Source.adopted`. */
  adopted?(): void;
  /** All that the selection names, in a stable order. Called once. */
  datasets(): Promise<readonly PluginDataset[]> | readonly PluginDataset[];
  /** In a stable order; together they cover each row exactly once. */
  plan(dataset: Dataset, hint: PlanHint): AsyncIterable<PluginPartition>;
}

export type PluginReader = Pick<SourceReader, 'read' | 'readKeys'> & Partial<AsyncDisposable>;

/** What the module of a source exports. */
export interface SourcePlugin {
  /**
   * Main thread: metadata and plan.
   * @param where what follows the module's name on the command line
   * @param options what the configuration says; plain, recorded, no secrets
   */
  openSource(
    where: string | undefined,
    options: Json,
    context: SourcePluginContext,
  ): Promise<OpenedSource> | OpenedSource;
  /**
   * In each worker: bytes.
   * @param detail what the source says in `reader.detail`
   */
  openReader(detail: Json, context: ReaderPluginContext): Promise<PluginReader> | PluginReader;
}
