/** Cuts a shard into ranges of `_seq_no` that hold about as many documents each: stable, and resumable without the snapshot. */
import type { Partition, PlanHint } from '../../core/contracts.ts';
import type { Elastic } from './connect.ts';
import { type ShardSnapshot, type Stretch, spreadOf } from './snapshot.ts';

/** What a partition covers: documents of one shard with `from` ≤ `_seq_no` < `to`. Plain JSON. */
export interface SeqNoDetail {
  readonly read: 'seq-no';
  readonly index: string;
  readonly uuid: string;
  readonly shard: number;
  readonly from: number;
  readonly to: number;
  /** The snapshot it was planned from, which all partitions of the shard share. */
  readonly pit: string;
  /** As `ShardSnapshot` has it. Absent: of a plan that was made before it was recorded. */
  readonly keepAlive?: string;
  /** As `ShardSnapshot` has it: what changed since is above it. */
  readonly settled: number;
  /** As `ShardSnapshot` has it. */
  readonly history?: string;
  /** 0: of the job's first plan. Each look for changes makes another. */
  readonly generation: number;
}

export interface ShardPlanning {
  readonly dataset: string;
  readonly snapshots: readonly ShardSnapshot[];
  readonly rowBytes: number;
  readonly hint: PlanHint;
  /**
   * First number of each shard, by its place in `snapshots`. Absent: all. For a catch-up: one above what was settled
   * when the documents were last read, so that those that changed since are covered (and a few that did not, again).
   */
  readonly from?: readonly number[];
  /** See `SeqNoDetail`. Absent: 0. */
  readonly generation?: number;
}

/** Ranges are not made smaller than this for the sake of more threads: each part costs the target a task. */
export const LEAST_BYTES = 32e6;

/** In the order of shards and numbers; together they cover each document of the snapshots from `from` on exactly once. */
export async function* planShards(elastic: Elastic, planning: ShardPlanning): AsyncGenerator<Partition> {
  const { dataset, snapshots, rowBytes, hint, from = [], generation = 0 } = planning;
  const rows = snapshots.reduce((sum, snapshot) => sum + snapshot.rows, 0);
  const target = rowsPerPart(rows, rowBytes, hint);
  for (const [place, snapshot] of snapshots.entries()) {
    const first = from[place] ?? 0;
    const spread = await spreadOf(elastic, snapshot, first);
    for (const range of cutSpread(spread, { first, end: snapshot.maxSeqNo + 1, target }))
      yield partitionOf(dataset, snapshot, { ...range, rowBytes, generation });
  }
}

export function rowsPerPart(rows: number, rowBytes: number, { partBytes, threads = 1 }: PlanHint): number {
  const spread = Math.min(threads, Math.floor((rows * rowBytes) / LEAST_BYTES));
  const wanted = Math.max(1, Math.floor(partBytes / rowBytes));
  return spread > 1 ? Math.min(wanted, Math.ceil(rows / spread)) : wanted;
}

export interface CutRange {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

interface Cutting {
  readonly first: number;
  /** Behind the last number. */
  readonly end: number;
  /** Documents that a range is to have at most, where a single stretch has no more. */
  readonly target: number;
}

/** As few ranges as the target allows, as even as the stretches allow. Without documents: none. */
export function* cutSpread(spread: readonly Stretch[], { first, end, target }: Cutting): Generator<CutRange> {
  let left = spread.reduce((sum, { rows }) => sum + rows, 0);
  if (left === 0) return;
  let parts = Math.ceil(left / target);
  let from = first;
  let rows = 0;
  for (const [index, stretch] of spread.entries()) {
    rows += stretch.rows;
    const next = spread[index + 1];
    if (next === undefined) break;
    // The next one is taken in if that brings the range nearer to its share of what is left.
    const share = left / parts;
    if (rows + next.rows / 2 < share && rows + next.rows <= target) continue;
    yield { from, to: next.from, rows };
    from = next.from;
    left -= rows;
    parts = Math.max(1, parts - 1, Math.ceil(left / target));
    rows = 0;
  }
  yield { from, to: end, rows };
}

function partitionOf(
  dataset: string,
  { index, uuid, shard, pit, keepAlive, settled, history }: ShardSnapshot,
  { from, to, rows, rowBytes, generation }: CutRange & { rowBytes: number; generation: number },
): Partition {
  const snapshot = { pit, keepAlive, settled, ...(history === undefined ? {} : { history }) };
  const detail: SeqNoDetail = { read: 'seq-no', index, uuid, shard, from, to, ...snapshot, generation };
  // The same range may be looked at again later: then it is another partition.
  const again = generation === 0 ? '' : `-g${generation}`;
  return {
    id: `${uuid}-s${shard}-${from}-${to}${again}`,
    dataset,
    milvusPartition: '',
    rows,
    deleted: 0,
    bytes: rows * rowBytes,
    detail: { ...detail },
  };
}
