/** Worker side of the search for duplicate ids: a partition's keys as sorted runs in files. */
import { writeFileSync } from 'node:fs';
import type { SlabRing, SourceReader } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { KeysTask, SharedState } from '../threads/tasks.ts';
import { fillRecords, fillTextRecords, RECORD_WORDS, RUN_RECORDS, sortRecords } from './keySort.ts';

/** Writes `<file>.<n>`; each run holds at most RUN_RECORDS records. */
export async function writeKeyRuns(
  task: KeysTask,
  { reader, slabs, shared }: { reader: SourceReader; slabs: SlabRing; shared: SharedState },
): Promise<{ runs: string[] }> {
  const abort = new Int32Array(shared.abort);
  const records = new Uint32Array(RUN_RECORDS * RECORD_WORDS);
  const spare = new Uint32Array(RUN_RECORDS * RECORD_WORDS);
  const runs: string[] = [];
  let filled = 0;
  const flush = (): void => {
    if (filled === 0) return;
    const file = `${task.file}.${runs.length}`;
    writeFileSync(file, sortRecords(records, spare, filled).subarray(0, filled * RECORD_WORDS));
    runs.push(file);
    filled = 0;
  };
  for await (const { first, keys } of reader.readKeys(task.partition, task.sourceSchema, slabs, task.how)) {
    if (Atomics.load(abort, 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    for (let taken = 0; taken < keys.length; ) {
      const count = Math.min(keys.length - taken, RUN_RECORDS - filled);
      const place = { to: filled, partition: task.ordinal, firstRow: first + taken };
      if (keys instanceof BigInt64Array) fillRecords(records, keys.subarray(taken, taken + count), place);
      else fillTextRecords(records, keys.slice(taken, taken + count), place);
      filled += count;
      taken += count;
      if (filled === RUN_RECORDS) flush();
    }
  }
  flush();
  return { runs };
}
