/** Main side of a stream of rows from a worker: batches in slabs, given back when the consumer is through with them. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Batch } from '../../core/batch.ts';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import type { SlabRing } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { RunContext } from '../shared/context.ts';
import { droppedFile, schemasOf } from '../shared/plannedSchemas.ts';
import { openRing, type RingMemory } from '../threads/slabs.ts';
import type { ReadTask, SentView, StreamMessage, WorkerResults } from '../threads/tasks.ts';

/** What every task that reads a planned partition is told. */
export function readTask(run: RunContext, { planned, part }: PartitionRecord): ReadTask {
  return {
    reader: run.reader,
    partition: planned.partition,
    ...schemasOf(run, planned.collection),
    droppedFile: droppedFile(run, planned),
    // Rows that were counted once must come again as they were counted, whatever this run's flags say.
    rejectNonFinite: part === undefined ? run.config.rejectFile !== undefined : part.rejected > 0,
  };
}

export type StreamedRows = WorkerResults['stream'];

/**
 * Calls `consume` with each batch of the partition, in order, from the batch that holds row `first` on.
 * @param consume gets the ordinal of the batch's first row; the batch is gone when it returns
 * @returns how many rows the partition has, and had to leave out
 */
export async function streamRows(
  run: RunContext,
  record: PartitionRecord,
  { first, consume }: { first: number; consume: (batch: Batch, first: number) => Promise<void> },
): Promise<StreamedRows> {
  const { port1: port, port2 } = new MessageChannel();
  const task = run.pool.run<'stream'>({ kind: 'stream', ...readTask(run, record), first, port: port2 }, [port2]);
  // Looked at when the stream has ended: until then a failure must not count as one that nobody handles.
  const ended = task.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  try {
    await receive(run, port, consume);
  } finally {
    port.close();
  }
  const failure = await ended;
  if (failure !== undefined) throw failure.error;
  return await task;
}

async function receive(
  run: RunContext,
  port: MessagePort,
  consume: (batch: Batch, first: number) => Promise<void>,
): Promise<void> {
  let ring: { readonly memory: RingMemory; readonly slabs: SlabRing } | undefined;
  let failure: { readonly error: unknown } | undefined;
  for await (const message of messages(port)) {
    if (message.kind === 'end') break;
    if (message.kind === 'ring') {
      ring = { memory: message.memory, slabs: openRing(message.memory) };
      continue;
    }
    if (ring === undefined) throw new TypeError('a batch before its memory');
    const memory = ring.memory.slabs[message.slab]!;
    try {
      if (failure === undefined && run.signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted');
      if (failure === undefined) await consume(batchOf(message, memory), message.first);
    } catch (error) {
      // The worker is told, and its slabs keep coming back until it has stopped: else it would wait for one for ever.
      failure = { error };
      run.fail(error);
    } finally {
      ring.slabs.release({ index: message.slab, memory });
    }
  }
  if (failure !== undefined) throw failure.error;
}

async function* messages(port: MessagePort): AsyncGenerator<StreamMessage> {
  const inbox: StreamMessage[] = [];
  let closed = false;
  let wake: () => void = () => undefined;
  port.on('message', (message: StreamMessage) => {
    inbox.push(message);
    wake();
  });
  void once(port, 'close').then(() => {
    closed = true;
    wake();
  });
  for (;;) {
    const message = inbox.shift();
    if (message !== undefined) yield message;
    else if (closed) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

function batchOf(message: Extract<StreamMessage, { kind: 'batch' }>, memory: SharedArrayBuffer): Batch {
  const { rows, origin, withoutSnapshot } = message;
  const bytesOf = (view: SentView): Uint8Array => new Uint8Array(view.memory ?? memory, view.offset, view.length);
  const offsetsOf = (view: SentView): Uint32Array =>
    new Uint32Array(view.memory ?? memory, view.offset, view.length / 4);
  const columns = message.columns.map(({ field, rowBytes, bytes, offsets, nulls }) => ({
    field,
    rowBytes,
    bytes: bytesOf(bytes),
    ...(offsets === undefined ? {} : { offsets: offsetsOf(offsets) }),
    ...(nulls === undefined ? {} : { nulls: bytesOf(nulls) }),
  }));
  return { rows, origin, withoutSnapshot, columns, read: rows, deleted: 0, dropped: 0 };
}
