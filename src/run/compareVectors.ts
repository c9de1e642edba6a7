/** Compares vectors in the target with those that were read: samples by their hashes, or every row. */
import { type Batch, columnOf, int64s } from '../core/batch.ts';
import type { PartitionRecord } from '../core/checkpoint.ts';
import type { Sample } from '../core/contracts.ts';
import type { PlannedCollection } from '../core/plan.ts';
import { primaryKeyOf, rowBytes, vectorOf } from '../core/schema.ts';
import { asking } from './importLoad.ts';
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
/** Doubtful rows that are looked into one by one; beyond that the collection is plainly wrong. */
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
  const doubts: Doubt[] = [];
  let compared = 0;
  for (const record of context.run.ledger.of(context.planned.target)) {
    const samples = record.part?.samples ?? [];
    doubts.push(...(await compareSome(context, record, samples)));
    compared += samples.length;
  }
  return resolve(context, doubts, compared);
}

/** Reads the source (or its dumped files) again and asks for every row. */
export async function compareAll(context: Comparing): Promise<Comparison> {
  const { run, planned } = context;
  const doubts: Doubt[] = [];
  let compared = 0;
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
    await streamRows(run, record, {
      first: 0,
      async consume(batch) {
        if (doubts.length > DOUBTFUL) return;
        doubts.push(...(await compareSome(context, record, samplesOf(batch))));
        compared += batch.rows;
      },
    });
  return resolve(context, doubts, compared);
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

/**
 * Of equal keys a query returns one row, so another vector may be right too: it is, if the source has it under that key.
 * The key 2^63 − 1 is never returned by any query (Milvus 2.3): a count has to do for it.
 */
async function resolve(context: Comparing, doubts: readonly Doubt[], compared: number): Promise<Comparison> {
  const remarks = new Set<string>();
  const differences: string[] = [];
  let different = 0;
  const twins = await twinHashes(context, doubts.slice(0, DOUBTFUL));
  for (const doubt of doubts) {
    const remark = twins.get(twinKey(doubt.record, doubt.key))?.has(doubt.got ?? '')
      ? 'some ids occur more than once: of those Milvus returns one row'
      : await uncomparable(context, doubt);
    if (remark !== undefined) {
      remarks.add(remark);
      continue;
    }
    different++;
    if (differences.length < NAMED)
      differences.push(
        `id ${doubt.key} in partition ${doubt.record.planned.targetPartition}: ${doubt.got === undefined ? 'not found' : 'another vector'}`,
      );
  }
  return { compared, different, differences, remarks: [...remarks] };
}

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

/** Hashes of all rows of the source with a doubtful key, per partition of the target. */
async function twinHashes({ run, planned }: Comparing, doubts: readonly Doubt[]): Promise<Map<string, Set<string>>> {
  const twins = new Map<string, Set<string>>();
  const keys = BigInt64Array.from(new Set(doubts.filter(({ got }) => got !== undefined).map(({ key }) => key)));
  if (keys.length === 0) return twins;
  for (const record of run.ledger.of(planned.target)) {
    const task = { kind: 'lookup', ...readTask(run, record), keys, hashes: true } as const;
    for (const { key, hash } of (await run.pool.run<'lookup'>(task)).matches) {
      const at = twinKey(record, BigInt(key));
      twins.set(at, (twins.get(at) ?? new Set()).add(hash));
    }
  }
  return twins;
}
