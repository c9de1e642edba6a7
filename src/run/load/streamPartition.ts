/** Worker side: hands a partition's rows to the main thread, as views into slabs that come back when they are sent. */
import type { Batch } from '../../core/batch.ts';
import type { Slab, SlabRing, SourceReader } from '../../core/contracts.ts';
import { readRows } from '../read/readRows.ts';
import { allocateRing, openRing, type RingMemory, STREAM_RING } from '../threads/slabs.ts';
import type { SentView, SharedState, StreamMessage, StreamTask, WorkerResults } from '../threads/tasks.ts';

let streamRing: RingMemory | undefined;

/** Ends when all rows are handed over; the receiver may still hold slabs then. Who calls it says when it ended. */
export async function streamPartition(
  task: StreamTask,
  { reader, shared }: { reader: SourceReader; shared: SharedState },
): Promise<WorkerResults['stream']> {
  // One ring a thread, for all its streams: a task follows another only when the receiver gave every slab back.
  streamRing ??= allocateRing(STREAM_RING);
  const send = (message: StreamMessage): void => task.port.postMessage(message);
  send({ kind: 'ring', memory: streamRing });
  const { slabs, noting, taken } = track(openRing(streamRing));
  const { batches, counts } = readRows(task, { reader: noting(reader), slabs, shared });
  let first = 0;
  for await (const batch of batches) {
    const passed = first + batch.rows <= task.first || batch.rows === 0;
    if (!passed) send(describe(batch, taken(), first));
    first += batch.rows;
  }
  return { rows: first, refused: counts.rejected + (counts.refused ?? 0), named: counts.firstNonFinite };
}

interface Tracked {
  readonly slabs: SlabRing;
  /** The reader, with the slab of each batch that it emits noted. */
  noting(reader: SourceReader): SourceReader;
  /**
   * The slab of the batch that was emitted last, which is the receiver's from now on. Steps give one batch for each, and
   * may have put all of its columns elsewhere: the batch itself does not tell.
   */
  taken(): Slab;
}

/** A ring whose reader gives back only what was not sent: the receiver releases the rest, and the reader's own release comes too early for it. */
function track(ring: SlabRing): Tracked {
  const own = new Map<ArrayBufferLike, Slab>();
  let latest: Slab | undefined;
  return {
    slabs: {
      slabBytes: ring.slabBytes,
      slabs: ring.slabs,
      acquire() {
        const slab = ring.acquire();
        own.set(slab.memory, slab);
        return slab;
      },
      release(slab) {
        if (own.delete(slab.memory)) ring.release(slab);
      },
    },
    noting: (reader) => ({
      ...reader,
      async *read(...given) {
        for await (const batch of reader.read(...given)) {
          const memory = batch.columns[0]?.bytes.buffer;
          latest = memory === undefined ? undefined : own.get(memory);
          yield batch;
        }
      },
    }),
    taken() {
      if (latest === undefined) throw new TypeError('a batch without a slab');
      own.delete(latest.memory);
      return latest;
    },
  };
}

/** A view as it travels. What does not lie in the slab is copied into memory of its own. */
function sent(view: Uint8Array | Uint32Array, slab: Slab): SentView {
  const { buffer, byteOffset: offset, byteLength: length } = view;
  if (buffer === slab.memory) return { memory: undefined, offset, length };
  const memory = new SharedArrayBuffer(length);
  new Uint8Array(memory).set(new Uint8Array(buffer, offset, length));
  return { memory, offset: 0, length };
}

function describe(batch: Batch, slab: Slab, first: number): StreamMessage {
  const columns = batch.columns.map(({ field, rowBytes, bytes, offsets, nulls }) => ({
    field,
    rowBytes,
    bytes: sent(bytes, slab),
    offsets: offsets === undefined ? undefined : sent(offsets, slab),
    nulls: nulls === undefined ? undefined : sent(nulls, slab),
  }));
  return {
    kind: 'batch',
    slab: slab.index,
    first,
    rows: batch.rows,
    origin: batch.origin,
    withoutSnapshot: batch.withoutSnapshot === true,
    columns,
  };
}
