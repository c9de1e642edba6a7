/** Milvus 0.9–1.x as a source, worker side: rows of segments straight from the files into slabs. */
import type { Batch, Column } from '../../core/batch.ts';
import type {
  DroppedRows,
  KeyBatch,
  OpenStore,
  Partition,
  ReaderConfig,
  SlabRing,
  SourceReader,
  StoreConfig,
} from '../../core/contracts.ts';
import { fieldBytes, type Schema } from '../../core/schema.ts';
import { openCursor } from '../../formats/milvus1x/runs.ts';
import { ID_BYTES } from '../../formats/milvus1x/segment.ts';
import { openFolder, type SourceFolder } from './fileRead.ts';
import type { Filled } from './fill.ts';
import { filledSlabs } from './fillAhead.ts';
import { layOut, viewsOf } from './slabLayout.ts';

/** `ReaderConfig.detail` of this source. */
export interface ReaderDetail {
  readonly tables: StoreConfig;
}

/** Fields of a schema are the primary key and the vector, in this order, whatever their names. */
export async function openMilvus1xReader(config: ReaderConfig, openStore: OpenStore): Promise<SourceReader> {
  const detail = config.detail as unknown as ReaderDetail;
  const tables = await openFolder(openStore, detail.tables, 'tables');
  return {
    read: (partition, schema, slabs, dropped) => readBatches({ tables, partition, schema, dropped }, slabs),
    readKeys: (partition, _, slabs) => readKeyBatches({ tables, partition }, slabs),
    [Symbol.asyncDispose]: () => tables[Symbol.asyncDispose](),
  };
}

interface KeyRequest {
  readonly tables: SourceFolder;
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
async function* readBatches(request: ReadRequest, slabs: SlabRing): AsyncGenerator<Batch> {
  const { schema } = request;
  const vectorBytes = fieldBytes(schema.fields[1]!);
  const layout = layOut(vectorBytes, slabs.slabBytes);
  const dropped = request.dropped && openCursor(request.dropped.ordinals());
  const views = (memory: SharedArrayBuffer): readonly Uint8Array[] => viewsOf(memory, layout);
  let counts = NOTHING;
  let origin = '';
  try {
    const filling = { ...request, vectorBytes, slabs, capacity: layout.rows, dropped, views };
    for await (const { filled, views, segment } of filledSlabs(filling)) {
      counts = sum(counts, filled);
      origin = segment;
      if (counts.rows === 0) continue;
      yield { ...counts, columns: columnsOf(schema, views, counts.rows), origin };
      counts = NOTHING;
    }
    if (counts.read === 0) return;
    const slab = slabs.acquire();
    try {
      yield { ...counts, columns: columnsOf(schema, views(slab.memory), 0), origin };
    } finally {
      slabs.release(slab);
    }
  } finally {
    dropped?.close();
  }
}

async function* readKeyBatches(request: KeyRequest, slabs: SlabRing): AsyncGenerator<KeyBatch> {
  const capacity = Math.floor(slabs.slabBytes / ID_BYTES);
  const views = (memory: SharedArrayBuffer): readonly Uint8Array[] => [new Uint8Array(memory, 0, capacity * ID_BYTES)];
  const filling = { ...request, vectorBytes: undefined, slabs, capacity, dropped: undefined, views };
  for await (const { filled, views, first } of filledSlabs(filling)) {
    const [ids] = views;
    if (ids !== undefined && filled.rows > 0)
      yield { first, keys: new BigInt64Array(ids.buffer, ids.byteOffset, filled.rows) };
  }
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
