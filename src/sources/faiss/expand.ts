/** Rows of a deduplicated index: each stored row, and behind it one of the same vector for every id that equals it. */
import type { Slab, SlabRing } from '../../core/contracts.ts';
import type { RangeDetail } from './detail.ts';
import { type Copies, copiesOf } from './duplicates.ts';
import { type FillContext, type StoredRows, storedRows } from './fills.ts';
import { columnsOf, layOutSlab } from './slab.ts';

/** As `storedRows`; the same rows in the same order whatever the slabs are. */
export async function* expandRows(range: RangeDetail, context: FillContext): AsyncGenerator<StoredRows> {
  const { open, slabs, vectorBytes } = context;
  const copies = open.copies!;
  const layout = layOutSlab(vectorBytes, slabs.slabBytes);
  let slab: Slab | undefined;
  let filled = 0;
  const rowsIn = (some: Slab, rows: number): StoredRows => ({ columns: columnsOf(some, layout, rows), slab: some });
  try {
    for await (const stored of storedRows(range, { ...context, slabs: privateSlab(slabs.slabBytes) })) {
      const { ids, vectors } = stored.columns;
      for (const { row, id } of expanded(ids, copies)) {
        slab ??= slabs.acquire();
        const { columns } = rowsIn(slab, layout.rows);
        columns.ids[filled] = id;
        columns.vectors.set(vectors.subarray(row * vectorBytes, (row + 1) * vectorBytes), filled * vectorBytes);
        if (++filled < layout.rows) continue;
        const full = slab;
        [slab, filled] = [undefined, 0];
        yield rowsIn(full, layout.rows);
      }
    }
    if (slab === undefined) return;
    const last = slab;
    slab = undefined;
    yield rowsIn(last, filled);
  } finally {
    if (slab !== undefined) slabs.release(slab);
  }
}

/** The ids in their order, each followed by those that equal it, with the row that holds their vector. */
export function* expanded(ids: BigInt64Array, copies: Copies): Generator<{ row: number; id: bigint }> {
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    yield { row, id };
    const { from, end } = copiesOf(copies, id);
    for (let copy = from; copy < end; copy++) yield { row, id: copies.copies[copy]! };
  }
}

/** Memory that is used again for each step: its rows are copied out before the next. */
function privateSlab(slabBytes: number): SlabRing {
  const slab: Slab = { index: 0, memory: new SharedArrayBuffer(slabBytes) };
  return { slabBytes, slabs: 1, acquire: () => slab, release: () => undefined };
}
