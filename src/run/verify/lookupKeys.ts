/** Worker side: finds certain primary keys in a partition, and the hashes of their rows. */
import { columnsOf, comparedFields, rowHash } from '../../core/canonical.ts';
import type { Key, Sample, SlabRing, SourceReader } from '../../core/contracts.ts';
import { keysOf } from '../../core/keys.ts';
import { readRows } from '../read/readRows.ts';
import type { LookupTask, SharedState } from '../threads/tasks.ts';

/** A row by its key and its values. */
export function rowName(key: string, hash: string): string {
  return `${hash}/${key}`;
}

/** Every row whose key is wanted counts, duplicates each. */
export async function lookupKeys(
  task: LookupTask,
  { reader, slabs, shared }: { reader: SourceReader; slabs: SlabRing; shared: SharedState },
): Promise<{ rows: number; matches: Sample[] }> {
  const { keys, hashes, schema } = task;
  const wanted = new Map<Key, readonly string[] | undefined>(
    Array.from(keys as Iterable<Key>, (key, index) => [key, hashes?.[index]]),
  );
  const matches = new Map<string, Sample>();
  let rows = 0;
  const fields = comparedFields(schema);
  for await (const batch of readRows(task, { reader, slabs, shared }).batches) {
    const columns = columnsOf(batch, fields);
    keysOf(schema, batch).forEach((value: Key, row: number) => {
      if (!wanted.has(value)) return;
      rows++;
      const asked = wanted.get(value);
      if (asked === undefined) return;
      const hash = rowHash(fields, columns, row);
      if (asked.includes(hash)) matches.set(rowName(String(value), hash), { key: String(value), hash });
    });
  }
  return { rows, matches: [...matches.values()] };
}
