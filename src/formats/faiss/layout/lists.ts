/** Inverted lists (Faiss, InvertedLists): where the rows of each list are. `ilar`, `ilod`, `ilbl`, `ilp2`, `ilpn`, `il00`. */
import type { ListTable, Refusal, Storage } from '../model.ts';
import type { Cursor, Reading } from './cursor.ts';
import { GROUP_ROWS } from './fastScan.ts';
import { type Kind, refusal, type Walk } from './laid.ts';
import { sizesOf } from './listSizes.ts';
import { onDiskLists } from './listsOnDisk.ts';
import { fourLetters, printable } from './transforms.ts';

export interface ListsWanted {
  readonly nlist: number;
  /** Bytes of a row's code; for blocks: of a block, at least. */
  readonly record: number;
  /** `rows`: one code after the other. `blocks`: fast scan, of so many rows. `panorama`: by levels, in batches. */
  readonly shape:
    | { readonly kind: 'rows' }
    | { readonly kind: 'blocks'; readonly rows: number }
    | { readonly kind: 'panorama'; readonly levels: number; readonly batch: number };
}

export interface ListsLaid {
  /** undefined: the lists are elsewhere, and nothing says where. */
  readonly storage: Extract<Storage, { kind: 'lists' }> | undefined;
  readonly refused: Refusal | undefined;
  /** Rows of all lists. */
  readonly total: number;
  readonly cc: string;
}

type ReadLists = (cursor: Cursor, wanted: ListsWanted, kind: Kind) => Reading<Omit<ListsLaid, 'cc'>>;

const SHAPES: Readonly<Record<ListsWanted['shape']['kind'], Readonly<Record<string, ReadLists>>>> = {
  rows: { ilar: arrayLists, ilod: onDiskLists, il00: noLists },
  blocks: { ilbl: blockLists, il00: noLists },
  panorama: { ilp2: panoramaLists, ilpn: panoramaLists, il00: noLists },
};

export function* lists(walk: Walk, wanted: ListsWanted): Reading<ListsLaid> {
  const { cursor } = walk;
  const at = cursor.at;
  const cc = yield* fourLetters(walk, 'lists');
  const readers = SHAPES[wanted.shape.kind];
  const read = readers[cc];
  if (read === undefined)
    throw cursor.wrong('lists', printable(cc), `lists of the kind ${Object.keys(readers).join(', ')}`, at);
  cursor.enter(cc);
  const laid = yield* read(cursor, wanted, { cc, title: 'inverted lists', at });
  cursor.leave();
  return { ...laid, cc };
}

export function totalOf(rows: Float64Array): number {
  return rows.reduce((sum, count) => sum + count, 0);
}

export function* listCount(cursor: Cursor, { nlist }: ListsWanted): Reading<void> {
  cursor.same('nlist', yield* cursor.count('nlist'), nlist, cursor.at - 8);
}

export function* codeSize(cursor: Cursor, { record }: ListsWanted): Reading<void> {
  cursor.same('code_size', yield* cursor.count('code_size'), record, cursor.at - 8);
}

/** One list after the other, first all its codes, then all its ids; empty ones take no bytes. */
function* arrayLists(cursor: Cursor, wanted: ListsWanted): Reading<Omit<ListsLaid, 'cc'>> {
  yield* listCount(cursor, wanted);
  yield* codeSize(cursor, wanted);
  const { record } = wanted;
  const sizes = yield* sizesOf(cursor, wanted.nlist);
  const table = laidOut(cursor, sizes, (count) => ({ codes: count * record, behind: count * 8 }));
  const total = totalOf(sizes.rows);
  return {
    storage: { kind: 'lists', record, block: undefined, lists: table, duplicates: undefined },
    refused: undefined,
    total,
  };
}

/** Of so many rows of one list: bytes of its codes, and of its ids and what follows them. */
type ListBytes = (rows: number) => { readonly codes: number; readonly behind: number };

