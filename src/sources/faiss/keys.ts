/** The ids of a range alone, for the search for duplicates and for counting those of a deduplicated index. */
import type { KeyBatch, SlabRing } from '../../core/contracts.ts';
import type { RangeDetail } from './detail.ts';
import { expanded } from './expand.ts';
import { fetchAll } from './fetch.ts';
import { mapIds, wantIds } from './ids.ts';
import type { OpenIndex } from './openIndex.ts';
import { ID_BYTES } from './slab.ts';
import { stepsOf } from './steps.ts';

export async function* keyBatches(open: OpenIndex, range: RangeDetail, slabs: SlabRing): AsyncGenerator<KeyBatch> {
  const slab = slabs.acquire();
  try {
    const room = new BigInt64Array(slab.memory, 0, Math.floor(slabs.slabBytes / ID_BYTES));
    let first = 0;
    for await (const keys of keysOf(open, range, room)) {
      await mapIds(keys, open);
      yield { first, keys };
      first += keys.length;
    }
  } finally {
    slabs.release(slab);
  }
}

/** Keys before any map, copies of deduplicated rows among them; in `room`, which is used anew for each batch. */
async function* keysOf(open: OpenIndex, range: RangeDetail, room: BigInt64Array): AsyncGenerator<BigInt64Array> {
  const { copies } = open;
  if (copies === undefined) return yield* storedKeys(open, range, room);
  const stored = new BigInt64Array(room.length);
  let filled = 0;
  for await (const ids of storedKeys(open, range, stored))
    for (const { id } of expanded(ids, copies)) {
      room[filled++] = id;
      if (filled < room.length) continue;
      yield room;
      filled = 0;
    }
  if (filled > 0) yield room.subarray(0, filled);
}

/** As they are stored, without the copies. */
export async function* storedKeys(
  open: OpenIndex,
  range: RangeDetail,
  room: BigInt64Array,
): AsyncGenerator<BigInt64Array> {
  // Codes are not read, whatever their size.
  const limits = { rows: room.length, codeBytes: Number.POSITIVE_INFINITY };
  for (const step of stepsOf(range, open.shape, limits)) {
    const ids = room.subarray(0, step.rows);
    const wants = wantIds(step, open, ids);
    await fetchAll(open.lists, wants.lists, open.limits);
    await fetchAll(open.index, wants.index, open.limits);
    yield ids;
  }
}
