/** A Faiss index as a source, worker side: codes from the file, through the decoder, into slabs. */
import type { Batch } from '../../core/batch.ts';
import { withoutRows } from '../../core/compact.ts';
import type { DroppedRows, OpenStore, Partition, ReaderConfig, SlabRing, SourceReader } from '../../core/contracts.ts';
import { fieldBytes, type Schema, vectorOf } from '../../core/schema.ts';
import { type Decoding, openDecoding } from './decoding.ts';
import type { RangeDetail } from './detail.ts';
import { expandRows } from './expand.ts';
import { storedRows } from './fills.ts';
import { mapIds } from './ids.ts';
import { keyBatches } from './keys.ts';
import { namingFile, namingFileIn } from './naming.ts';
import { type OpenIndex, openIndex } from './openIndex.ts';
import { batchOf } from './slab.ts';

export async function openFaissReader(config: ReaderConfig, openStore: OpenStore): Promise<SourceReader> {
  const open = await openIndex(config, openStore);
  const { file } = open;
  const decoding = await namingFile(file, () => openDecoding(open));
  return {
    read: (partition, schema, slabs, dropped) =>
      namingFileIn(file, readBatches({ open, decoding, partition, schema, slabs }, dropped)),
    readKeys: (partition, _, slabs) => namingFileIn(file, keyBatches(open, rangeOf(partition), slabs)),
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

interface ReadRequest {
  readonly open: OpenIndex;
  readonly decoding: Decoding;
  readonly partition: Partition;
  readonly schema: Schema;
  readonly slabs: SlabRing;
}

async function* readBatches(
  { open, decoding, partition, schema, slabs }: ReadRequest,
  dropped: DroppedRows | undefined,
): AsyncGenerator<Batch> {
  const context = { open, decoding, slabs, vectorBytes: fieldBytes(vectorOf(schema)) };
  const rows = open.copies === undefined ? storedRows : expandRows;
  const drops = dropped?.ordinals();
  let drop = drops?.next();
  let first = 0;
  try {
    for await (const { columns, slab } of rows(rangeOf(partition), context))
      try {
        await mapIds(columns.ids, open);
        const batch = batchOf(schema, columns, open.file);
        const gone: number[] = [];
        for (; drop?.done === false && drop.value < first + batch.rows; drop = drops?.next())
          gone.push(drop.value - first);
        first += batch.rows;
        yield withoutRows({ ...batch, dropped: gone.length }, gone);
      } finally {
        slabs.release(slab);
      }
  } finally {
    drops?.return?.();
  }
}

function rangeOf({ detail }: Partition): RangeDetail {
  return detail as unknown as RangeDetail;
}
