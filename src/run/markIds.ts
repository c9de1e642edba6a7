/** Worker side of the look at stored ids: one bit for each id of 0 … n−1, set by whoever reads that id first. */
import type { SlabRing, SourceReader } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import type { MarksTask, SharedState } from './tasks.ts';

/** How many ids had no bit (outside 0 … n−1), or one that was set already. None in any partition: each occurs once. */
export async function markIds(
  task: MarksTask,
  { reader, slabs, shared }: { reader: SourceReader; slabs: SlabRing; shared: SharedState },
): Promise<{ odd: number; keys: number }> {
  const abort = new Int32Array(shared.abort);
  const bits = new Int32Array(task.bits);
  let odd = 0;
  let read = 0;
  for await (const { keys } of reader.readKeys(task.partition, task.sourceSchema, slabs, task.how)) {
    if (Atomics.load(abort, 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    if (!(keys instanceof BigInt64Array)) throw new TypeError('keys that are texts have no marks');
    read += keys.length;
    // In halves: no BigInt per id.
    const words = new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);
    for (let at = 0; at < words.length; at += 2) {
      const id = words[at]!;
      const mark = 1 << (id & 31);
      if (words[at + 1] !== 0 || id >= task.count || (Atomics.or(bits, id >>> 5, mark) & mark) !== 0) odd++;
    }
  }
  return { odd, keys: read };
}
