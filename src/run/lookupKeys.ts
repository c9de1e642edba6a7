/** Worker side: finds certain primary keys in a partition, and the hashes of their vectors. */
import { columnOf, int64s } from '../core/batch.ts';
import type { Sample, SlabRing, SourceReader } from '../core/contracts.ts';
import { primaryKeyOf, vectorOf } from '../core/schema.ts';
import { readRows, vectorHash } from './readRows.ts';
import type { LookupTask, SharedState } from './tasks.ts';

/** Every row whose key is wanted, duplicates each; `hash` is empty where no hashes are wanted. */
export async function lookupKeys(
  task: LookupTask,
  { reader, slabs, shared }: { reader: SourceReader; slabs: SlabRing; shared: SharedState },
): Promise<{ matches: Sample[] }> {
  const wanted = new Set(task.keys);
  const matches: Sample[] = [];
  const key = primaryKeyOf(task.schema).name;
  const vector = vectorOf(task.schema).name;
  for await (const batch of readRows(task, { reader, slabs, shared }).batches) {
    const { bytes, rowBytes } = columnOf(batch, vector);
    int64s(columnOf(batch, key)).forEach((value, row) => {
      if (!wanted.has(value)) return;
      const hash = task.hashes ? vectorHash(bytes.subarray(row * rowBytes, (row + 1) * rowBytes)) : '';
      matches.push({ key: String(value), hash });
    });
  }
  return { matches };
}
