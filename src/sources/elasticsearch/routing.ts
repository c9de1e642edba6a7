/** Whether several documents may have one key: where they may, the keys are looked through. */
import { MigrateError } from '../../core/errors.ts';
import { ID } from '../../formats/elastic/declared.ts';
import { type Elastic, indexPath } from './connect.ts';
import type { IndexFacts } from './indices.ts';
import type { ElasticDataset } from './schema.ts';

/**
 * Whether several documents may have one primary key. Elasticsearch keeps an `_id` unique in its shard only. Which shard
 * a document goes to follows from its `_id`, so that it is unique in the index, too – unless whoever stored it gave a
 * routing of his own: also where there is one shard, which `_shrink` may have made of several. Of another field nobody
 * sees to it.
 * Errors: E_SOURCE_ACCESS, E_READ where a shard did not answer.
 */
export async function mayRepeatKeys(
  elastic: Elastic,
  { fields, indices }: Pick<ElasticDataset, 'fields' | 'indices'>,
): Promise<boolean> {
  if (fields.some(({ path, field }) => field.primaryKey && path !== ID) || indices.length > 1) return true;
  for (const index of indices) if (await hasRouting(elastic, index)) return true;
  return false;
}

/** Whether any document has a routing of its own: each shard looks no further than its first. */
async function hasRouting(elastic: Elastic, { name }: IndexFacts): Promise<boolean> {
  const answer = (await elastic.ask({
    method: 'POST',
    path: `/${indexPath(name)}/_search`,
    query: { allow_partial_search_results: false },
    body: { size: 0, terminate_after: 1, track_total_hits: true, query: { exists: { field: '_routing' } } },
    asked: 'look for documents with a routing of their own',
    index: name,
  })) as RoutingAnswer;
  const { timed_out, _shards, hits } = answer;
  if (!timed_out && _shards?.failed === 0 && typeof hits?.total?.value === 'number') return hits.total.value > 0;
  throw new MigrateError('E_READ', 'Elasticsearch did not look through all shards', {
    at: { collection: name },
    found: `${String(_shards?.failed)} shards failed${timed_out ? ', timed out' : ''}`,
    wanted: 'all shards',
    retry: true,
  });
}

interface RoutingAnswer {
  readonly timed_out?: boolean;
  readonly _shards?: { readonly failed?: number };
  readonly hits?: { readonly total?: { readonly value?: number } };
}
