/** The first stage: every partition that has no part yet is read by a worker, into files or only through to checksums. */
import { join } from 'node:path';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import type { Part } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { FileFormat } from '../../core/plan.ts';
import { addMarks } from '../ids/idMarks.ts';
import { writtenFolder } from '../places/layout.ts';
import { openUploadDesk } from '../places/uploads.ts';
import { announce } from '../progress/events.ts';
import type { Totals } from '../progress/progress.ts';
import type { RunContext } from '../shared/context.ts';
import { droppedFile, plannedOf, schemasOf } from '../shared/plannedSchemas.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';
import { TASKS_PER_WORKER } from '../threads/pool.ts';
import type { DumpTask } from '../threads/tasks.ts';
import { discardUnusable, findLost } from './usableParts.ts';

/**
 * Calls `onPart` for every part, those of earlier runs first. Returns when all partitions have one.
 * @param takes which target collections to dump
 */
export async function dumpStage(
  run: RunContext,
  onPart: (record: PartitionRecord) => void,
  takes: (collection: string) => boolean = () => true,
): Promise<void> {
  const stage = run.route === 'stream' ? 'scan' : 'dump';
  await discardUnusable(run);
  const lost = await findLost(run, takes);
  // What changed later is read when the rest is loaded: see lateChanges.ts.
  const records = run.ledger.partitions().filter(({ planned }) => takes(planned.collection) && planned.upsert !== true);
  const isDone = ({ planned, part }: PartitionRecord): boolean => part !== undefined && !lost.has(planned.partition.id);
  const done = records.filter(isDone);
  run.meter.start(stage, totals(records), totals(done));
  for (const record of done) onPart(record);
  const left = records.filter((record) => !isDone(record));
  await forEachConcurrently(left, run.pool.threads * TASKS_PER_WORKER, async (record) => {
    const { planned } = record;
    const part = await dumpPatiently(run, record);
    announce('part recorded', part.partition);
    run.meter.add(stage, {
      units: 1,
      rows: planned.partition.rows + planned.partition.deleted,
      bytes: planned.partition.bytes,
    });
    const { rows, bytes, ms } = part;
    run.meter.part({ stage, collection: planned.collection, part: part.partition, rows, bytes, ms });
    onPart(run.ledger.get(part.partition));
  });
  run.meter.finish(stage);
}

function totals(records: readonly PartitionRecord[]): Totals {
  const sum = (pick: (record: PartitionRecord) => number): number => records.reduce((all, one) => all + pick(one), 0);
  return {
    units: records.length,
    rows: sum(({ planned: { partition } }) => partition.rows + partition.deleted),
    bytes: sum(({ planned: { partition } }) => partition.bytes),
  };
}

/** Makes the part of one partition, and records it. */
export async function dumpPart(run: RunContext, partition: string): Promise<void> {
  await dumpPatiently(run, run.ledger.get(partition));
}

/** How often a part of a source that is a server is begun anew: stores are patient by themselves. */
const TRIES = 3;

/** A part is whole or absent, so it may be made again from its start: what a lost scroll comes to, for one. */
async function dumpPatiently(run: RunContext, record: PartitionRecord): Promise<Part> {
  for (let tries = 1; ; tries++)
    try {
      return await dump(run, record);
    } catch (thrown) {
      const again = run.reader.kind === 'elasticsearch' && thrown instanceof MigrateError && thrown.retry;
      if (!again || tries === TRIES || run.signal.aborted) throw thrown;
      run.warn(`a part of ${record.planned.collection} is read again from its start: ${thrown.message}`);
    }
}

/** One part, recorded, with nothing left in the journal of what it took. */
async function dump(run: RunContext, record: PartitionRecord): Promise<Part> {
  const { files } = run;
  const task = dumpTask(run, record);
  // A folder keeps nothing under an id: nothing to record.
  const records = files !== undefined && task.store !== undefined && task.store.scheme !== 'file';
  const desk = records ? openUploadDesk(files.journal.record) : undefined;
  try {
    const ports = desk === undefined ? [] : [desk.port];
    const { part, marked } = await run.pool.run<'dump'>({ ...task, uploads: desk?.port }, ports);
    await run.ledger.recordPart(part);
    addMarks(run, record.planned.collection, marked);
    await files?.journal.drop(desk?.uploads ?? []);
    return part;
  } finally {
    desk?.close();
  }
}

function dumpTask(run: RunContext, { planned, load }: PartitionRecord): Omit<DumpTask, 'uploads'> {
  const { reader, files, route, config } = run;
  const { partition } = planned;
  const streamed = route === 'stream' || planned.upsert === true;
  return {
    kind: 'dump',
    reader,
    partition,
    ...schemasOf(run, planned.collection),
    droppedFile: droppedFile(run, planned),
    rejectNonFinite: config.rejectFile !== undefined,
    rejectFile: config.rejectFile === undefined ? undefined : rejectPart(run, partition.id),
    store: streamed ? undefined : files?.config,
    format: formatOf(run, planned.collection),
    dir: streamed ? '' : writtenFolder(run, { planned, load }),
    samples: planned.samples,
    collection: partition.dataset,
    marks: planned.upsert === true ? undefined : run.marks?.get(planned.collection),
  };
}

function formatOf(run: Pick<RunContext, 'collections'>, collection: string): FileFormat {
  return plannedOf(run, collection).format ?? 'npy';
}

/** Rejected rows of one partition. */
export function rejectPart(run: Pick<RunContext, 'jobDir'>, partition: string): string {
  return join(run.jobDir, 'rejects', `${partition}.jsonl`);
}
