/**
 * What a Faiss index file says of itself, as the layout pass finds it: a tree for people, and for each index whose
 * vectors can be had a `Recipe` that says where its rows are and how they become vectors. Types only.
 *
 * Offsets are bytes from the start of the file. All numbers are safe integers: files end before 2^53.
 */

/** One index, quantiser or transform as it lies in the file: for `inspect` and for messages. */
export interface FaissNode {
  /** The four letters, as they read: `IwPQ`. */
  readonly cc: string;
  /** What people call it: «IVF, product quantiser». */
  readonly title: string;
  /** Offset of `cc`. */
  readonly at: number;
  /** Bytes, nested indexes included. */
  readonly bytes: number;
  /** Dimensions (bits for binary); for a transform those of its output. */
  readonly d: number;
  /** undefined for transforms. */
  readonly rows: number | undefined;
  /** What else is worth knowing, in the order to be shown: `nlist 1024`, `M 16`, `nbits 8`. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  /** Nested ones with their role: `coarse`, `inner`, `base`, `refine`, `storage`, `transform 0`. */
  readonly children: readonly { readonly role: string; readonly node: FaissNode }[];
}

/** Metric as in the file: 0 IP, 1 L2, 2 L1, 3 Linf, 4 Lp, 20 Canberra, 21 BrayCurtis, 22 JensenShannon, 23 Jaccard, … */
export interface FaissMetric {
  readonly code: number;
  readonly name: string;
  /** p of Lp; undefined where the file has none. */
  readonly argument: number | undefined;
}

export interface FaissLayout {
  readonly root: FaissNode;
  readonly metric: FaissMetric;
  /**
   * Bytes of the file, and of the index in it: more bytes than that are suspicious. Where the walk could not get past
   * a kind that is refused, `indexBytes` is `fileBytes`.
   */
  readonly fileBytes: number;
  readonly indexBytes: number;
  /** How the rows are had; or why not, and what the user could do instead. */
  readonly recipe: Recipe | Refusal;
}

export interface Refusal {
  readonly kind: 'refused';
  /** The node that stands in the way. */
  readonly cc: string;
  readonly title: string;
  readonly at: number;
  readonly why: string;
  readonly hint: string;
  /** True for what an explicit wish allows: RaBitQ sketches. Then `recipe` is what it allows. */
  readonly sketch: Recipe | undefined;
}

/** A table in the file, to be read whole: codebooks, matrices, maps. */
export interface TableRef {
  readonly type: 'f32' | 'u8' | 'i32' | 'i64';
  readonly at: number;
  /** Values, not bytes. */
  readonly count: number;
}

/** How the rows of an index are had. */
export interface Recipe {
  readonly kind: 'float' | 'binary';
  /** Dimensions of the emitted vectors (bits for binary): behind all transforms, turned back. */
  readonly d: number;
  /** Rows that are stored. */
  readonly rows: number;
  /**
   * Rows that the index counts, where its lists hold fewer: ids go up to there. Faiss counts a row that it adds, and
   * leaves it out where it finds no list for it (NaN, infinity).
   */
  readonly counted?: number | undefined;
  readonly storage: Storage;
  readonly codec: Codec;
  readonly ids: IdRule;
  /** From the first applied to the last: to be undone from last to first. Empty: none. Float only. */
  readonly transforms: readonly Transform[];
  /** Dimensions of what `codec` gives: those behind the last transform. */
  readonly innerD: number;
  /** Whether what comes out is bit for bit what went in; else why not, one sentence each. */
  readonly losses: readonly string[];
  /** Of `losses` those of the stored codes alone: what remains where the transforms are not undone. */
  readonly storedLosses?: readonly string[];
  /** True where a transform in the chain made all vectors length 1 (`VNrm`): inner product is cosine then. */
  readonly normalised: boolean;
}

/** Where the codes are. */
export type Storage =
  /** Row i: `record` bytes at `at + i · record`. */
  | { readonly kind: 'rows'; readonly at: number; readonly record: number }
  /** Rows lie interleaved in blocks of `blockRows` rows, `blockBytes` each; the last block is padded. */
  | { readonly kind: 'blocks'; readonly at: number; readonly blockRows: number; readonly blockBytes: number }
  /** IVF and hashes: rows in lists. `block` undefined: `record` bytes a row. */
  | {
      readonly kind: 'lists';
      readonly record: number;
      readonly block: { readonly rows: number; readonly bytes: number } | undefined;
      readonly lists: ListTable;
      /** Deduplicated IVF (IwFd): `count` pairs of i64 (id in a list, id of a row that equals it): so many rows more than in the lists; else undefined. */
      readonly duplicates: { readonly at: number; readonly count: number } | undefined;
      /** On-disk lists (`ilod`): the offsets of `lists` are in another file, which has at least `bytes` bytes. */
      readonly elsewhere?: ElsewhereLists | undefined;
    };

export interface ElsewhereLists {
  /** Last component of the name that is stored: untrusted, to be looked for next to the index only, never opened as stored. */
  readonly name: string;
  readonly bytes: number;
}

/** Per list: rows, offset of its codes, offset of its ids (i64 each). Arrays of one length. */
export interface ListTable {
  /** Number of the list (for its centroid), ascending; undefined: entry i is list i. There where few of many lists have rows. */
  readonly numbers?: Float64Array | undefined;
  readonly rows: Float64Array;
  readonly codesAt: Float64Array;
  readonly idsAt: Float64Array;
}

