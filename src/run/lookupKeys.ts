/** Worker side: finds certain primary keys in a partition, and the hashes of their vectors. */
import { columnOf, int64s } from '../core/batch.ts';
import type { Sample, SlabRing, SourceReader } from '../core/contracts.ts';
import { primaryKeyOf, vectorOf } from '../core/schema.ts';
import { readRows, vectorHash } from './readRows.ts';
import type { LookupTask, SharedState } from './tasks.ts';

/** Every row whose key is wanted counts, duplicates each. */
export async function lookupKeys(
  task: LookupTask,
  { reader, slabs, shared }: { reader: SourceReader; slabs: SlabRing; shared: SharedState },
): Promise<{ rows: number; matches: Sample[] }> {
  const { keys, hashes } = task;
  const wanted = new Map(Array.from(keys, (key, index) => [key, hashes?.[index]]));
  const matches = new Map<bigint, Sample>();
  let rows = 0;
  const key = primaryKeyOf(task.schema).name;
  const vector = vectorOf(task.schema).name;
  for await (const batch of readRows(task, { reader, slabs, shared }).batches) {
    const { bytes, rowBytes } = columnOf(batch, vector);
    int64s(columnOf(batch, key)).forEach((value, row) => {
      if (!wanted.has(value)) return;
      rows++;
      const hash = wanted.get(value);
      if (hash === undefined || vectorHash(bytes.subarray(row * rowBytes, (row + 1) * rowBytes)) !== hash) return;
      matches.set(value, { key: String(value), hash });
    });
  }
  return { rows, matches: [...matches.values()] };
}
