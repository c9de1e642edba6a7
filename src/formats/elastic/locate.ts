/** Finds the values of a schema's fields in a document, by their paths: whole objects, dotted keys, arrays of objects. */
import type { Piece } from './assemble.ts';
import type { Reading } from './raw.ts';

/** What one document has. Used again for each: read it before the next. */
export interface Located {
  /** For each field, in the schema's order; empty: the document does not have it. */
  readonly pieces: readonly (readonly Piece[])[];
  /** Members of the document that belong to no field. */
  readonly rest: readonly { readonly key: string; readonly at: number }[];
}

/** A name on the way to fields. */
interface Step {
  /** Index of the field that ends here; −1: none does. */
  field: number;
  readonly inner: Map<string, Step>;
}

/** @param paths of the fields in `_source`; undefined: not from there (`_id`) */
export function createLocator(paths: readonly (string | undefined)[]): (reading: Reading, sourceAt: number) => Located {
  const root: Step = { field: -1, inner: new Map() };
  for (const [index, path] of paths.entries()) if (path !== undefined) enter(root, path, index);
  const pieces: Piece[][] = paths.map(() => []);
  const rest: { key: string; at: number }[] = [];

  /** Notes what the value at `at` is, which belongs to `step`. @returns whether any field takes it */
  const take = (reading: Reading, at: number, step: Step): boolean => {
    if (step.field >= 0) pieces[step.field]!.push({ at, below: [] });
    if (step.inner.size === 0) return step.field >= 0;
    const inside = (valueAt: number): number => {
      const kind = reading.kindAt(valueAt);
      if (kind === 'object') return members(reading, valueAt, step);
      if (kind === 'array') return reading.eachElement(valueAt, inside);
      return reading.skip(valueAt);
    };
    inside(at);
    return true;
  };

  const members = (reading: Reading, at: number, step: Step): number =>
    reading.eachMember(at, (key, valueAt) => {
      const next = step.inner.get(key);
      const found = next === undefined ? dotted(reading, valueAt, { key, step }) : take(reading, valueAt, next);
      if (!found && step === root) rest.push({ key, at: valueAt });
      return reading.skip(valueAt);
    });

  /** A key `a.b` is the member b of a. */
  const dotted = (reading: Reading, at: number, { key, step }: { key: string; step: Step }): boolean => {
    if (!key.includes('.')) return false;
    const names = key.split('.');
    let here = step;
    let found = false;
    for (const [index, name] of names.entries()) {
      const next = here.inner.get(name);
      if (next === undefined) return found;
      here = next;
      if (index === names.length - 1) return take(reading, at, here) || found;
      if (here.field >= 0) {
        pieces[here.field]!.push({ at, below: names.slice(index + 1) });
        found = true;
      }
    }
    return found;
  };

  return (reading, sourceAt) => {
    for (const list of pieces) list.length = 0;
    rest.length = 0;
    members(reading, sourceAt, root);
    return { pieces, rest };
  };
}

function enter(root: Step, path: string, index: number): void {
  let step = root;
  for (const name of path.split('.')) {
    const inner = step.inner.get(name) ?? { field: -1, inner: new Map() };
    step.inner.set(name, inner);
    step = inner;
  }
  step.field = index;
}
