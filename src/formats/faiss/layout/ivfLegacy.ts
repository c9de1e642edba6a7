/** Inverted files as old Faiss wrote them: first the ids of all lists, then, behind the quantiser, all their codes. */
import type { Cursor, Reading } from './cursor.ts';
import { directMap, type Entries, type IvfHeader, ivfHeaderBeforeMap, ivfOf } from './ivf.ts';
import { plainEntries, scalarEntries } from './ivfCodes.ts';
import { ivfProductOf } from './ivfProduct.ts';
import type { Body, Kind, Walk } from './laid.ts';
import { emptyTable, type ListsLaid, totalOf } from './lists.ts';
import { scalarQuantiser } from './scalar.ts';

type Table = ReturnType<typeof emptyTable>;

interface LegacyHeader {
  readonly head: IvfHeader;
  /** Rows and ids are known, codes not yet. */
  readonly table: Table;
}

/** IvFl counts floats, IvFL bytes. */
export function* legacyFlat(walk: Walk, kind: Kind): Reading<Body> {
  const { head, table } = yield* legacyHeader(walk);
  const entries = plainEntries(head.d);
  const unit = kind.cc === 'IvFl' ? 4 : 1;
  const laid = yield* legacyCodes(walk.cursor, table, { record: entries.record, unit });
  return ivfOf(walk, kind, head, { entries, laid });
}

export function* legacyScalar(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const { head, table } = yield* legacyHeader(walk);
  const quantiser = yield* scalarQuantiser(walk, kind, head);
  cursor.same('code_size', yield* cursor.count('code_size'), quantiser.codeBytes, cursor.at - 8);
  const entries = scalarEntries(quantiser, true);
  const laid = yield* legacyCodes(cursor, table, { record: entries.record, unit: 1 });
  return ivfOf(walk, kind, head, { entries, laid });
}

export function* legacyProduct(walk: Walk, kind: Kind): Reading<Body> {
  const { head, table } = yield* legacyHeader(walk);
  return yield* ivfProductOf(walk, kind, head, ({ record }: Entries) =>
    legacyCodes(walk.cursor, table, { record, unit: 1 }),
  );
}

function* legacyHeader(walk: Walk): Reading<LegacyHeader> {
  const { cursor } = walk;
  const head = yield* ivfHeaderBeforeMap(walk);
  const { nlist } = head;
  cursor.needs(nlist * 8, 'ids of the lists');
  const table = emptyTable(nlist);
  for (let l = 0; l < nlist; l++) {
    const ids = yield* cursor.vec(8, `ids of list ${l}`);
    table.rows[l] = ids.count;
    table.idsAt[l] = ids.at;
  }
  yield* directMap(walk);
  return { head, table };
}

function* legacyCodes(
  cursor: Cursor,
  table: Table,
  { record, unit }: { readonly record: number; readonly unit: number },
): Reading<ListsLaid> {
  const { rows, codesAt } = table;
  for (let l = 0; l < rows.length; l++) {
    const countAt = cursor.at;
    const codes = yield* cursor.vec(unit, `codes of list ${l}`);
    cursor.same(`codes of list ${l}`, codes.count * unit, rows[l]! * record, countAt);
    codesAt[l] = codes.at;
  }
  const storage = { kind: 'lists', record, block: undefined, lists: table, duplicates: undefined } as const;
  return { storage, refused: undefined, total: totalOf(rows), cc: 'one by one' };
}
