/** The ids of a step's rows: counted, read from the lists or a map, and put through further maps. */
import type { IdRule } from '../../formats/faiss/model.ts';
import type { Want } from './fetch.ts';
import type { OpenIndex } from './openIndex.ts';
import { gatherRecords, type RecordTable } from './records.ts';
import { bytesOf, ID_BYTES } from './slab.ts';
import type { Step } from './steps.ts';

/** What is to be read for the ids, and from which of the two files. */
export interface IdWants {
  readonly index: readonly Want[];
  readonly lists: readonly Want[];
}

const NOTHING: readonly Want[] = [];

/** Ids that are counted are filled in at once. */
export function wantIds(step: Step, { recipe, shape, maps }: OpenIndex, ids: BigInt64Array): IdWants {
  const bytes = bytesOf(ids);
  const rule = recipe.ids;
  const slice = ({ to, rows }: { to: number; rows: number }): Uint8Array =>
    bytes.subarray(to * ID_BYTES, (to + rows) * ID_BYTES);
  if (fromLists(rule)) {
    const want = (piece: Step['pieces'][number]): Want => ({
      at: shape.idsAt(piece.entry) + piece.first * ID_BYTES,
      target: slice(piece),
    });
    return { index: NOTHING, lists: step.pieces.map(want) };
  }
  const [first] = maps;
  if (first === undefined) {
    for (const piece of step.pieces) countUp(ids, piece);
    return { index: NOTHING, lists: NOTHING };
  }
  const wants = step.pieces.map((piece) => ({ at: first.at + piece.first * ID_BYTES, target: slice(piece) }));
  return { index: wants, lists: NOTHING };
}

function countUp(ids: BigInt64Array, { to, rows, first }: { to: number; rows: number; first: number }): void {
  // In halves: a BigInt per row would cost more than the row's copy.
  const words = new Uint32Array(ids.buffer, ids.byteOffset, ids.length * 2);
  for (let row = 0, at = 2 * to; row < rows; row++, at += 2) {
    words[at] = first + row;
    words[at + 1] = (first + row) / 2 ** 32;
  }
}

/** Puts ids through the maps that were not read already, in place. */
export async function mapIds(ids: BigInt64Array, open: OpenIndex): Promise<void> {
  for (const table of laterMaps(open.recipe.ids, open.maps)) {
    const { index: file, limits, file: describe } = open;
    const mapped = new BigInt64Array(ids.length);
    await gatherRecords(ids, table, { file, describe, limits, out: bytesOf(mapped) });
    ids.set(mapped);
  }
}

/** Of rows that are counted, the first map gives the ids that `wantIds` reads. */
function laterMaps(rule: IdRule, maps: readonly RecordTable[]): readonly RecordTable[] {
  return fromLists(rule) ? maps : maps.slice(1);
}

function fromLists(rule: IdRule): boolean {
  return rule.kind === 'lists' || (rule.kind === 'mapped' && rule.inner === 'lists');
}
