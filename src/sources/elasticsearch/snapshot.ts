/**
 * A snapshot of each shard of an index: a point in time (PIT) that holds one shard, how many documents are in it, and
 * how its `_seq_no` numbers are spread.
 *
 * What a snapshot is for: what it holds does not change while it is read. When it is lost (it expires, its node
 * restarts), ranges of `_seq_no` still find the documents that were not changed meanwhile; a changed one has got a new,
 * higher number and is found above `settled`. Deleted ones are not seen.
 */
import { MigrateError, throwAfter } from '../../core/errors.ts';
import { type Elastic, indexPath } from './connect.ts';
import { isDenied, isTooManyBuckets, longestKeepAlive } from './failures.ts';
import type { IndexFacts } from './indices.ts';

export interface ShardSnapshot {
  readonly index: string;
  readonly uuid: string;
  readonly shard: number;
  readonly pit: string;
  /** How long the cluster keeps it when nobody reads from it: `4h`. */
  readonly keepAlive: string;
  /** Documents in it, exactly. */
  readonly rows: number;
  /** The highest number of a document in it; −1: it is empty. */
  readonly maxSeqNo: number;
  /**
   * All changes up to this number are in the snapshot; later ones may be or not. −1: none is known to be. What changed
   * since is above it.
   */
  readonly settled: number;
  /**
   * Where who asks may not refresh the index: about how many changes, deletes among them, the snapshot does not show yet
   * (there may be more by the time that it is opened); infinite: not known. Absent: it shows all of them.
   */
  readonly unseen?: number;
  /** See `ShardState`. */
  readonly history?: string;
}

/** What is known of a shard before it is read. */
interface ShardState {
  /** See `ShardSnapshot`. */
  readonly settled: number;
  /** The highest number that it has given. undefined: not known. */
  readonly highest: number | undefined;
  /**
   * Another one where its numbers are not those of before: the index was restored from a backup under its own name and
   * uuid, or a primary was allocated stale or empty. undefined: not known.
   */
  readonly history: string | undefined;
}

/**
 * How long Elasticsearch keeps a snapshot that nobody reads from; each page that is read begins it anew. Shards are read
 * one after the other, and between reading and verifying lies the load into Milvus: hours, not minutes. More would have
 * the cluster keep deleted documents for a run that died and is never resumed. When it is too short after all, reading
 * goes on by the numbers alone. A cluster may be set to keep them for less (`search.max_keep_alive`): then for as long as
 * it does.
 */
export const KEEP_ALIVE = '4h';

/**
 * Opens one per shard. They must be closed. Errors: E_SOURCE_ACCESS, E_READ.
 * @returns in the order of the shards
 */
export async function openSnapshots(elastic: Elastic, index: IndexFacts): Promise<readonly ShardSnapshot[]> {
  // Before the refresh: all that is settled is then visible.
  const states = await statesOf(elastic, index);
  const refreshed = await refresh(elastic, index);
  const open: ShardSnapshot[] = [];
  try {
    for (let shard = 0; shard < index.shards; shard++)
      open.push(await openShard(elastic, index, { shard, state: states.get(shard), refreshed }));
    return open;
  } catch (thrown) {
    return await throwAfter(thrown, () => closeSnapshots(elastic, open));
  }
}

/** Closing what is gone already is fine. */
export async function closeSnapshots(elastic: Elastic, snapshots: readonly { readonly pit: string }[]): Promise<void> {
  for (const { pit } of snapshots)
    try {
      await elastic.ask({ method: 'DELETE', path: '/_pit', body: { id: pit }, asked: 'close a snapshot' });
    } catch (thrown) {
      if (!(thrown instanceof MigrateError) || !thrown.found?.startsWith('404')) throw thrown;
    }
}

/** As `checkSameIndex`, of the numbers in a shard of it. Errors: E_SOURCE_CHANGED. */
export async function checkSameHistory(
  elastic: Elastic,
  planned: Pick<ShardSnapshot, 'index' | 'shard' | 'history'>,
): Promise<void> {
  if (planned.history === undefined) return;
  const states = await statesOf(elastic, { name: planned.index });
  refuseOtherHistory(planned, states.get(planned.shard)?.history);
}

/** Errors: E_SOURCE_CHANGED. */
export function refuseOtherHistory(
  { index, shard, history }: Pick<ShardSnapshot, 'index' | 'shard' | 'history'>,
  now: string | undefined,
): void {
  if (history === undefined || now === undefined || history === now) return;
  throw new MigrateError('E_SOURCE_CHANGED', 'a shard of the index does not go on from what was read', {
    at: { collection: index },
    found: `shard ${shard} with the history ${now}`,
    wanted: `${history}: the index was restored from a backup, or a primary allocated stale or empty`,
    hint: 'start over with --fresh',
  });
}

