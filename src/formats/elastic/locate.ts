/** Finds the values of a schema's fields in a document, by their paths: whole objects, dotted keys, arrays of objects. */
import type { Piece } from './assemble.ts';
import type { Reading } from './raw.ts';

/** What one document has. Used again for each: read it before the next. */
export interface Located {
  /** For each field, in the schema's order; empty: the document does not have it. */
  readonly pieces: readonly (readonly Piece[])[];
  /** What belongs to no field: members of the document, and of objects of which fields are parts, by their dotted paths. */
  readonly rest: readonly Rest[];
}

export interface Rest {
  readonly key: string;
  readonly at: number;
}

/** A name on the way to fields. */
interface Step {
  readonly path: string;
  /** Index of the field that ends here; −1: none does. */
  field: number;
  /** Whether it, or one above, is a field that objects go into whole. */
  whole: boolean;
  readonly inner: Map<string, Step>;
}

/**
 * @param paths of the fields in `_source`; undefined: not from there (`_id`)
 * @param takesObjects whether the field of this index is one that objects go into whole; of another one, parts are none of it
 * @param isApart whether it is one whose value is its own, whatever is in it, and keys with dots that begin with it are not
 */
export function createLocator(
  paths: readonly (string | undefined)[],
  takesObjects: (index: number) => boolean = () => true,
  isApart: (index: number) => boolean = () => false,
): (reading: Reading, sourceAt: number) => Located {
  const isWhole = (index: number): boolean => takesObjects(index) && !isApart(index);
  const root: Step = { path: '', field: -1, whole: false, inner: new Map() };
  for (const [index, path] of paths.entries()) if (path !== undefined) enter(root, path, index);
  markWhole(root, isWhole);
  const pieces: Piece[][] = paths.map(() => []);
  const rest: Rest[] = [];
  /** Members and elements so far: an empty object has none. */
  let seen = 0;
  /** Arrays around what is looked at. */
  let arrays = 0;

  const note = (field: number, at: number, below: readonly string[]): void => {
    pieces[field]!.push(arrays > 0 ? { at, below, among: true } : { at, below });
  };

  /** Notes what the value at `at` is, which belongs to `step`. */
  const take = (reading: Reading, at: number, step: Step): void => {
    if (step.field >= 0) note(step.field, at, []);
    if (step.inner.size > 0 && !(step.field >= 0 && isApart(step.field))) inside(reading, at, step);
  };

  /** Looks for fields in the value. */
  const inside = (reading: Reading, at: number, step: Step): number => {
    const kind = reading.kindAt(at);
    const before = rest.length;
    const seenBefore = seen;
    let end = 0;
    if (kind === 'object') end = members(reading, at, step);
    else if (kind === 'array') {
      arrays++;
      end = reading.eachElement(at, (valueAt) => {
        seen++;
        return inside(reading, valueAt, step);
      });
      arrays--;
    } else end = reading.skip(at);
    // Of several objects the parts would be several values for one path: they stay together.
    const isSeen = seen > seenBefore && (kind === 'object' || rest.length === before);
    if (isSeen || isTaken(step)) return end;
    rest.length = before;
    rest.push({ key: step.path, at });
    return end;
  };

  const members = (reading: Reading, at: number, step: Step): number =>
    reading.eachMember(at, (key, valueAt) => {
      seen++;
      const next = step.inner.get(key);
      if (next !== undefined) take(reading, valueAt, next);
      else if (!dotted(reading, valueAt, { key, step }) && !isTaken(step))
        rest.push({ key: step === root ? key : `${step.path}.${key}`, at: valueAt });
      return reading.skip(valueAt);
    });

  /** A key `a.b` is the member b of a. @returns whether it leads to a field, or to one that takes all below it */
  const dotted = (reading: Reading, at: number, { key, step }: { key: string; step: Step }): boolean => {
    if (!key.includes('.')) return false;
    const names = key.split('.');
    let here = step;
    for (const [index, name] of names.entries()) {
      const next = here.inner.get(name);
      if (next === undefined) return here.whole;
      here = next;
      if (index === names.length - 1) break;
      if (here.field >= 0 && isWhole(here.field)) note(here.field, at, names.slice(index + 1));
    }
    take(reading, at, here);
    return true;
  };

  return (reading, sourceAt) => {
    for (const list of pieces) list.length = 0;
    rest.length = 0;
    // One that could not be gone through to its end may have been before.
    arrays = 0;
    members(reading, sourceAt, root);
    return { pieces, rest };
  };
}

/** Whether a field has the value that belongs to this step. */
function isTaken({ field, whole }: Step): boolean {
  return whole || field >= 0;
}

function enter(root: Step, path: string, index: number): void {
  let step = root;
  for (const name of path.split('.')) {
    const above = step.path === '' ? name : `${step.path}.${name}`;
    const inner = step.inner.get(name) ?? { path: above, field: -1, whole: false, inner: new Map() };
    step.inner.set(name, inner);
    step = inner;
  }
  step.field = index;
}

function markWhole(step: Step, isWhole: (index: number) => boolean): void {
  for (const inner of step.inner.values()) {
    inner.whole = step.whole || (inner.field >= 0 && isWhole(inner.field));
    markWhole(inner, isWhole);
  }
}
