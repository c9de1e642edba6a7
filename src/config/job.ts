/** One description of a job, for the CLI, old YAML files, our own job files and the library. Types only; zod checks are in `check.ts`. */
import type { Json, ObjectStoreConfig } from '../core/contracts.ts';
import type { FileFormat, WriteMode } from '../core/plan.ts';
import type { MetricType } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import type { ElasticsearchSource } from './elasticsearch.ts';
import type { Secret } from './secret.ts';

export type { ElasticsearchSource };

export interface Milvus1xSource {
  readonly kind: 'milvus1x';
  /** Bucket that holds it; then `path`, `tablesDir` and the file of `meta` are keys relative to the store's root (`''`: the root). */
  readonly store: ObjectStoreConfig | undefined;
  /** The `db` folder (or the folder that holds it, or a meta.sqlite or meta.json in it). Absent: `tablesDir` and `meta` say all. */
  readonly path: string | undefined;
  /** Where the metadata is; absent: `meta.sqlite` in `path`, else `meta.json`. */
  readonly meta:
    | { readonly kind: 'sqlite'; readonly file: string; readonly store?: MetaStore }
    | { readonly kind: 'mysql'; readonly url: Secret }
    | { readonly kind: 'json'; readonly file: string; readonly store?: MetaStore }
    | undefined;
  /** The `tables` folder; absent: `tables` in `path`. */
  readonly tablesDir: string | undefined;
  readonly skipBadSegments: boolean;
  readonly ignoreUnflushed: boolean;
}

/**
 * Where a file of metadata lies that is not where the data is: `local`, a file of this host; or a bucket, and `file` is a
 * key relative to that store's root. Absent: beside the data, in the source's `store` or on this host.
 */
export type MetaStore = ObjectStoreConfig | 'local' | undefined;

/** One Faiss index file. */
export interface FaissSource {
  readonly kind: 'faiss';
  /** Bucket that holds it; then `path` is a key relative to the store's root. */
  readonly store: ObjectStoreConfig | undefined;
  /** The file, absolute where it is local. */
  readonly path: string;
  /** Name of its collection; undefined: made from the file's name. */
  readonly collection: string | undefined;
  /** What the old config says that it has; an index that has not is refused. */
  readonly dim: number | undefined;
  /** Milvus's metric, where the user chose one; undefined: the index's own. */
  readonly metric: MetricType | undefined;
  /** Whether vectors stay in the space behind the index's transforms (PCA, OPQ, …) instead of being turned back. */
  readonly keepTransformed: boolean;
  /** Whether the sign sketches of RaBitQ may be taken for vectors. */
  readonly allowSketch: boolean;
  /** Whether bytes behind the index's end are an error. */
  readonly strict: boolean;
}

/** A folder that `dump` wrote, on this or another host: its manifests say what is in it. */
export interface DumpedSource {
  readonly kind: 'dumped';
  readonly dir: string;
  /** True: below `dir` the old tool's `migration/…` layout. */
  readonly oldLayout: boolean;
  /** Bucket that holds it; then `dir` is for messages only. */
  readonly store: ObjectStoreConfig | undefined;
}

/** A source of the user's own: a module with `openSource` and `openReader` (docs/source-plugins.md). */
export interface PluginSource {
  readonly kind: 'plugin';
  readonly store: undefined;
  /** Absolute path or URL of a module, or the name of a package. */
  readonly module: string;
  /** What it is opened with: plain, without secrets. */
  readonly options: Json;
  /** What follows its name on the command line (`plugin:./my.js:WHERE`), or undefined. */
  readonly where: string | undefined;
}

export type SourceConfig = Milvus1xSource | FaissSource | DumpedSource | ElasticsearchSource | PluginSource;

export interface TargetConfig {
  /** `http://host:19530`, `https://…`, `host:19530`. Never with credentials: those are moved to `user`, `password`. */
  readonly endpoint: string;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  readonly token: Secret | undefined;
  readonly database: string | undefined;
}

export interface MergeConfig {
  /** `collection` or `collection/partition` names in the source. */
  readonly inputs: readonly string[];
  readonly into: string;
}

export type IndexChoice =
  /** From the index that the source had; FLAT-like where it had none. */
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'given'; readonly type: string; readonly params: Readonly<Record<string, number>> };

export interface JobConfig {
  readonly source: SourceConfig;
  /** Collections to take, by source name; undefined: all. */
  readonly collections: readonly string[] | undefined;
  readonly merge: readonly MergeConfig[];
  readonly onDuplicate: 'fail' | 'keep-all' | 'first';
  /** New name of the target collection where exactly one is moved (`-t`, `meta.milvus.collection`). */
  readonly targetName: string | undefined;

  /** Folder that the files go to: `--staging`, `--out`, or `target.local.outputDir`. Absent: rows are streamed. */
  readonly files:
    | {
        readonly dir: string;
        /** Bucket for them; then `dir` is its URL, for messages. */
        readonly store: ObjectStoreConfig | undefined;
        /**
         * The same folder as Milvus sees it. For a bucket: the key prefix below which Milvus finds the files in its own
         * bucket (the store's root, unless Milvus sees the bucket otherwise).
         */
        readonly seenAs: string;
        /** True: below `dir` the old tool's `migration/…` layout. */
        readonly oldLayout: boolean;
        /** Whether they stay after a verified load. */
        readonly keep: boolean;
      }
    | undefined;
  readonly target: TargetConfig | undefined;

  /** What rows pass between source and target, in this order. */
  readonly transforms: readonly TransformStep[];
  /** Format of the files; undefined: NumPy for rows of fixed width, else what the target's import takes best. */
  readonly format: FileFormat | undefined;

  readonly idField: string;
  readonly vectorField: string;
  readonly dynamicField: boolean;
  readonly shards: number | undefined;
  readonly consistencyLevel: string | undefined;
  readonly mode: WriteMode;
  /** Whether the user said `append`: only then is a filled collection added to. */
  readonly modeGiven: boolean;
  readonly index: IndexChoice;
  readonly loadCollection: boolean;
  /** `auto`: samples where the collection is loaded, else counts only. */
  readonly verify: 'auto' | 'sample' | 'full' | 'counts' | 'none';

  readonly threads: number;
  readonly partBytes: number;
  readonly loadTasks: number;
  /** Folder for what a run keeps on this host: the SQLite checkpoint (unless `state` says another), keys, rejects, logs. */
  readonly stateDir: string;
  /** `mysql://…` of a checkpoint in a database; undefined: SQLite in `stateDir`. */
  readonly state: Secret | undefined;
  /** JSON of a `StoreCredentials` each: what opens the stores of the source and of the files. */
  readonly credentials: { readonly source: Secret | undefined; readonly files: Secret | undefined };
  readonly rejectFile: string | undefined;
  readonly fresh: boolean;
  readonly checkParts: boolean;
}

/** Which stages a command runs. */
export type JobStages = 'dump' | 'load' | 'all' | 'verify';