/** Lists that follow each other without gaps, from where the cursor is; jumps over them. */
function laidOut(cursor: Cursor, sizes: Pick<ListTable, 'rows' | 'numbers'>, bytesOf: ListBytes): ListTable {
  const { rows } = sizes;
  const codesAt = new Float64Array(rows.length);
  const idsAt = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const count = rows[i]!;
    codesAt[i] = cursor.at;
    idsAt[i] = cursor.at;
    if (count === 0) continue;
    const { codes, behind } = bytesOf(count);
    cursor.needs(codes + behind, `list ${sizes.numbers?.[i] ?? i}`);
    idsAt[i] = cursor.at + codes;
    cursor.at += codes + behind;
  }
  return { ...sizes, codesAt, idsAt };
}

/** Codes by levels in padded batches, ids, and sums that are of no use here. `ilpn` does not say the batch. */
function* panoramaLists(cursor: Cursor, wanted: ListsWanted, { cc }: Kind): Reading<Omit<ListsLaid, 'cc'>> {
  const { record, shape } = wanted;
  const { levels, batch } = shape as Extract<ListsWanted['shape'], { kind: 'panorama' }>;
  yield* listCount(cursor, wanted);
  yield* codeSize(cursor, wanted);
  cursor.same('n_levels', yield* cursor.count('n_levels'), levels, cursor.at - 8);
  if (cc === 'ilp2') cursor.same('batch_size', yield* cursor.count('batch_size'), batch, cursor.at - 8);
  else cursor.same('batch_size', 128, batch);
  const sizes = yield* sizesOf(cursor, wanted.nlist);
  const table = laidOut(cursor, sizes, (count) => {
    const padded = Math.ceil(count / batch) * batch;
    return { codes: padded * record, behind: count * 8 + padded * (levels + 1) * 4 };
  });
  const block = { rows: batch, bytes: batch * record };
  const storage = { kind: 'lists', record, block, lists: table, duplicates: undefined } as const;
  return { storage, refused: undefined, total: totalOf(sizes.rows) };
}

/** A vec of ids and a vec of blocks for each list, empty ones too: one hop after the other. */
function* blockLists(cursor: Cursor, wanted: ListsWanted): Reading<Omit<ListsLaid, 'cc'>> {
  const { nlist, record, shape } = wanted;
  yield* listCount(cursor, wanted);
  // All ones: the geometry is in the two fields behind it.
  cursor.skip(8, 'code_size');
  const perBlock = yield* cursor.count('n_per_block');
  cursor.same('n_per_block', perBlock, shape.kind === 'blocks' ? shape.rows : GROUP_ROWS, cursor.at - 8);
  const bytes = yield* cursor.count('block_size');
  // Larger ones have padding behind each block, never more than the codes of one more pair of fields or so.
  if (bytes < record || bytes > 2 * record + 64 * perBlock)
    throw cursor.wrong('block_size', bytes, `${record} bytes, or a little more`, cursor.at - 8);
  cursor.needs(nlist * 16, 'lists');
  const table = emptyTable(nlist);
  for (let l = 0; l < nlist; l++) {
    const ids = yield* cursor.vec(8, `ids of list ${l}`);
    const countAt = cursor.at;
    const codes = yield* cursor.vec(1, `codes of list ${l}`);
    cursor.same(`codes of list ${l}`, codes.count, Math.ceil(ids.count / perBlock) * bytes, countAt);
    table.rows[l] = ids.count;
    table.codesAt[l] = codes.at;
    table.idsAt[l] = ids.at;
  }
  const block = { rows: perBlock, bytes };
  const storage = { kind: 'lists', record: record / perBlock, block, lists: table, duplicates: undefined } as const;
  return { storage, refused: undefined, total: totalOf(table.rows) };
}

/** Checked before: the file has room for that many. */
export function emptyTable(length: number): { rows: Float64Array; codesAt: Float64Array; idsAt: Float64Array } {
  return { rows: new Float64Array(length), codesAt: new Float64Array(length), idsAt: new Float64Array(length) };
}

// biome-ignore lint/correctness/useYield: one of a table of generators
function* noLists(_cursor: Cursor, _wanted: ListsWanted, kind: Kind): Reading<Omit<ListsLaid, 'cc'>> {
  const refused = refusal(
    kind,
    'the lists were saved elsewhere: this file has the centroids only, and no vectors',
    'name the file in which the lists are, or have Faiss read both and write one index',
  );
  return { storage: undefined, refused, total: 0 };
}
