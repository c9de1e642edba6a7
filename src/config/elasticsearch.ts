/** What an Elasticsearch source is opened with. Types only; no secret is in `ElasticAccess`, which workers get as JSON. */
import type { Secret } from './secret.ts';

/** Where a cluster is and how to trust it. */
export interface ElasticAccess {
  /** `https://host:9200`, several nodes of one cluster; without user and password. Empty where `cloudId` says it. */
  readonly urls: readonly string[];
  readonly cloudId: string | undefined;
  /** File of the certificates (PEM) of who signed the server's; undefined: those of the system. */
  readonly caFile: string | undefined;
  /** SHA-256 of the signer's certificate in hex, with or without colons, as Elasticsearch prints it at its first start. */
  readonly caFingerprint: string | undefined;
  /** False only where the user said so: then anybody may stand in for the server. */
  readonly verifyTls: boolean;
  /** Milliseconds that an answer may take to begin, and pause. */
  readonly timeoutMs: number;
}

export type ElasticCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: Secret }
  /** Base64 of `id:key`, as Elasticsearch gives it (`encoded`). */
  | { readonly kind: 'apiKey'; readonly key: Secret }
  | { readonly kind: 'serviceToken'; readonly token: Secret };

/** An entry of `meta.fields` in an old configuration, or of ours. */
export interface DeclaredField {
  /** Dotted path in the documents, or `_id`. */
  readonly name: string;
  /** Elasticsearch's name of the type; undefined: what the mapping says. */
  readonly type: string | undefined;
  readonly pk: boolean;
  /** VarChar: bytes of UTF-8. */
  readonly maxLen: number | undefined;
  readonly dims: number | undefined;
  /** Whether documents have several values in it: then it becomes an Array (of at most `maxCapacity`) or JSON. */
  readonly many?: 'Array' | 'JSON' | undefined;
  readonly maxCapacity?: number | undefined;
}

/** What is done where there is more than one way. */
export interface ElasticChoices {
  /** Dates as Int64 milliseconds since 1970, or as the text they were sent as. */
  readonly dates: 'millis' | 'text';
  /** A text longer than its VarChar: the document is rejected, or the text is cut at a character (and counted). */
  readonly longText: 'reject' | 'truncate';
  /** A document without a value where the target's field can't be null: it is rejected, or gets 0, false, `''` or `{}` (and is counted). */
  readonly missing: 'reject' | 'default';
  /** Metric of vectors whose mapping names none. */
  readonly metric: import('../core/schema.ts').MetricType | undefined;
}

export interface ElasticsearchSource {
  readonly kind: 'elasticsearch';
  /** It lies in no bucket. */
  readonly store: undefined;
  readonly access: ElasticAccess;
  readonly credentials: ElasticCredentials;
  /** Index, alias, data stream, wildcard; several with commas. */
  readonly index: string;
  /** Several indices: a collection each, or all in one. */
  readonly indices: 'each' | 'merged';
  /** undefined: all of the mapping. */
  readonly fields: readonly DeclaredField[] | undefined;
  /** Whether what no field takes goes into the dynamic field. With `fields` only where somebody said so. */
  readonly dynamicField: boolean;
  readonly choices: ElasticChoices;
  /** By shard and range of `_seq_no`, or by sliced scroll where that can't be. */
  readonly read: 'seq-no' | 'scroll';
  /** How answers come; `auto`: what was measured to be the faster way. */
  readonly encoding: 'auto' | 'json' | 'cbor';
  /** Documents asked for at a time, to begin with; undefined: as many as fit a page of about 8 MiB. */
  readonly pageRows: number | undefined;
  /** Move only what changed since this job last read the index; deletes are not seen. */
  readonly catchUp: boolean;
  /** «8.19.2», where the user says it: asked of the server otherwise. */
  readonly version: string | undefined;
}
