/** Worker side: one partition → one part, whole or absent. */
import { setImmediate } from 'node:timers/promises';
import { type Batch, columnOf } from '../../core/batch.ts';
import type { Encoder, Part, RecordUpload, SlabRing, SourceReader, Store, StoreGroup } from '../../core/contracts.ts';
import { throwAfter } from '../../core/errors.ts';
import { primaryKeyOf, type Schema } from '../../core/schema.ts';
import { ENCODERS } from '../../encoders/index.ts';
import { openNoEncoder } from '../../encoders/none.ts';
import { createMarker } from '../ids/markIds.ts';
import { announce } from '../progress/events.ts';
import { readRows } from '../read/readRows.ts';
import { createSampler } from '../read/sampler.ts';
import type { DumpTask, SharedState, WorkerResults } from '../threads/tasks.ts';
import { inTurn, type Turn } from '../threads/turn.ts';
import { openRejects, type RejectWriter } from './rejects.ts';

export interface DumpContext {
  readonly reader: SourceReader;
  readonly store: Store | undefined;
  /** Given to the store for its uploads. */
  readonly record: RecordUpload;
  readonly slabs: SlabRing;
  readonly shared: SharedState;
  /** The worker's slabs are one task's at a time. */
  readonly turn: Turn;
}

/** Leaves either the whole part under `task.dir`, durable, or nothing of it. */
export async function dumpPartition(task: DumpTask, context: DumpContext): Promise<WorkerResults['dump']> {
  const group = await context.store?.begin(task.dir, context.record);
  const rejects = task.rejectFile === undefined ? undefined : openRejects(task.rejectFile, task);
  try {
    const { part, marked } = await writePart(task, context, { group, rejects });
    announce('part written', part.partition);
    // The rejects first: a part that is there without its rejects would have lost them.
    await rejects?.commit();
    await group?.commit();
    announce('part renamed', part.partition);
    return { part, marked };
  } catch (thrown) {
    return await throwAfter(thrown, async () => {
      try {
        await rejects?.abort();
      } finally {
        await group?.abort();
      }
    });
  }
}

/** Steps that leave rows out. */
const FILTERING: ReadonlySet<string> = new Set(['filter', 'module']);

interface Outputs {
  readonly group: StoreGroup | undefined;
  readonly rejects: RejectWriter | undefined;
}

async function writePart(
  task: DumpTask,
  context: DumpContext,
  { group, rejects }: Outputs,
): Promise<WorkerResults['dump']> {
  const started = performance.now();
  const { schema, partition } = task;
  const encoder: Encoder = group === undefined ? openNoEncoder(schema) : await ENCODERS[task.format](group, schema);
  const mayBeFewer =
    rejects !== undefined || task.droppedFile !== undefined || task.steps.some(({ kind }) => FILTERING.has(kind));
  const sampler = createSampler(schema, { expected: partition.rows, wanted: task.samples, mayBeFewer });
  const measure = task.measure === true ? createMeasure(schema) : undefined;
  const marker = task.marks === undefined ? undefined : createMarker(task.marks);
  const key = primaryKeyOf(schema).name;
  const { reader, slabs, shared, turn } = context;
  const counts = await inTurn(turn, async () => {
    const stream = readRows(task, {
      reader,
      slabs,
      shared,
      ...(rejects === undefined ? {} : { onRejected: rejects.write, onRefused: rejects.writeRefused }),
    });
    for await (const batch of stream.batches) {
      sampler.take(batch);
      measure?.take(batch);
      marker?.take(columnOf(batch, key).bytes);
      await encoder.write(batch);
      announce('batch written', partition.id);
      // Local reads and writes never leave the thread: without this the task before would not get to its commit.
      await setImmediate();
    }
    return stream.counts;
  });
  // The turn is over: the next task reads while this one's files go to the disk, or its uploads end.
  const { files, columnCrc } = await encoder.close();
  const part: Part = {
    ...counts,
    columnCrc,
    samples: sampler.samples(),
    ...(measure === undefined ? {} : { longest: measure.longest }),
    partition: partition.id,
    dir: group === undefined ? '' : task.dir,
    files,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    ms: Math.round(performance.now() - started),
  };
  return { part, marked: marker?.marked };
}

/** The longest text of each VarChar field. */
function createMeasure(schema: Schema): { take(batch: Batch): void; readonly longest: Record<string, number> } {
  const names = schema.fields.filter(({ type }) => type === 'VarChar').map(({ name }) => name);
  const longest: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  return {
    longest,
    take(batch) {
      for (const name of names) {
        const { offsets } = columnOf(batch, name);
        for (let row = 0; row < batch.rows; row++)
          longest[name] = Math.max(longest[name]!, offsets![row + 1]! - offsets![row]!);
      }
    },
  };
}
