/** Transforms turned back, from the last one to the first: what was put in front of an index is taken off its rows. */
import { MigrateError } from '../../../core/errors.ts';
import type { Transform } from '../model.ts';
import type { Lookup } from './decoder.ts';
import { openHadamardBack } from './hadamard.ts';
import { invertLinear, openLinearBack } from './linear.ts';

/** f32 [rows][dOut] → f32 [rows][dIn]. */
export type Undo = (y: Float32Array, rows: number, x: Float32Array) => void;

/**
 * Errors: E_FAISS_UNSUPPORTED where a matrix has no inverse, E_FAISS where a map names a dimension that is not there.
 * @param transforms in the order in which they were applied; at least one
 * @returns rows of the last transform's dOut become rows of the first one's dIn
 */
export function openUndo(transforms: readonly Transform[], lookup: Lookup): Undo {
  const steps = transforms.toReversed().map((transform) => ({ back: openBack(transform, lookup), d: transform.dIn }));
  const between: Float32Array[] = steps.map(() => new Float32Array(0));
  return (y, rows, x) => {
    let from = y;
    for (const [index, { back, d }] of steps.entries()) {
      const last = index === steps.length - 1;
      if (!last && between[index]!.length < rows * d) between[index] = new Float32Array(rows * d);
      const to = last ? x : between[index]!;
      back(from, rows, to);
      from = to;
    }
  };
}

function openBack(transform: Transform, lookup: Lookup): Undo {
  switch (transform.kind) {
    case 'linear': {
      const bias = transform.bias === undefined ? undefined : (lookup.table(transform.bias) as Float32Array);
      const matrix = lookup.inverse?.(transform) ?? invertLinear(transform, lookup).matrix;
      return openLinearBack(transform, matrix, bias);
    }
    case 'remap':
      return openRemapBack(transform, lookup);
    case 'normalise': // The length is gone: what is left is the unit vector.
      return (y, rows, x) => x.set(y.subarray(0, rows * transform.dIn));
    case 'centre': {
      const mean = lookup.table(transform.mean) as Float32Array;
      const d = transform.dIn;
      return (y, rows, x) => {
        for (let row = 0, at = 0; row < rows; row++) for (let i = 0; i < d; i++, at++) x[at] = y[at]! + mean[i]!;
      };
    }
    case 'hadamard':
      return openHadamardBack(transform);
  }
}

/** Dimensions that the map does not name are 0. By 32-bit words, so that every bit comes through. */
function openRemapBack(transform: Transform & { kind: 'remap' }, lookup: Lookup): Undo {
  const { dIn, dOut } = transform;
  const map = lookup.table(transform.map) as Int32Array;
  const beyond = map.findIndex((to) => to >= dIn);
  if (beyond >= 0) throw outside(transform, beyond, map[beyond]!);
  return (y, rows, x) => {
    const from = new Int32Array(y.buffer, y.byteOffset, rows * dOut);
    const to = new Int32Array(x.buffer, x.byteOffset, rows * dIn);
    to.fill(0);
    for (let row = 0; row < rows; row++)
      for (let j = 0; j < dOut; j++) if (map[j]! >= 0) to[row * dIn + map[j]!] = from[row * dOut + j]!;
  };
}

function outside({ cc, map, dIn }: Transform & { kind: 'remap' }, index: number, found: number): MigrateError {
  return new MigrateError('E_FAISS', `transform ${cc} takes a dimension that its input does not have`, {
    at: { offset: map.at + index * 4, field: 'map' },
    found: `dimension ${found}`,
    wanted: `below ${dIn}`,
    hint: 'the index is damaged: copy it again, or write it anew with faiss',
  });
}
