/** Row counts by the server's statistics: for collections that are not loaded. */
import { MigrateError } from '../../core/errors.ts';
import type { Rpc } from './rpc.ts';

interface Statistics {
  readonly stats: readonly { readonly key: string; readonly value: string }[];
}

/**
 * Rows in segments: upserted rows may count twice, deleted ones still do, and so do the rows of imports that run, and of
 * ones that failed after they were persisted (2.3.5).
 */
export async function statistics(rpc: Rpc, collection: string, milvusPartition?: string): Promise<number> {
  const at = { collection, ...(milvusPartition === undefined ? {} : { milvusPartition }) };
  const { stats } =
    milvusPartition === undefined
      ? await rpc.ask<Statistics>('GetCollectionStatistics', { collection_name: collection }, { at })
      : await rpc.ask<Statistics>(
          'GetPartitionStatistics',
          { collection_name: collection, partition_name: milvusPartition },
          { at },
        );
  const value = stats.find((entry) => entry.key === 'row_count')?.value;
  const rows = Number(value);
  if (value === undefined || !Number.isSafeInteger(rows)) {
    throw new MigrateError('E_TARGET', 'the statistics have no usable row_count', { at, found: String(value) });
  }
  return rows;
}
