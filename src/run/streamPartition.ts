/** Worker side: hands a partition's rows to the main thread, as views into slabs that come back when they are sent. */
import type { Batch } from '../core/batch.ts';
import type { Slab, SlabRing, SourceReader } from '../core/contracts.ts';
import { readRows } from './readRows.ts';
import { allocateRing, openRing, type RingMemory, STREAM_SLAB_BYTES, STREAM_SLABS } from './slabs.ts';
import type { SharedState, StreamMessage, StreamTask } from './tasks.ts';

let streamRing: RingMemory | undefined;

/** Ends when all rows are handed over; the receiver may still hold slabs then. Who calls it says when it ended. */
export async function streamPartition(
  task: StreamTask,
  { reader, shared }: { reader: SourceReader; shared: SharedState },
): Promise<{ rows: number }> {
  // One ring a thread, for all its streams: a task follows another only when the receiver gave every slab back.
  streamRing ??= allocateRing(STREAM_SLAB_BYTES, STREAM_SLABS);
  const send = (message: StreamMessage): void => task.port.postMessage(message);
  send({ kind: 'ring', memory: streamRing });
  const ring = openRing(streamRing);
  const lent: Slab[] = [];
  const tracking: SlabRing = {
    slabBytes: ring.slabBytes,
    acquire() {
      const slab = ring.acquire();
      lent.push(slab);
      return slab;
    },
    // The receiver releases what it was sent; the reader's own release comes too early for it.
    release: () => undefined,
  };
  const { batches } = readRows(task, { reader, slabs: tracking, shared });
  let first = 0;
  try {
    for await (const batch of batches) {
      const slab = lent.pop();
      if (slab === undefined) throw new TypeError('a batch without a slab');
      if (first + batch.rows <= task.first || batch.rows === 0) ring.release(slab);
      else send(describe(batch, slab, first));
      first += batch.rows;
    }
    return { rows: first };
  } finally {
    for (const slab of lent) ring.release(slab);
  }
}

function describe(batch: Batch, slab: Slab, first: number): StreamMessage {
  const columns = batch.columns.map(({ field, rowBytes, bytes }) => ({
    field,
    rowBytes,
    offset: bytes.byteOffset,
    length: bytes.byteLength,
  }));
  return { kind: 'batch', slab: slab.index, first, rows: batch.rows, origin: batch.origin, columns };
}
