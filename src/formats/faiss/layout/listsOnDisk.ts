/** Lists in a file of their own (`ilod`): here are only their sizes and places in it, and a name that is not to be trusted. */
import type { Cursor, Reading } from './cursor.ts';
import type { Kind } from './laid.ts';
import { codeSize, emptyTable, type ListsLaid, type ListsWanted, listCount, totalOf } from './lists.ts';

const ENTRY_BYTES = 24;
const LONGEST_NAME = 64 * 1024;
/** Place of an empty list that never was written. */
const NOWHERE = (1n << 64n) - 1n;

export function* onDiskLists(cursor: Cursor, wanted: ListsWanted, _kind: Kind): Reading<Omit<ListsLaid, 'cc'>> {
  const { nlist, record } = wanted;
  yield* listCount(cursor, wanted);
  yield* codeSize(cursor, wanted);
  cursor.same('lists', yield* cursor.count('lists'), nlist, cursor.at - 8);
  cursor.needs(nlist * ENTRY_BYTES, 'lists');
  const tableAt = cursor.at;
  const table = emptyTable(nlist);
  const ends = new Float64Array(nlist);
  for (let l = 0; l < nlist; l++) {
    const { rows, codesAt, capacity } = yield* entry(cursor, l);
    table.rows[l] = rows;
    table.codesAt[l] = codesAt;
    // The ids stand behind the codes that the list has room for.
    table.idsAt[l] = codesAt + capacity * record;
    ends[l] = rows > 0 ? codesAt + capacity * (record + 8) : 0;
  }
  const behind = endOf(cursor, { ...table, ends, tableAt });
  yield* cursor.vec(16, 'slots');
  const name = yield* nameOf(cursor);
  const bytes = yield* cursor.count('totsize');
  if (behind > bytes) throw cursor.wrong('totsize', bytes, `${behind} bytes, where the last list ends`, cursor.at - 8);
  const elsewhere = { name, bytes };
  const storage = { kind: 'lists', record, block: undefined, lists: table, duplicates: undefined, elsewhere } as const;
  return { storage, refused: undefined, total: totalOf(table.rows) };
}

interface Places {
  readonly rows: Float64Array;
  readonly codesAt: Float64Array;
  readonly ends: Float64Array;
  /** Offset of the table in the index. */
  readonly tableAt: number;
}

/** Where the last list ends. Lists over one another would give more rows than the file has room for, and wrong ones. */
function endOf(cursor: Cursor, { rows, codesAt, ends, tableAt }: Places): number {
  const order = Uint32Array.from(rows.keys()).filter((l) => rows[l]! > 0);
  order.sort((a, b) => codesAt[a]! - codesAt[b]!);
  for (let i = 1; i < order.length; i++) {
    const [before, l] = [order[i - 1]!, order[i]!];
    if (codesAt[l]! >= ends[before]!) continue;
    const [first, second] = [Math.min(before, l), Math.max(before, l)];
    const found = `bytes ${codesAt[second]} to ${ends[second]} of the file of lists`;
    const wanted = `none of list ${first}, ${codesAt[first]} to ${ends[first]}`;
    throw cursor.wrong(`list ${second}`, found, wanted, tableAt + second * ENTRY_BYTES);
  }
  const last = order.at(-1);
  return last === undefined ? 0 : ends[last]!;
}

function* entry(cursor: Cursor, l: number): Reading<{ rows: number; codesAt: number; capacity: number }> {
  const at = cursor.at;
  const view = yield* cursor.take(ENTRY_BYTES, `list ${l}`);
  const [rows, capacity, offset] = [0, 8, 16].map((from) => view.getBigUint64(from, true)) as [bigint, bigint, bigint];
  if (rows === 0n && (offset === NOWHERE || capacity === 0n)) return { rows: 0, codesAt: 0, capacity: 0 };
  if (rows > capacity) throw cursor.wrong(`list ${l}`, `${rows} rows`, `at most its capacity, ${capacity}`, at);
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  if (capacity > most || offset > most) throw cursor.wrong(`list ${l}`, `place ${offset}`, 'below 2^53', at);
  return { rows: Number(rows), codesAt: Number(offset), capacity: Number(capacity) };
}

/** The last component only: whoever opens it looks for it next to the index. */
function* nameOf(cursor: Cursor): Reading<string> {
  const length = yield* cursor.count('filename');
  if (length < 1 || length > LONGEST_NAME)
    throw cursor.wrong('filename', length, `1 to ${LONGEST_NAME} bytes`, cursor.at - 8);
  const at = cursor.at;
  const { buffer, byteOffset } = yield* cursor.take(length, 'filename');
  const path = new TextDecoder('utf-8', { fatal: false }).decode(new Uint8Array(buffer, byteOffset, length));
  const name = path.split(/[/\\]/).at(-1)!;
  if (name === '' || name === '.' || name === '..' || name.includes('\0'))
    throw cursor.wrong('filename', JSON.stringify(path.slice(-100)), 'the name of a file', at);
  return name;
}