/**
 * By shard. All changes up to the global checkpoint, as the primary knows it, are done in all copies. What the primary has
 * done alone (its local checkpoint) a snapshot of another copy may lack.
 */
async function statesOf(
  elastic: Elastic,
  { name }: Pick<IndexFacts, 'name'>,
): Promise<ReadonlyMap<number, ShardState>> {
  let answer: unknown;
  try {
    const parts = ['routing.primary', 'seq_no', 'commit.user_data.history_uuid'];
    const query = { level: 'shards', filter_path: parts.map((part) => `indices.*.shards.*.${part}`).join() };
    answer = await elastic.ask({
      method: 'GET',
      path: `/${indexPath(name)}/_stats`,
      query,
      asked: 'read its statistics',
      index: name,
    });
  } catch (thrown) {
    // Reading needs no right to monitor. Then nothing is known to be settled, and a later look takes all anew.
    if (!isDenied(thrown)) throw thrown;
    return new Map();
  }
  const { indices = {} } = answer as {
    indices?: Record<string, { shards?: Record<string, readonly ShardStats[]> }>;
  };
  const shards = Object.entries(indices[name]?.shards ?? {});
  return new Map(
    shards.map(([shard, copies]) => {
      const primary = copies.find(({ routing }) => routing?.primary === true);
      const history = primary?.commit?.user_data?.history_uuid;
      const { global_checkpoint: settled = -1, max_seq_no: highest } = primary?.seq_no ?? {};
      return [Number(shard), { settled, highest, history }];
    }),
  );
}

interface ShardStats {
  readonly routing?: { readonly primary?: boolean };
  readonly seq_no?: { readonly global_checkpoint?: number; readonly max_seq_no?: number };
  readonly commit?: { readonly user_data?: { readonly history_uuid?: string } };
}

/**
 * So that what was acknowledged is seen. Who may only read has to wait for the index's own refresh. Errors: E_READ where a
 * copy of a shard could not: it may be the one that is read.
 * @returns false: it is denied
 */
export async function refresh(elastic: Elastic, { name }: Pick<IndexFacts, 'name'>): Promise<boolean> {
  const ask = async (): Promise<unknown> =>
    elastic.ask({ method: 'POST', path: `/${indexPath(name)}/_refresh`, asked: 'refresh it', index: name });
  const answer = await ask().catch((thrown: unknown) => {
    if (!isDenied(thrown)) throw thrown;
    return undefined;
  });
  if (answer === undefined) return false;
  const { failed = 0, total } = (answer as { _shards?: { failed?: number; total?: number } })._shards ?? {};
  if (failed === 0) return true;
  throw new MigrateError('E_READ', 'Elasticsearch could not refresh all copies of the index', {
    at: { collection: name },
    found: `${failed} of ${total} failed`,
    wanted: 'all of them: what was indexed last is not seen in the others',
    retry: true,
  });
}

interface Opening {
  readonly shard: number;
  readonly state: ShardState | undefined;
  readonly refreshed: boolean;
}

async function openShard(
  elastic: Elastic,
  { name, uuid }: IndexFacts,
  { shard, state = { settled: -1, highest: undefined, history: undefined }, refreshed }: Opening,
): Promise<ShardSnapshot> {
  const { pit, keepAlive } = await openPit(elastic, name, shard);
  try {
    const answer = await searchSnapshot(
      elastic,
      { index: name, pit, keepAlive },
      { sort: [{ _seq_no: 'desc' }], size: 1 },
    );
    const top = answer.hits.hits[0]?.sort?.[0] ?? -1;
    if (answer.hits.hits.length > 0 !== answer.hits.total.value > 0 || !Number.isSafeInteger(top))
      throw oddAnswer(name, `${answer.hits.total.value} documents, highest _seq_no ${String(top)}`);
    const rows = answer.hits.total.value;
    return {
      index: name,
      uuid,
      shard,
      pit: answer.pit_id,
      keepAlive,
      rows,
      maxSeqNo: top,
      settled: refreshed ? state.settled : settledUnrefreshed(state, { rows, top }),
      ...(refreshed ? {} : { unseen: Math.max(0, (state.highest ?? Number.POSITIVE_INFINITY) - top) }),
      ...(state.history === undefined ? {} : { history: state.history }),
    };
  } catch (thrown) {
    return await throwAfter(thrown, () => closeSnapshots(elastic, [{ pit }]));
  }
}

/**
 * What is settled need not be visible where nobody refreshed it, nor is it where a higher number is: changes that are made
 * at the same time become visible in any order. It is where each number up to the highest has its document.
 */