export type IdRule =
  /** Id = row number. */
  | { readonly kind: 'rows' }
  /** Id = what the lists store. Only where `storage` is lists. */
  | { readonly kind: 'lists' }
  /** Id = map[inner id]; the inner id is what `inner` gives. Maps may be nested: applied from the first to the last. */
  | { readonly kind: 'mapped'; readonly inner: 'rows' | 'lists'; readonly maps: readonly TableRef[] };

/** How a stored code becomes `innerD` floats (or d/8 bytes). */
export type Codec =
  | { readonly kind: 'float32' }
  | { readonly kind: 'bits' }
  /** IBFf over a float index: bit j = (value j > 0). */
  | { readonly kind: 'signs'; readonly inner: Codec; readonly innerD: number }
  /** Scalar quantiser, `type` as in the file (0 8bit, 1 4bit, 2 8bit_uniform, …). */
  | {
      readonly kind: 'scalar';
      readonly type: number;
      readonly bits: number;
      readonly trained: TableRef;
      readonly residual: Centroids | undefined;
    }
  | { readonly kind: 'product'; readonly quantiser: ProductQuantiser; readonly residual: Centroids | undefined }
  /** 4-bit codes in blocks of `bbs` vectors, `blockBytes` each. */
  | {
      readonly kind: 'fastScan';
      readonly bbs: number;
      readonly blockBytes: number;
      readonly quantiser: ProductQuantiser | AdditiveQuantiser;
      readonly residual: Centroids | undefined;
    }
  | { readonly kind: 'additive'; readonly quantiser: AdditiveQuantiser; readonly residual: Centroids | undefined }
  /** IwQR: a product quantiser, and a second one over its rest whose codes lie in an array of their own, by row id. */
  | {
      readonly kind: 'refined';
      readonly quantiser: ProductQuantiser;
      readonly residual: Centroids | undefined;
      readonly second: ProductQuantiser;
      readonly codesAt: number;
      readonly record: number;
    }
  /** Ix2L: little-endian list number of `listBytes` bytes, then a product code. */
  | {
      readonly kind: 'twoLayer';
      readonly listBytes: number;
      readonly quantiser: ProductQuantiser;
      readonly centroids: Centroids;
    }
  /** Float32 by levels in batches of `batch` rows. */
  | { readonly kind: 'panorama'; readonly levels: number; readonly batch: number }
  /** RaBitQ: a sketch of signs. */
  | {
      readonly kind: 'rabitq';
      readonly extraBits: number;
      /** f32 [d]; `count` 0: none (IVF, where the centroid takes its place). */
      readonly center: TableRef;
      readonly residual: Centroids | undefined;
    };

export interface ProductQuantiser {
  readonly kind: 'product';
  readonly d: number;
  readonly M: number;
  readonly nbits: number;
  /** f32 [M][2^nbits][d/M]. */
  readonly centroids: TableRef;
}

export interface AdditiveQuantiser {
  readonly kind: 'additive';
  readonly d: number;
  /** Bits of each code field. */
  readonly nbits: readonly number[];
  /** Splits of prq, plsq with how many fields each has; one split of all fields for rq, lsq. */
  readonly splits: readonly number[];
  /** f32 [sum 2^nbits][d / splits.length]. */
  readonly codebooks: TableRef;
}

/** Vectors of a coarse quantiser, to be added to what the lists hold: themselves the rows of an index. */
export interface Centroids {
  readonly count: number;
  /** A `Recipe` here has its rows in the order of the centroids (ids 0, 1, …): `storage` is `rows` or `blocks`. */
  readonly recipe: Recipe | MultiIndex;
}

/** Imiq and the like: centroid number = concatenated product codes; no rows are stored. */
export interface MultiIndex {
  readonly kind: 'multi';
  readonly d: number;
  readonly rows: number;
  readonly quantiser: ProductQuantiser | AdditiveQuantiser;
}

export type Transform =
  /** y = A·x + b; A is [dOut][dIn]. `mean` (PCA) is taken off before. */
  | {
      readonly kind: 'linear';
      readonly cc: string;
      readonly dIn: number;
      readonly dOut: number;
      readonly matrix: TableRef;
      readonly bias: TableRef | undefined;
    }
  /** y[j] = x[map[j]]; map[j] < 0: 0. */
  | { readonly kind: 'remap'; readonly cc: string; readonly dIn: number; readonly dOut: number; readonly map: TableRef }
  | { readonly kind: 'normalise'; readonly cc: string; readonly dIn: number; readonly dOut: number }
  /** y = x − mean. */
  | {
      readonly kind: 'centre';
      readonly cc: string;
      readonly dIn: number;
      readonly dOut: number;
      readonly mean: TableRef;
    }
  | {
      readonly kind: 'hadamard';
      readonly cc: string;
      readonly dIn: number;
      readonly dOut: number;
      readonly seed: number;
    };

/**
 * The layout pass is a generator: it asks for bytes and is given them, so that it needs to know nothing of files, and
 * the same pass runs over a local file, an object in a bucket or an array in a test.
 */
export interface Want {
  readonly at: number;
  /** Exactly that many are given. Never beyond the file's end. */
  readonly length: number;
}
