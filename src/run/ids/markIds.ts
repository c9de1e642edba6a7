/** Worker side of the look at stored ids: one bit for each id of 0 … n−1, set by whoever reads that id first. */
import type { SlabRing, SourceReader } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { IdBits, Marked, MarksTask, SharedState } from '../threads/tasks.ts';

export interface Marker {
  /** @param ids Int64, little endian */
  take(ids: ArrayBufferView): void;
  /** How many had no bit (outside 0 … n−1), or one that was set already; of all that were taken. */
  readonly marked: Marked;
}

export function createMarker({ bits: shared, count }: IdBits): Marker {
  const bits = new Int32Array(shared);
  const marked = { odd: 0, keys: 0 };
  return {
    marked,
    take({ buffer, byteOffset, byteLength }) {
      // In halves: no BigInt per id.
      const words =
        byteOffset % 4 === 0
          ? new Uint32Array(buffer, byteOffset, byteLength / 4)
          : new Uint32Array(buffer.slice(byteOffset, byteOffset + byteLength));
      marked.keys += words.length / 2;
      for (let at = 0; at < words.length; at += 2) {
        const id = words[at]!;
        const mark = 1 << (id & 31);
        if (words[at + 1] !== 0 || id >= count || (Atomics.or(bits, id >>> 5, mark) & mark) !== 0) marked.odd++;
      }
    },
  };
}

/** None is odd in any partition: each id of 0 … n−1 occurs once. */
export async function markIds(
  task: MarksTask,
  { reader, slabs, shared }: { reader: SourceReader; slabs: SlabRing; shared: SharedState },
): Promise<Marked> {
  const abort = new Int32Array(shared.abort);
  const marker = createMarker(task);
  for await (const { keys } of reader.readKeys(task.partition, task.sourceSchema, slabs, task.how)) {
    if (Atomics.load(abort, 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    if (!(keys instanceof BigInt64Array)) throw new TypeError('keys that are texts have no marks');
    marker.take(keys);
  }
  return marker.marked;
}
