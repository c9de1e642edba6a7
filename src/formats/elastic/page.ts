/** What an Elasticsearch search answer says, apart from the documents: read from JSON or CBOR bytes alike. Types only. */

/** One document of a page, as places in the page's bytes. Valid until the next hit. */
export interface Hit {
  index: string;
  id: string;
  /** Where its `_source`, `sort` and `fields` values begin; −1: there is none. */
  sourceAt: number;
  sortAt: number;
  fieldsAt: number;
  /** −1: not asked for. Exact: below 2^53 in any index that fits on disks. */
  seqNo: number;
}

export interface PageFacts {
  readonly hits: number;
  readonly timedOut: boolean;
  readonly shards: { readonly total: number; readonly failed: number };
  /** Documents that match; undefined: not counted. `exact` false: at least so many. */
  readonly total: { readonly value: number; readonly exact: boolean } | undefined;
  readonly pitId: string | undefined;
  readonly scrollId: string | undefined;
  /** The answer's error, as JSON text, where it is one instead. */
  readonly error: string | undefined;
}

/** Called for each hit, in order. */
export type OnHit = (hit: Readonly<Hit>) => void;

/** Why a vector could not be read: the document is to be rejected, not the page. */
export type VectorFault =
  | { readonly kind: 'type'; readonly at: number }
  | { readonly kind: 'length'; readonly found: number }
  | { readonly kind: 'element'; readonly index: number; readonly at: number }
  /** The element is a number beyond float32. */
  | { readonly kind: 'range'; readonly index: number; readonly at: number };
