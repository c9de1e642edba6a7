/**
 * The other way to cut an index, where ranges of `_seq_no` can not be had (denied, or an index without these numbers):
 * slices of a scroll. A slice means something only within one scroll: when that is lost, all of its slices' parts that
 * are not loaded yet have to be made anew.
 */
import type { Partition, PlanHint } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type Elastic, indexPath } from './connect.ts';
import type { IndexFacts } from './indices.ts';

/** What a partition covers. `slices` 1: the whole index. */
export interface SliceDetail {
  readonly read: 'scroll';
  readonly index: string;
  readonly uuid: string;
  readonly slice: number;
  readonly slices: number;
}

/** `index.max_slices_per_scroll`, as it is by default. */
const MAX_SLICES = 1_024;

export interface SlicePlanning {
  readonly dataset: string;
  readonly indices: readonly IndexFacts[];
  readonly rowBytes: number;
  readonly hint: PlanHint;
}

/** In the order of indices and slices. Rows of a slice are an even share: only reading tells how many it has. */
export async function* planSlices(elastic: Elastic, planning: SlicePlanning): AsyncGenerator<Partition> {
  const { dataset, indices, rowBytes, hint } = planning;
  for (const { name, uuid } of indices) {
    const rows = await countDocuments(elastic, name);
    const byBytes = Math.ceil((rows * rowBytes) / hint.partBytes);
    const slices = Math.min(MAX_SLICES, Math.max(1, byBytes, rows > 0 ? (hint.threads ?? 1) : 1));
    for (let slice = 0; slice < slices; slice++) {
      const share = Math.floor((rows * (slice + 1)) / slices) - Math.floor((rows * slice) / slices);
      const detail: SliceDetail = { read: 'scroll', index: name, uuid, slice, slices };
      yield {
        id: `${uuid}-slice-${slice}-${slices}`,
        dataset,
        milvusPartition: '',
        rows: share,
        deleted: 0,
        bytes: share * rowBytes,
        detail: { ...detail },
      };
    }
  }
}

/** Documents that a search sees now, of one shard or of all. Errors: E_READ where a shard did not answer. @param query absent: all */
export async function countDocuments(
  elastic: Elastic,
  index: string,
  { query, shard }: { readonly query?: object; readonly shard?: number } = {},
): Promise<number> {
  const answer = (await elastic.ask({
    method: query === undefined ? 'GET' : 'POST',
    path: `/${indexPath(index)}/_count`,
    ...(query === undefined ? {} : { body: { query } }),
    ...(shard === undefined ? {} : { query: { preference: `_shards:${shard}` } }),
    asked: 'count its documents',
    index,
  })) as { count?: unknown; _shards?: { failed?: unknown } };
  const { count, _shards } = answer;
  if (typeof count === 'number' && Number.isSafeInteger(count) && _shards?.failed === 0) return count;
  throw new MigrateError('E_READ', 'Elasticsearch could not count the documents of all shards', {
    at: { collection: index },
    found: `${String(count)} documents, ${String(_shards?.failed)} shards failed`,
    wanted: 'all shards',
    retry: true,
  });
}