function settledUnrefreshed(
  { settled }: ShardState,
  { rows, top }: { readonly rows: number; readonly top: number },
): number {
  return rows === top + 1 ? Math.min(settled, top) : -1;
}

async function openPit(elastic: Elastic, index: string, shard: number): Promise<{ pit: string; keepAlive: string }> {
  const open = async (keepAlive: string): Promise<{ pit: string; keepAlive: string }> => {
    const query = { keep_alive: keepAlive, preference: `_shards:${shard}` };
    const path = `/${indexPath(index)}/_pit`;
    const { id } = (await elastic.ask({ method: 'POST', path, query, asked: 'open a snapshot', index })) as {
      id: string;
    };
    return { pit: id, keepAlive };
  };
  try {
    return await open(KEEP_ALIVE);
  } catch (thrown) {
    const longest = thrown instanceof MigrateError ? longestKeepAlive(thrown) : undefined;
    if (longest === undefined) throw thrown;
    return open(longest);
  }
}

interface SnapshotAnswer {
  /** What it is to be called from now on. */
  readonly pit_id: string;
  readonly timed_out: boolean;
  readonly _shards: { readonly total: number; readonly failed: number };
  readonly hits: {
    readonly total: { readonly value: number; readonly relation: string };
    readonly hits: readonly { readonly sort?: readonly number[] }[];
  };
  readonly aggregations?: {
    readonly spread: { readonly buckets: readonly { readonly key: number; readonly doc_count: number }[] };
  };
}

/** A search in one shard's snapshot, all of whose documents are counted. Errors: E_READ where the answer is not whole. */
async function searchSnapshot(
  elastic: Elastic,
  { index, pit, keepAlive }: Pick<ShardSnapshot, 'index' | 'pit' | 'keepAlive'>,
  search: Readonly<Record<string, unknown>>,
): Promise<SnapshotAnswer> {
  const answer = (await elastic.ask({
    method: 'POST',
    path: '/_search',
    query: { allow_partial_search_results: false },
    body: { _source: false, track_total_hits: true, pit: { id: pit, keep_alive: keepAlive }, ...search },
    asked: 'count its documents',
    index,
  })) as SnapshotAnswer;
  const { timed_out, _shards, hits } = answer;
  if (timed_out || _shards.failed > 0 || _shards.total !== 1 || hits.total.relation !== 'eq')
    throw oddAnswer(index, `${_shards.failed} of ${_shards.total} shards failed${timed_out ? ', timed out' : ''}`);
  return answer;
}

function oddAnswer(index: string, found: string): MigrateError {
  return new MigrateError('E_READ', 'Elasticsearch answered for a part of the shard only', {
    at: { collection: index },
    found,
    wanted: 'one whole shard, all documents counted',
    retry: true,
  });
}

/** A stretch of `_seq_no` numbers with the documents in it. */
export interface Stretch {
  readonly from: number;
  readonly rows: number;
}

/** Elasticsearch refuses more than 65,536 by default; a cluster may be set to less (`search.max_buckets`). */
const MAX_STRETCHES = 4_096;

/** How the documents numbered from `from` on are spread: stretches in rising order, those without documents left out. */
export async function spreadOf(elastic: Elastic, snapshot: ShardSnapshot, from: number): Promise<readonly Stretch[]> {
  if (snapshot.maxSeqNo < from) return [];
  for (let most = MAX_STRETCHES; ; most = Math.floor(most / 4))
    try {
      return await stretchesOf(elastic, snapshot, { from, most });
    } catch (thrown) {
      if (most < 4 || !(thrown instanceof MigrateError) || !isTooManyBuckets(thrown)) throw thrown;
    }
}

async function stretchesOf(
  elastic: Elastic,
  snapshot: ShardSnapshot,
  { from, most }: { readonly from: number; readonly most: number },
): Promise<readonly Stretch[]> {
  const interval = Math.ceil((snapshot.maxSeqNo + 1 - from) / most);
  const answer = await searchSnapshot(elastic, snapshot, {
    size: 0,
    query: { range: { _seq_no: { gte: from } } },
    aggs: { spread: { histogram: { field: '_seq_no', interval, offset: from % interval, min_doc_count: 1 } } },
  });
  const stretches = (answer.aggregations?.spread.buckets ?? []).map(({ key, doc_count }) => ({
    from: key,
    rows: doc_count,
  }));
  const rows = stretches.reduce((sum, stretch) => sum + stretch.rows, 0);
  if (rows !== answer.hits.total.value)
    throw oddAnswer(snapshot.index, `${rows} documents in stretches, ${answer.hits.total.value} in all`);
  return stretches;
}
