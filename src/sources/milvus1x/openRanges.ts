/** The ranges of a partition, opened one after the other, or some ahead of those that are read. */
import type { Partition } from '../../core/contracts.ts';
import type { SourceFolder } from './fileRead.ts';
import type { PartitionDetail } from './partition.ts';
import { type OpenRange, openRange } from './rangeFiles.ts';

export interface RangesRequest {
  readonly tables: SourceFolder;
  readonly partition: Partition;
  /** undefined: only the ids are wanted. */
  readonly vectorBytes: number | undefined;
  /** How many to open while earlier ones are read: small segments would else wait for each other. */
  readonly ahead: number;
}

/** In the order of the plan. Who takes one closes it; those that nobody took are closed here. */
export async function* openRanges({ tables, partition, vectorBytes, ahead }: RangesRequest): AsyncGenerator<OpenRange> {
  const { dataset: collection, milvusPartition } = partition;
  const { segments } = partition.detail as unknown as PartitionDetail;
  const opening: Promise<OpenRange>[] = [];
  let next = 0;
  try {
    while (next < segments.length || opening.length > 0) {
      while (next < segments.length && opening.length <= ahead) {
        const range = openRange(segments[next++]!, { tables, collection, milvusPartition, vectorBytes });
        // Looked at when its turn comes: until then a failure must not count as one that nobody handles.
        range.catch(() => undefined);
        opening.push(range);
      }
      yield await opening.shift()!;
    }
  } finally {
    for (const result of await Promise.allSettled(opening))
      if (result.status === 'fulfilled') await result.value.close();
  }
}
