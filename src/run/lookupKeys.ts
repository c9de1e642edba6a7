/** Worker side: finds certain primary keys in a partition, and the hashes of their rows. */
import { columnsOf, comparedFields, rowHash } from '../core/canonical.ts';
import type { Key, Sample, SlabRing, SourceReader } from '../core/contracts.ts';
import { keysOf } from '../core/keys.ts';
import { readRows } from './readRows.ts';
import type { LookupTask, SharedState } from './tasks.ts';

/** Every row whose key is wanted counts, duplicates each. */
export async function lookupKeys(
  task: LookupTask,
  { reader, slabs, shared }: { reader: SourceReader; slabs: SlabRing; shared: SharedState },
): Promise<{ rows: number; matches: Sample[] }> {
  const { keys, hashes, schema } = task;
  const wanted = new Map<Key, string | undefined>(
    Array.from(keys as Iterable<Key>, (key, index) => [key, hashes?.[index]]),
  );
  const matches = new Map<Key, Sample>();
  let rows = 0;
  const fields = comparedFields(schema);
  for await (const batch of readRows(task, { reader, slabs, shared }).batches) {
    const columns = columnsOf(batch, fields);
    keysOf(schema, batch).forEach((value: Key, row: number) => {
      if (!wanted.has(value)) return;
      rows++;
      const hash = wanted.get(value);
      if (hash === undefined || rowHash(fields, columns, row) !== hash) return;
      matches.set(value, { key: String(value), hash });
    });
  }
  return { rows, matches: [...matches.values()] };
}
