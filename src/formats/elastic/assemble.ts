/**
 * The JSON text of a JSON column. Nearly always it is the document's own bytes; where a document writes part of an object
 * with dots in its keys (`{"a.b": 1}` for `{"a": {"b": 1}}`), or a part goes over as a field of its own, it is put
 * together anew, each value as it was sent.
 */
import type { Reading } from './raw.ts';

/** A value found in a document, and where it belongs below its field. */
export interface Piece {
  readonly at: number;
  /** Names below the field; empty: it is the field's whole value. */
  readonly below: readonly string[];
  /** Whether it stands in an object of an array: then others may be values of their own. Absent: it does not. */
  readonly among?: boolean;
}

export interface Assembly {
  /** Path of the field. */
  readonly path: string;
  /** Paths to leave out, all below `path`. */
  readonly without: readonly string[];
}

/** A value as JSON text, or an object that is being put together. */
type Tree = Buffer | Map<string, Tree>;

/** undefined: the document has two values for one key. */
export function pieceText(
  reading: Reading,
  pieces: readonly Piece[],
  { path, without }: Assembly,
): Uint8Array | undefined {
  const [first] = pieces;
  if (
    pieces.length === 1 &&
    first!.below.length === 0 &&
    (without.length === 0 || reading.kindAt(first!.at) !== 'object')
  )
    return reading.jsonAt(first!.at);
  const left = new Set(without);
  const root = new Map<string, Tree>();
  for (const { at, below } of pieces) {
    const whole = below.length === 0 && reading.kindAt(at) !== 'object';
    // A value that is no object beside parts of one.
    if (whole || !add(root, below, { reading, at, above: path, left })) return undefined;
  }
  return Buffer.from(textOf(root));
}

/** Several values, each as it was sent, as a JSON array. */
export function valuesText(reading: Reading, pieces: readonly Piece[], nullValue: string | null): Uint8Array {
  const texts = pieces.map(({ at }) =>
    nullValue !== null && reading.kindAt(at) === 'null' ? nullValue : Buffer.from(reading.jsonAt(at)).toString('utf8'),
  );
  return Buffer.from(`[${texts.join(',')}]`);
}

/** As `pieceText` for members of one object, each under its own key. */
export function membersText(reading: Reading, members: readonly { key: string; at: number }[]): Buffer {
  const pieces: Buffer[] = [Buffer.from('{')];
  for (const [index, { key, at }] of members.entries())
    pieces.push(Buffer.from(`${index === 0 ? '' : ','}${JSON.stringify(key)}:`), Buffer.from(reading.jsonAt(at)));
  pieces.push(Buffer.from('}'));
  return Buffer.concat(pieces);
}

interface Adding {
  readonly reading: Reading;
  readonly at: number;
  /** Path of what `tree` stands for. */
  readonly above: string;
  readonly left: ReadonlySet<string>;
}

/** Puts the value at `at` below `tree`; false: there is one already. */
function add(tree: Map<string, Tree>, below: readonly string[], adding: Adding): boolean {
  const { reading, at, above, left } = adding;
  const [name, ...rest] = below;
  if (name !== undefined) {
    const path = `${above}.${name}`;
    if (left.has(path)) return true;
    if (rest.length > 0 || reading.kindAt(at) === 'object') {
      const inner = tree.get(name) ?? new Map<string, Tree>();
      tree.set(name, inner);
      return inner instanceof Map && add(inner, rest, { ...adding, above: path });
    }
    if (tree.has(name)) return false;
    tree.set(name, Buffer.from(reading.jsonAt(at)));
    return true;
  }
  let fits = true;
  reading.eachMember(at, (key, valueAt) => {
    fits = add(tree, key.split('.'), { ...adding, at: valueAt }) && fits;
    return reading.skip(valueAt);
  });
  return fits;
}

function textOf(tree: Tree): string {
  if (!(tree instanceof Map)) return tree.toString('utf8');
  const members = [...tree].map(([name, inner]) => `${JSON.stringify(name)}:${textOf(inner)}`);
  return `{${members.join(',')}}`;
}
