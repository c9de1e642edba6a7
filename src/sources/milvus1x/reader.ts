/** Milvus 0.9–1.x as a source, worker side: rows of segments straight from the files into slabs. */
import type { Batch, Column } from '../../core/batch.ts';
import type {
  DroppedRows,
  KeyBatch,
  Partition,
  ReaderConfig,
  Slab,
  SlabRing,
  SourceReader,
} from '../../core/contracts.ts';
import { fieldBytes, type Schema } from '../../core/schema.ts';
import { createRuns } from '../../formats/milvus1x/deletedRows.ts';
import { openCursor } from '../../formats/milvus1x/runs.ts';
import { ID_BYTES } from '../../formats/milvus1x/segment.ts';
import { type Filled, type FillState, fill } from './fill.ts';
import type { PartitionDetail } from './partition.ts';
import { type OpenRange, openRange } from './rangeFiles.ts';
import { layOut, viewsOf } from './slabLayout.ts';

/** `ReaderConfig.detail` of this source. */
export interface ReaderDetail {
  readonly tablesDir: string;
}

/** Fields of a schema are the primary key and the vector, in this order, whatever their names. */
export async function openMilvus1xReader(config: ReaderConfig): Promise<SourceReader> {
  const { tablesDir } = config.detail as unknown as ReaderDetail;
  return {
    read: (partition, schema, slabs, dropped) => readBatches({ tablesDir, partition, schema, dropped }, slabs),
    readKeys: (partition, _, slabs) => readKeyBatches({ tablesDir, partition }, slabs),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

interface KeyRequest {
  readonly tablesDir: string;
  readonly partition: Partition;
}

interface ReadRequest extends KeyRequest {
  readonly schema: Schema;
  readonly dropped: DroppedRows | undefined;
}

/**
 * Batches of one segment each, as large as a slab takes. Every batch has a slab of its own; rows that were read without
 * any to show for them are counted in the next batch, at the end in one without rows.
 */
async function* readBatches(
  { tablesDir, partition, schema, dropped }: ReadRequest,
  slabs: SlabRing,
): AsyncGenerator<Batch> {
  const vectorBytes = fieldBytes(schema.fields[1]!);
  const layout = layOut(vectorBytes, slabs.slabBytes);
  const state = startFilling(layout.rows, dropped);
  let slab: Slab | undefined;
  let counts = NOTHING;
  let origin = '';
  try {
    for (const range of openRanges({ tablesDir, partition }, vectorBytes)) {
      origin = range.segment;
      while (range.next < range.end) {
        slab ??= slabs.acquire();
        const views = viewsOf(slab.memory, layout);
        counts = sum(counts, fill(range, state, views));
        if (counts.rows === 0) continue;
        yield { ...counts, columns: columnsOf(schema, views, counts.rows), origin };
        slabs.release(slab);
        slab = undefined;
        counts = NOTHING;
      }
    }
    if (slab !== undefined) yield { ...counts, columns: columnsOf(schema, viewsOf(slab.memory, layout), 0), origin };
  } finally {
    state.dropped?.close();
    if (slab !== undefined) slabs.release(slab);
  }
}

async function* readKeyBatches(request: KeyRequest, slabs: SlabRing): AsyncGenerator<KeyBatch> {
  const state = startFilling(Math.floor(slabs.slabBytes / ID_BYTES), undefined);
  const slab = slabs.acquire();
  try {
    const ids = new Uint8Array(slab.memory, 0, state.capacity * ID_BYTES);
    for (const range of openRanges(request, undefined))
      while (range.next < range.end) {
        const first = state.ordinal;
        const { rows } = fill(range, state, [ids]);
        if (rows > 0) yield { first, keys: new BigInt64Array(slab.memory, 0, rows) };
      }
  } finally {
    slabs.release(slab);
  }
}

/** The partition's ranges, one open at a time. */
function* openRanges({ tablesDir, partition }: KeyRequest, vectorBytes: number | undefined): Generator<OpenRange> {
  const { dataset: collection, milvusPartition } = partition;
  const { segments } = partition.detail as unknown as PartitionDetail;
  for (const detail of segments) {
    const range = openRange(detail, { tablesDir, collection, milvusPartition, vectorBytes });
    try {
      yield range;
    } finally {
      range.close();
    }
  }
}

function startFilling(capacity: number, dropped: DroppedRows | undefined): FillState {
  return {
    capacity,
    runs: createRuns(capacity),
    cut: createRuns(capacity),
    dropped: dropped && openCursor(dropped.ordinals()),
    ordinal: 0,
  };
}

function columnsOf(schema: Schema, views: readonly Uint8Array[], rows: number): readonly Column[] {
  return views.map((view, index) => {
    const field = schema.fields[index]!;
    const rowBytes = fieldBytes(field);
    return { field: field.name, rowBytes, bytes: view.subarray(0, rows * rowBytes) };
  });
}

const NOTHING: Readonly<Filled> = { rows: 0, read: 0, deleted: 0, dropped: 0 };

function sum(a: Readonly<Filled>, b: Readonly<Filled>): Readonly<Filled> {
  return {
    rows: a.rows + b.rows,
    read: a.read + b.read,
    deleted: a.deleted + b.deleted,
    dropped: a.dropped + b.dropped,
  };
}
