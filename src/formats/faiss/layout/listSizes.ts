/** The table of list sizes: `full` says each, `sprs` names those that are not empty. */
import type { ListTable } from '../model.ts';
import type { Cursor, Reading } from './cursor.ts';

type Sizes = Pick<ListTable, 'rows' | 'numbers'>;

/** Never more memory than the table takes in the file. */
export function* sizesOf(cursor: Cursor, nlist: number): Reading<Sizes> {
  const at = cursor.at;
  const view = yield* cursor.take(4, 'list sizes');
  const cc = String.fromCharCode(view.getUint8(0), view.getUint8(1), view.getUint8(2), view.getUint8(3));
  if (cc === 'full') return yield* full(cursor, nlist);
  if (cc === 'sprs') return yield* sparse(cursor, nlist);
  throw cursor.wrong('list sizes', JSON.stringify(cc), 'full or sprs', at);
}

function* full(cursor: Cursor, nlist: number): Reading<Sizes> {
  const count = yield* cursor.count('sizes');
  cursor.same('sizes', count, nlist, cursor.at - 8);
  cursor.needs(count * 8, 'sizes');
  const rows = new Float64Array(count);
  yield* cursor.eachCount(count, 'sizes', (size, l) => {
    rows[l] = size;
  });
  return { rows };
}

function* sparse(cursor: Cursor, nlist: number): Reading<Sizes> {
  const countAt = cursor.at;
  const count = yield* cursor.count('sizes');
  if (count % 2 !== 0) throw cursor.wrong('sizes', count, 'pairs of list and size', countAt);
  cursor.needs(count * 8, 'sizes');
  const numbers = new Float64Array(count / 2);
  const rows = new Float64Array(count / 2);
  yield* cursor.eachCount(count, 'sizes', (value, i) => {
    const entry = i >> 1;
    if (i % 2 === 1) rows[entry] = value;
    else if (value >= nlist) throw cursor.wrong('sizes', `list ${value}`, `a list below ${nlist}`);
    else if (entry > 0 && value <= numbers[entry - 1]!)
      throw cursor.wrong('sizes', `list ${value} after list ${numbers[entry - 1]}`, 'ascending lists');
    else numbers[entry] = value;
  });
  return { numbers, rows };
}
