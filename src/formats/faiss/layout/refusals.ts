/** Kinds that are known and keep nothing that could be given back; what they hold is not walked through. */
import type { Reading } from './cursor.ts';
import { header } from './headers.ts';
import { type Body, type Kind, refusal, Unwalkable, type Walk } from './laid.ts';

interface Refused {
  readonly title: string;
  readonly why: string;
  /** Bytes between the letters and the header, from which dimensions and rows can be shown; undefined: not known. */
  readonly header: number | undefined;
  readonly hint?: string;
}

const ORIGINALS = 'build the collection from the original vectors';

const signs = (title: string): Refused => ({
  title,
  why: 'only the signs of projections of each vector are kept',
  header: 0,
});

const rabitqFastScan: Refused = {
  title: 'RaBitQ, fast scan',
  why: 'RaBitQ keeps one sign for each dimension, here packed for fast scans: at best a rough sketch of the vectors',
  header: 0,
};

const eden: Refused = {
  title: 'EDEN',
  why: 'EDEN codes are not turned back into vectors here',
  header: 0,
};

const minMax: Refused = {
  title: 'row-wise min-max',
  why: 'it wraps a quantiser and holds no rows',
  header: 0,
};

const foreign: Refused = {
  title: 'index of another library (SVS)',
  why: 'its contents are in the form of another library, which is not published',
  header: undefined,
};

const REFUSED: Readonly<Record<string, Refused>> = {
  IxHe: signs('LSH'),
  IxHE: signs('LSH'),
  IwSh: signs('IVF, spectral hash'),
  Irfn: rabitqFastScan,
  Irfs: rabitqFastScan,
  Iwrn: rabitqFastScan,
  Iwrf: rabitqFastScan,
  IxEd: eden,
  IxEe: eden,
  IwEd: eden,
  IwEe: eden,
  IRMf: minMax,
  IRMh: minMax,
  IxLa: { title: 'lattice', why: 'it holds no rows, only a rule that makes codes', header: 16 },
  ...Object.fromEntries(['ISVD', 'ISVL', 'ILVQ', 'ISVF', 'ISIQ', 'ISIL', 'ISID'].map((cc) => [cc, foreign])),
  ISV2: {
    ...foreign,
    hint: 'this kind keeps a copy of its vectors: have Faiss read it, reconstruct them and write a flat index',
  },
};

export const REFUSED_CCS: readonly string[] = Object.keys(REFUSED);

export function refusedTitle(cc: string): string {
  return REFUSED[cc]!.title;
}

export function* refuse(walk: Walk, kind: Kind): Reading<Body> {
  const { why, hint = ORIGINALS, header: before } = REFUSED[kind.cc]!;
  if (before !== undefined) {
    walk.cursor.skip(before, 'dimensions of the lattice');
    yield* header(walk);
  }
  throw new Unwalkable(refusal(kind, why, hint));
}

/** A transform or quantiser that was saved alone. */
export function alone(kind: Kind): Unwalkable {
  return new Unwalkable(
    refusal(
      kind,
      'this is a transform without an index: it holds no vectors',
      'name the index file that was built with it',
    ),
  );
}

/** Four letters of an index that this version has not heard of. */
export function unknownKind(kind: Kind): Unwalkable {
  return new Unwalkable(
    refusal(
      kind,
      'this kind of index is not known here: it may be of a newer Faiss, or the file is damaged',
      'have Faiss read it and write its vectors as a flat index',
    ),
  );
}
