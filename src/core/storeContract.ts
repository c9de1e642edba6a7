/**
 * The contract of a store: where files lie, how they are read and written, and what a crash may leave. Types only; a
 * driver implements `Store` and is entered in `stores/index.ts`.
 */

/** Where files are. Plain JSON that may be recorded and cross threads: never a secret. */
export type StoreConfig = LocalStoreConfig | ObjectStoreConfig;

export interface LocalStoreConfig {
  readonly scheme: 'file';
  /** Absolute folder. */
  readonly root: string;
}

export type ObjectScheme = 's3' | 'oss' | 'cos' | 'gs' | 'az';

export interface ObjectStoreConfig {
  readonly scheme: ObjectScheme;
  /** Bucket, or container of an Azure account. */
  readonly bucket: string;
  /** Prefix of all keys, without `/` at either end; `''`: the whole bucket. */
  readonly root: string;
  /** `host`, `host:port` or a URL; undefined: the cloud's own. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** undefined: what the endpoint says, else true. */
  readonly useSsl: boolean | undefined;
  /** undefined: the driver's choice (path style for S3 with an endpoint of its own, virtual hosts for OSS and COS). */
  readonly pathStyle: boolean | undefined;
  /** Credentials come from the machine's role (the SDK's default chain), not from keys. */
  readonly useIam: boolean;
  readonly iamEndpoint: string | undefined;
  /** Whether the bucket is looked for, and made where it is absent, before the first write (`checkBucket`). */
  readonly createBucket: boolean;
  /** Which entry of the run's `StoreSecrets` opens it. */
  readonly credentials: CredentialName;
  /** Megabytes (10^6) a second that one process moves at most, all its threads together; undefined: no limit. */
  readonly maxMbps: number | undefined;
}

export type CredentialName = 'source' | 'files';

/** In memory only: handed to the workers at their start, never recorded. Absent ones: the SDK's default chain. */
export interface StoreCredentials {
  /** Access key id, or the name of an Azure account. */
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** Azure: shared access signature, with or without `?`. */
  readonly sas?: string | undefined;
  /** Azure: connection string. */
  readonly connectionString?: string | undefined;
  /** Google: path of a service account's JSON file, or its contents. */
  readonly serviceAccount?: string | undefined;
}

export type StoreSecrets = Readonly<Partial<Record<CredentialName, StoreCredentials>>>;

/** Opens a store: handed to what may not import the stores' folder. */
export type OpenStore = (config: StoreConfig) => Promise<Store>;

export interface StoreStat {
  readonly size: number;
  /** ETag, generation, or for local files size and time of change: differs when the content may differ. */
  readonly version: string;
}

/** What whoever opens a file knows, or wants: it spares requests where each answer takes a round trip. */
export interface Opening {
  /**
   * What the file was when it was looked at before. A store where looking is a request opens that version unseen; that
   * it is not there any more, the first read says, as of one that changed while it was read. Others look, and give what
   * they found.
   */
  readonly known?: StoreStat;
  /** So many bytes from its start are read next in any case: they may come with the answer. */
  readonly first?: number;
}

/** A file open for reading: one version of it, whatever happens to its name meanwhile. */
export interface StoreFile extends StoreStat {
  /**
   * Exactly target.length bytes from `start`, or an error: a short read never passes, nor bytes of another version.
   * Several may be under way at once. The bytes go into `target` with at most one copy.
   */
  readInto(target: Uint8Array, start: number): Promise<void>;
  /**
   * Says that what is read from now on lies between these bytes and goes forward, by and large. A store may then ask for
   * all of it at once and let what is not wanted yet wait; reads that come otherwise than said are as good, and slower.
   */
  expect(start: number, end: number): void;
  close(): Promise<void>;
}

/**
 * Something that the service keeps under an id of its own until it is completed or aborted (a multipart upload, an
 * upload session). Recorded before its first byte is sent, so that a crash leaves nothing behind for ever.
 */
export interface Upload {
  /** Relative to the store's root. */
  readonly path: string;
  /** What `discard` needs; no secret. */
  readonly token: string;
}

/**
 * Has recorded the upload, durably, when its promise resolves. Called once more where the service gives its id only with
 * its answer: first with what finds the upload by its path, then with the id.
 */
export type RecordUpload = (upload: Upload) => Promise<void>;

/** What a store is good at: the stages adapt to it. */
export interface StoreTraits {
  /** Reads worth having under way at once per worker: 1 for local files, more where each has a latency. */
  readonly readsInFlight: number;
}

/**
 * Paths are relative to the store's root, with `/`, never absolute, never with `..`.
 *
 * What `stores/with/retry.ts` lives on, for every method here and of what these give back: a call that failed with
 * `retry: true` may be made again with the same arguments, and both together have the effect of one call. So a `write`
 * that failed so has taken none of its bytes (what was taken earlier and not yet sent is sent by the next call).
 */
export interface Store extends AsyncDisposable {
  readonly traits: StoreTraits;
  /** For messages: `/data/out/a/b`, `s3://bucket/prefix/a/b`. */
  describe(path: string): string;
  /** undefined: not there. Any other failure is an error. */
  stat(path: string): Promise<StoreStat | undefined>;
  /** undefined: not there. Any other failure is an error. It must be closed. */
  openFile(path: string, opening?: Opening): Promise<StoreFile | undefined>;
  /** Every file below the prefix, in no promised order. A prefix that is not there is empty. */
  list(prefix: string): AsyncIterable<{ readonly path: string; readonly size: number }>;
  /** Starts a group of files that become visible together, or not at all. */
  begin(dir: string, record: RecordUpload): Promise<StoreGroup>;
  /** One small file, whole or absent, replacing what was there. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Gives a committed folder another name. Where only `to` is there, it was done before: fine. */
  move(from: string, to: string): Promise<void>;
  /** Removes a file, or all files below a folder, and parents that became empty. Absent is fine. */
  remove(path: string): Promise<void>;
  /** Aborts an upload that a crashed run left. One that is gone or complete is fine. */
  discard(upload: Upload): Promise<void>;
  /**
   * Removes what a crashed run left unfinished directly below the prefix: groups never committed whose folder's name
   * holds `mark` (others may be at work in the same store). Returns how many. What was recorded is `discard`ed instead.
   */
  sweep(prefix: string, mark: string): Promise<number>;
  /** Free bytes for writing; undefined where the store has no such limit. */
  free(): Promise<number | undefined>;
}

/** Files of one part on their way into a folder of the store. */
export interface StoreGroup {
  /** Opens a file of the group. Several may be open at once. */
  create(name: string): Promise<StoreWriter>;
  /**
   * All files closed: makes them durable and visible under the folder's final names. In one step where the store can;
   * where it can't (objects), a crash in between leaves some of them: the part is unknown to the checkpoint then, and
   * is written again under the same names.
   */
  commit(): Promise<void>;
  /** Leaves nothing. May be called after a failed commit, and twice. */
  abort(): Promise<void>;
}

export interface StoreWriter {
  /**
   * Appends. The bytes may be reused once the promise resolves.
   * @param crc32 of the bytes, where it is known: a store whose service wants one need not compute it again
   */
  write(bytes: Uint8Array, crc32?: number): Promise<void>;
  /** Overwrites the first bytes (at most 64 KiB), once, before close: a header that is known last. */
  patchStart(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
