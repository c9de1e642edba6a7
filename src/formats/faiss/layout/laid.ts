/** What the steps of the layout pass hand to each other, and how a recipe is made from the recipe of a nested index. */
import type { Codec, FaissMetric, FaissNode, MultiIndex, Recipe, Refusal, Storage } from '../model.ts';
import type { Cursor, Reading } from './cursor.ts';

/** What an index holds: rows, a rule that makes centroids (and no rows), or nothing that can be given back. */
export type Holds = Recipe | MultiIndex | Refusal;

/** An index that has been walked. */
export interface Laid {
  readonly node: FaissNode;
  readonly metric: FaissMetric;
  readonly holds: Holds;
}

export type Facts = Record<string, string | number | boolean>;

/** What the reader of one kind gives. */
export interface Body {
  readonly d: number;
  readonly rows: number;
  readonly metric: FaissMetric;
  readonly facts: Facts;
  readonly children: FaissNode['children'];
  readonly holds: Holds;
}

/** The four letters that were just read. */
export interface Kind {
  readonly cc: string;
  readonly title: string;
  readonly at: number;
}

export interface Walk {
  readonly cursor: Cursor;
  /** A nested index; undefined: the file says `null`. */
  index(role: string, family?: 'float' | 'binary'): Reading<Laid | undefined>;
  /** A nested index that must be there. */
  present(role: string, family?: 'float' | 'binary'): Reading<Laid>;
  /** As `present`; or, where it cannot be walked past, why. */
  attempt(role: string): Reading<Laid | NotWalked>;
  /** Kept for the tree of a file that cannot be walked to its end. */
  saw(header: { readonly d: number; readonly rows: number; readonly metric: FaissMetric }): void;
}

/** A nested index whose end is not known. */
export interface NotWalked {
  readonly unwalkable: Unwalkable;
  /** What is known of it; it reaches to the end of the file, as far as can be told. */
  readonly node: FaissNode;
  /** Whether nothing is around the index that it is nested in: then that one ends with the file. */
  readonly inRoot: boolean;
}

export type ReadKind = (walk: Walk, kind: Kind) => Reading<Body>;

export interface Rows {
  readonly d: number;
  readonly rows: number;
  readonly storage: Storage;
  readonly codec: Codec;
  /** One sentence each; none: bit for bit. */
  readonly losses?: readonly string[];
}

/** Rows that an index stores itself. */
export function floatRows({ d, rows, storage, codec, losses = [] }: Rows): Recipe {
  const ids = { kind: storage.kind === 'lists' ? 'lists' : 'rows' } as const;
  const rest = { storage, codec, ids, transforms: [], innerD: d, normalised: false };
  return { kind: 'float', d, rows, ...rest, losses, storedLosses: losses };
}

export function binaryRows(rows: Rows): Recipe {
  return { ...floatRows(rows), kind: 'binary' };
}

/** Why nothing can be had, of the kind where that is so. */
export function refusal(kind: Kind, why: string, hint: string, sketch?: Recipe): Refusal {
  const { cc, title, at } = kind;
  return { kind: 'refused', cc, title, at, why, hint, sketch };
}

/** The recipe of what is around it; what cannot be had stays so, and what an explicit wish allows does too. */
export function around(inner: Laid, change: (recipe: Recipe) => Recipe): Recipe | Refusal {
  const { holds } = inner;
  if (holds.kind === 'multi') return noRows(inner.node);
  if (holds.kind !== 'refused') return change(holds);
  return holds.sketch === undefined ? holds : { ...holds, sketch: change(holds.sketch) };
}

export function noRows(kind: Kind): Refusal {
  return refusal(
    kind,
    'it holds no rows, only a rule that makes centroids',
    'name the index file that was built with it',
  );
}

/** The kind could not be walked past, because what is in it is not known: the pass ends with this refusal. */
export class Unwalkable extends Error {
  readonly refusal: Refusal;

  constructor(refused: Refusal) {
    super(refused.why);
    this.refusal = refused;
  }
}
