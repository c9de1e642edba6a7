/** One description of a job, for the CLI, old YAML files, our own job files and the library. Types only; zod checks are in `check.ts`. */
import type { WriteMode } from '../core/plan.ts';
import type { Secret } from './secret.ts';

export interface Milvus1xSource {
  readonly kind: 'milvus1x';
  /** The `db` folder (or the folder that holds it, or a meta.sqlite or meta.json in it). Absent: `tablesDir` and `meta` say all. */
  readonly path: string | undefined;
  /** Where the metadata is; absent: `meta.sqlite` in `path`, else `meta.json`. */
  readonly meta:
    | { readonly kind: 'sqlite'; readonly file: string }
    | { readonly kind: 'mysql'; readonly url: Secret }
    | { readonly kind: 'json'; readonly file: string }
    | undefined;
  /** The `tables` folder; absent: `tables` in `path`. */
  readonly tablesDir: string | undefined;
  readonly skipBadSegments: boolean;
  readonly ignoreUnflushed: boolean;
}

/** A folder that `dump` wrote, on this or another host: its manifests say what is in it. */
export interface DumpedSource {
  readonly kind: 'dumped';
  readonly dir: string;
  /** True: below `dir` the old tool's `migration/…` layout. */
  readonly oldLayout: boolean;
}

export type SourceConfig = Milvus1xSource | DumpedSource;

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
        /** The same folder as Milvus sees it. */
        readonly seenAs: string;
        /** True: below `dir` the old tool's `migration/…` layout. */
        readonly oldLayout: boolean;
        /** Whether they stay after a verified load. */
        readonly keep: boolean;
      }
    | undefined;
  readonly target: TargetConfig | undefined;

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
  readonly stateDir: string;
  readonly rejectFile: string | undefined;
  readonly fresh: boolean;
  readonly checkParts: boolean;
}

/** Which stages a command runs. */
export type JobStages = 'dump' | 'load' | 'all' | 'verify';
