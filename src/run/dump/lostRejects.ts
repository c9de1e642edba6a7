/**
 * Rejected rows that this host has not: an earlier run of the job kept them in its own state folder, on another host, or
 * the folder is gone. Their parts are read again, through to checksums only.
 */
import { existsSync } from 'node:fs';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import type { Part } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { readTask } from '../read/rowStream.ts';
import type { RunContext } from '../shared/context.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';
import { rejectPart } from './dumpStage.ts';
import { countLines } from './rejects.ts';

/** After it, every part that is recorded has its rejected rows beside it. E_SOURCE_CHANGED where they are others now. */
export async function recoverRejects(run: RunContext): Promise<void> {
  // Of a dumped folder, the rows were rejected when it was dumped: they stand in that dump's file.
  if (run.config.rejectFile === undefined || run.reader.kind === 'dumped') return;
  const lost = run.ledger.partitions().filter(({ part }) => part !== undefined && !hasRejects(run, part));
  if (lost.length === 0) return;
  run.warn(`${lost.length} parts are read again for their rejected rows, which an earlier run kept on another host`);
  await forEachConcurrently(lost, run.pool.threads, (record) => readAgain(run, record));
}

/** Whether this host has the rejected rows of a part. */
export function hasRejects(run: RunContext, { partition, rejected }: Part): boolean {
  if (rejected === 0) return true;
  const file = rejectPart(run, partition);
  return existsSync(file) && countLines(file) === rejected;
}

async function readAgain(run: RunContext, record: PartitionRecord): Promise<void> {
  const { part, planned } = record;
  if (part === undefined) return;
  const { partition, samples } = planned;
  const { part: again } = await run.pool.run<'dump'>({
    kind: 'dump',
    ...readTask(run, record),
    store: undefined,
    uploads: undefined,
    format: 'npy',
    dir: '',
    samples,
    rejectFile: rejectPart(run, partition.id),
    collection: partition.dataset,
  });
  const columns = Object.keys(part.columnCrc);
  const same =
    again.rejected === part.rejected && columns.every((name) => again.columnCrc[name] === part.columnCrc[name]);
  if (same) return;
  throw new MigrateError('E_SOURCE_CHANGED', 'the source is not what it was when this part was read', {
    at: { collection: planned.collection },
    found: `${again.rows} rows and ${again.rejected} rejected, or other values`,
    wanted: `${part.rows} rows and ${part.rejected} rejected, as part ${partition.id} was read`,
    hint: 'start over with --fresh, or put the source back as it was',
  });
}
