/** Compares vectors in the target with those that were read: samples by their hashes, or every row. */
import { type Batch, columnOf, int64s } from '../core/batch.ts';
import type { PartitionRecord } from '../core/checkpoint.ts';
import type { Sample } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import type { PlannedCollection } from '../core/plan.ts';
import { primaryKeyOf, rowBytes, vectorOf } from '../core/schema.ts';
import { asking } from './importLoad.ts';
import type { Pool } from './pool.ts';
import { vectorHash } from './readRows.ts';
import { readTask, streamRows } from './rowStream.ts';
import type { VerifyContext } from './verify.ts';

export interface Comparison {
  readonly compared: number;
  readonly different: number;
  readonly differences: readonly string[];
  readonly remarks: readonly string[];
}

export interface Comparing {
  readonly run: VerifyContext;
  readonly planned: PlannedCollection;
  readonly into: string;
  /** Rows per partition before this job. */
  readonly before: Readonly<Record<string, number>>;
}

/** Bytes of vectors asked for at a time. */
const QUERY_BYTES = 4 * 1024 * 1024;
/** Doubtful rows that are looked into at a time: each time the keys of the source are read once more. */
const DOUBTFUL = 10_000;
const NAMED = 10;

/** A row whose vector in the target is another one, or not there. */
interface Doubt {
  readonly record: PartitionRecord;
  readonly key: bigint;
  readonly want: string;
  /** Hash of the vector that came; undefined: none. */
  readonly got: string | undefined;
}

export async function compareSamples(context: Comparing): Promise<Comparison> {
  await using verdict = openVerdict(context);
  for (const record of context.run.ledger.of(context.planned.target))
    await verdict.compare(record, record.part?.samples ?? []);
  // Awaited here: what the verdict works with is gone when this function ends.
  return await verdict.end();
}

/** Reads the source (or its dumped files) again and asks for every row, or until rows that differ were found. */
export async function compareAll(context: Comparing): Promise<Comparison> {
  const { run, planned } = context;
  await using verdict = openVerdict(context);
  const vector = vectorOf(planned.schema).name;
  const keyField = primaryKeyOf(planned.schema).name;
  const samplesOf = (batch: Batch): Sample[] => {
    const { bytes, rowBytes: width } = columnOf(batch, vector);
    return Array.from(int64s(columnOf(batch, keyField)), (key, row) => ({
      key: String(key),
      hash: vectorHash(bytes.subarray(row * width, (row + 1) * width)),
    }));
  };
  for (const record of run.ledger.of(planned.target))
    if (!verdict.failed())
      await streamRows(run, record, {
        first: 0,
        async consume(batch) {
          if (!verdict.failed()) await verdict.compare(record, samplesOf(batch));
        },
      });
  // Awaited here: what the verdict works with is gone when this function ends.
  return await verdict.end();
}

interface Verdict extends AsyncDisposable {
  compare(record: PartitionRecord, samples: readonly Sample[]): Promise<void>;
  /** Whether a real difference was found. */
  failed(): boolean;
  end(): Promise<Comparison>;
}

/** Gathers doubts and looks into them, so many at a time. */
function openVerdict(context: Comparing): Verdict {
  let [compared, different] = [0, 0];
  let doubts: Doubt[] = [];
  const differences: string[] = [];
  const remarks = new Set<string>();
  // Not the run's own threads: one of them may be waiting for the rows that are compared here.
  let side: Pool | undefined;
  const settle = async (): Promise<void> => {
    const some = doubts;
    doubts = [];
    if (some.length === 0) return;
    side ??= context.run.pool.beside(1);
    const right = await rightTwins(context, some, side);
    for (const doubt of some) {
      const remark = right.has(twinKey(doubt.record, doubt.key))
        ? 'some ids occur more than once: of those Milvus returns one row'
        : await uncomparable(context, doubt);
      if (remark === undefined) different++;
      else remarks.add(remark);
      if (remark === undefined && differences.length < NAMED) differences.push(inWords(doubt));
    }
  };
  return {
    async compare(record, samples) {
      doubts.push(...(await compareSome(context, record, samples)));
      compared += samples.length;
      if (doubts.length >= DOUBTFUL) await settle();
    },
    failed: () => different > 0,
    async end() {
      await settle();
      return { compared, different, differences, remarks: [...remarks] };
    },
    [Symbol.asyncDispose]: async () => side?.[Symbol.asyncDispose](),
  };
}

function inWords({ key, got, record }: Doubt): string {
  const what = got === undefined ? 'not found' : 'another vector';
  return `id ${key} in partition ${record.planned.targetPartition}: ${what}`;
}

async function compareSome(context: Comparing, record: PartitionRecord, samples: readonly Sample[]): Promise<Doubt[]> {
  const { run, planned, into } = context;
  const step = Math.max(1, Math.floor(QUERY_BYTES / rowBytes(planned.schema)));
  const doubts: Doubt[] = [];
  for (let at = 0; at < samples.length; at += step) {
    const some = samples.slice(at, at + step);
    const keys = [...new Set(some.map(({ key }) => BigInt(key)))];
    const vectors = await asking(run, () =>
      run.target.vectors(into, planned.schema, keys, record.planned.targetPartition),
    );
    for (const { key, hash } of some) {
      const found = vectors.get(BigInt(key));
      const got = found === undefined ? undefined : vectorHash(found);
      if (got !== hash) doubts.push({ record, key: BigInt(key), want: hash, got });
    }
  }
  return doubts;
}

/** The key 2^63 − 1 is never returned by any query (Milvus 2.3): a count has to do for it. */
async function uncomparable(
  { run, planned, into, before }: Comparing,
  { record, key }: Doubt,
): Promise<string | undefined> {
  const { targetPartition } = record.planned;
  const largest = key === 2n ** 63n - 1n;
  const crowded = (before[targetPartition] ?? 0) > 0;
  if (!largest && !crowded) return undefined;
  const keyField = primaryKeyOf(planned.schema).name;
  const rows = await asking(run, () => run.target.countKeys(into, keyField, [key], targetPartition));
  if (largest && rows >= 1n) return `no query returns the id ${key}: it was counted instead`;
  if (crowded && rows >= 2n) return 'some ids were there before too: of those Milvus returns one row';
  return undefined;
}

function twinKey({ planned }: PartitionRecord, key: bigint): string {
  return `${planned.targetPartition}/${key}`;
}

/**
 * Of equal keys a query returns one row, so another vector than the one that was read may be right too: it is, if the
 * source has it under that key, for the same partition.
 */
async function rightTwins({ run, planned }: Comparing, doubts: readonly Doubt[], pool: Pool): Promise<Set<string>> {
  const right = new Set<string>();
  for (const record of run.ledger.of(planned.target)) {
    if (run.signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    const { targetPartition } = record.planned;
    const here = doubts.filter((doubt) => doubt.record.planned.targetPartition === targetPartition);
    const came = new Map(here.flatMap(({ key, got }) => (got === undefined ? [] : [[key, got] as const])));
    if (came.size === 0) continue;
    const [keys, hashes] = [BigInt64Array.from(came.keys()), [...came.values()]];
    const found = await pool.run<'lookup'>({ kind: 'lookup', ...readTask(run, record), keys, hashes });
    for (const { key } of found.matches) right.add(twinKey(record, BigInt(key)));
  }
  return right;
}
