/** What main asks of a worker, and what comes back. Plain data: it crosses a port. Types only. */
import type { MessagePort } from 'node:worker_threads';
import type {
  KeyReading,
  NonFiniteRow,
  Part,
  Partition,
  ReaderConfig,
  Sample,
  SourceSecrets,
  StoreConfig,
  StoreSecrets,
} from '../../core/contracts.ts';
import type { PlainError } from '../../core/errors.ts';
import type { FileFormat } from '../../core/plan.ts';
import type { Schema } from '../../core/schema.ts';
import type { TransformStep } from '../../core/transformSteps.ts';
import type { ModulePaths } from '../places/foreseen.ts';
import type { RingMemory, RingSize } from './slabs.ts';

/** What every task needs to read a partition. */
export interface ReadTask {
  readonly reader: ReaderConfig;
  readonly partition: Partition;
  /** Of the rows after all steps. */
  readonly schema: Schema;
  /** What the reader emits. */
  readonly sourceSchema: Schema;
  /** From `sourceSchema` to `schema`. */
  readonly steps: readonly TransformStep[];
  /** File with the ordinals of the live rows to leave out as duplicates. */
  readonly droppedFile: string | undefined;
  /** Whether rows with NaN or infinity are taken out. */
  readonly rejectNonFinite: boolean;
}

/** Bits for ids 0 … count − 1, shared by all tasks; count is below 2^32. */
export interface IdBits {
  readonly bits: SharedArrayBuffer;
  readonly count: number;
}

/** Of `keys` ids, how many were none of 0 … count − 1, or had their bit set already. */
export interface Marked {
  readonly odd: number;
  readonly keys: number;
}

/** Reads a partition into files, or (without `store`) through to checksums and samples. */
export interface DumpTask extends ReadTask {
  readonly kind: 'dump';
  readonly store: StoreConfig | undefined;
  /** Where uploads are told to main before their first byte; undefined: the store has none. */
  readonly uploads: MessagePort | undefined;
  readonly format: FileFormat;
  readonly dir: string;
  readonly samples: number;
  /** Whether texts are measured. Absent: no. */
  readonly measure?: boolean;
  /** Name of the source collection, for the reject file. */
  readonly collection: string;
  /** Where rejected rows go; undefined: nowhere (`rejectNonFinite` is false). */
  readonly rejectFile: string | undefined;
  /** Where the bit of each id that passes is set. Absent: nowhere. */
  readonly marks?: IdBits | undefined;
}

/** Sends the rows of a partition through `port`, as views into slabs, from row `first` on. */
export interface StreamTask extends ReadTask {
  readonly kind: 'stream';
  readonly first: number;
  readonly port: MessagePort;
}

/** Writes the primary keys of a partition as one sorted run, for the external sort. */
export interface KeysTask extends ReadTask {
  readonly kind: 'keys';
  readonly how: KeyReading;
  readonly ordinal: number;
  readonly file: string;
}

/** Sets the bit of each primary key of a partition. */
export interface MarksTask extends ReadTask, IdBits {
  readonly kind: 'marks';
  readonly how: KeyReading;
}

/** Finds the rows of a partition whose primary key is one of `keys`. */
export interface LookupTask extends ReadTask {
  readonly kind: 'lookup';
  readonly keys: BigInt64Array | readonly string[];
  /** For each key, of rows with which values it is asked whether they are there; undefined: only how often keys occur. */
  readonly hashes: readonly (readonly string[])[] | undefined;
}

export type WorkerTask = DumpTask | StreamTask | KeysTask | MarksTask | LookupTask;

export interface WorkerResults {
  /** `marked`: with `marks`. */
  dump: { readonly part: Part; readonly marked: Marked | undefined };
  /** `refused`: rows that were left out because they could not be rows; `named`: the first of them. */
  stream: { readonly rows: number; readonly refused: number; readonly named: readonly NonFiniteRow[] };
  keys: { readonly runs: readonly string[] };
  marks: Marked;
  /** `rows`: how many have one of the keys; `matches`: keys found with each of their hashes, each once. */
  lookup: { readonly rows: number; readonly matches: readonly Sample[] };
}

export type WorkerReply<K extends keyof WorkerResults> =
  | { readonly ok: true; readonly value: WorkerResults[K] }
  | { readonly ok: false; readonly error: PlainError };

/** First message of a stream: the memory; then batches; `end` when all rows were handed over. */
export type StreamMessage =
  | { readonly kind: 'ring'; readonly memory: RingMemory }
  | {
      readonly kind: 'batch';
      readonly slab: number;
      /** Ordinal of its first row among the partition's emitted rows. */
      readonly first: number;
      readonly rows: number;
      readonly origin: string;
      readonly withoutSnapshot: boolean;
      readonly columns: readonly SentColumn[];
    }
  | { readonly kind: 'end' };

/** A column in shared memory. */
export interface SentColumn {
  readonly field: string;
  readonly rowBytes: number;
  readonly bytes: SentView;
  readonly offsets: SentView | undefined;
  readonly nulls: SentView | undefined;
}

export interface SentView {
  /** The memory it lies in, where that is not the slab. */
  readonly memory: SharedArrayBuffer | undefined;
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
}

/** What a worker is started with. The secrets are nowhere else: in no task, no record, no argument. */
export interface WorkerStart {
  readonly secrets: StoreSecrets;
  readonly sourceSecrets: SourceSecrets;
  /** Of the slabs that it reads into. */
  readonly ring: RingSize;
  /** Whether any of its stores is a bucket. */
  readonly remote: boolean;
  /** What its tasks will import, as far as it is known: loaded while the source is planned. */
  readonly foreseen: ModulePaths;
}

/** Memory that all threads of a run share. */
export interface SharedState {
  /** int32: 1 when the run is to stop. */
  readonly abort: SharedArrayBuffer;
  /** int32: how many workers have loaded their modules. */
  readonly ready: SharedArrayBuffer;
  /** int64 [bytes, rows] read since the run began. */
  readonly counters: SharedArrayBuffer;
}
