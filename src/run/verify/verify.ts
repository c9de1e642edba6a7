/** The last stage: what the target holds against what was read, by exact counts and by values, bit for bit. */
import type { CollectionRecord, PartitionRecord } from '../../core/checkpoint.ts';
import type { CollectionFacts, Target } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { PlannedCollection } from '../../core/plan.ts';
import type { CheckResult, CollectionReport } from '../../core/report.ts';
import type { Difference } from '../dump/moveAgain.ts';
import { asking } from '../load/importLoad.ts';
import { COUNTS_AT_A_TIME } from '../load/prepare.ts';
import { announce } from '../progress/events.ts';
import type { RunContext } from '../shared/context.ts';
import { DEFAULT_PARTITION } from '../shared/names.ts';
import { createBackoff } from '../shared/patience.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';
import { type Comparison, compareAll, compareSamples } from './compareRows.ts';

export type Verification = CollectionReport['verify'];

export interface VerifyContext extends RunContext {
  readonly target: Target;
  /** How long a count that is not right yet is asked for again. */
  readonly countSettlesMs: number;
}

/** What was found, and what it means. */
export interface Outcome extends Omit<Difference, 'inWords'> {
  readonly verify: Verification;
}

export interface Verified {
  readonly planned: PlannedCollection;
  readonly record: CollectionRecord;
}

/** After an import a loaded collection's count was seen to stay old for 18 s; this long it may take to come right. */
export const AFTER_LOAD_MS = 90_000;
/** Where this run loaded nothing itself. */
export const AT_REST_MS = 20_000;
const NAMED_DIFFERENCES = 10;

export async function verifyCollection(run: VerifyContext, { planned, record }: Verified): Promise<Outcome> {
  announce('verifying', planned.target);
  const facts = await sameCollection(run, record);
  const records = run.ledger.of(planned.target);
  const open = unfinished(records, planned);
  if (open.length > 0) return notLoaded(open);
  const there = new Set(facts.milvusPartitions);
  const wanted = wantedRows(records, record, there);
  const choice = run.config.verify;
  if (choice === 'none')
    return { ...NOTHING_MORE, verify: result({ count: 'skipped', remark: 'not verified (--verify none)' }) };
  const compares = facts.loaded ? choice !== 'counts' : choice === 'sample' || choice === 'full';
  const counting = { record, wanted, there, filled: new Set(records.map((one) => one.planned.targetPartition)) };
  if (!facts.loaded && !compares) return checkCounts(run, { ...counting, exact: false });
  return whileLoaded(run, facts, async () => {
    const counted = await checkCounts(run, { ...counting, exact: true });
    // Of a partition that is gone nothing can be asked.
    if (!compares || [...wanted].some(([name, rows]) => isGone(there, name, rows))) return counted;
    const context = { run, planned, into: record.loadInto, before: record.before };
    const compared = await (choice === 'full' ? compareAll(context) : compareSamples(context));
    return combine(counted, compared);
  });
}

async function sameCollection(run: VerifyContext, record: CollectionRecord): Promise<CollectionFacts> {
  const facts = await asking(run, () => run.target.describe(record.loadInto));
  if (facts !== undefined && facts.id === record.id) return facts;
  throw new MigrateError('E_COLLECTION_REPLACED', 'the collection is not the one that was loaded', {
    at: { collection: record.loadInto },
    found: facts === undefined ? 'no such collection' : `a collection with id ${facts.id}`,
    wanted: `the collection with id ${record.id}`,
    hint: 'it was dropped or made anew since: start over with --fresh',
  });
}

/** Loads the collection for the purpose where it is not loaded, and releases it then. */
async function whileLoaded<T>(run: VerifyContext, facts: CollectionFacts, work: () => Promise<T>): Promise<T> {
  if (facts.loaded) return work();
  if (facts.indexes.length === 0)
    throw new MigrateError(
      'E_VERIFY',
      'a collection without an index can not be loaded, so its vectors can not be read back',
      {
        at: { collection: facts.name },
        hint: 'let the index be built (--index auto), or verify by counts (--verify counts)',
      },
    );
  await run.target.load(facts.name);
  try {
    return await work();
  } finally {
    await run.target.release(facts.name);
  }
}

/**
 * Rows that each partition of the target must hold: what was read, not what was recorded as loaded.
 * @param there its partitions: one that this job neither found nor made is to be empty
 */
function wantedRows(
  records: readonly PartitionRecord[],
  { before }: CollectionRecord,
  there: Iterable<string> = [],
): Map<string, number> {
  const empty = [DEFAULT_PARTITION, ...there].map((name) => [name, 0] as const);
  const wanted = new Map<string, number>([...empty, ...Object.entries(before)]);
  for (const { planned, part, load } of records) {
    const { targetPartition, partition } = planned;
    if (load !== undefined && planned.upsert === true) {
      const fresh = load.state === 'loaded' || load.state === 'streaming' ? (load.fresh ?? 0) : 0;
      wanted.set(targetPartition, (wanted.get(targetPartition) ?? 0) + fresh);
      continue;
    }
    const rows =
      part === undefined
        ? partition.rows
        : part.read - part.deleted - part.dropped - (part.filtered ?? 0) - part.rejected - (part.refused ?? 0);
    wanted.set(targetPartition, (wanted.get(targetPartition) ?? 0) + rows);
  }
  return wanted;
}

/** Whether a partition that is to hold rows is not there any more. */
function isGone(there: ReadonlySet<string> | undefined, name: string, rows: number): boolean {
  return rows > 0 && there?.has(name) === false;
}

/** A collection whose load is not finished can not pass, whatever the counts say. */
function unfinished(records: readonly PartitionRecord[], { parts }: PlannedCollection): string[] {
  const open = records.filter(({ part, load }) => part === undefined || load?.state !== 'loaded').length;
  const missing = parts - records.length;
  return [
    ...(open > 0 ? [`${open} of ${records.length} parts are not loaded yet`] : []),
    ...(missing > 0 ? [`${missing} of ${parts} parts are not in the job`] : []),
  ];
}

/** Counts a loaded collection until it holds what these records say, or has had its time. */
export async function settleCounts(
  run: VerifyContext,
  { record, records }: { record: CollectionRecord; records: readonly PartitionRecord[] },
): Promise<Verification> {
  return (await checkCounts(run, { record, wanted: wantedRows(records, record), exact: true })).verify;
}

interface Counting {
  readonly record: CollectionRecord;
  readonly wanted: ReadonlyMap<string, number>;
  /** The partitions that the collection has. Absent: all that are wanted. */
  readonly there?: ReadonlySet<string>;
  /** The partitions that this job loads rows into. Absent: all that are wanted. */
  readonly filled?: ReadonlySet<string>;
  /** By count(*) of a loaded collection; else by statistics. */
  readonly exact: boolean;
}

async function checkCounts(run: VerifyContext, counting: Counting): Promise<Outcome> {
  const { record, wanted, there, filled, exact } = counting;
  const comparable = exact || record.countedBy === 'statistics' || record.created;
  const counts = new Map<string, bigint>();
  const asked = [...wanted].filter(([name]) => there?.has(name) !== false);
  await forEachConcurrently(asked, COUNTS_AT_A_TIME, async ([milvusPartition, rows]) => {
    counts.set(milvusPartition, await settledCount(run, { record, milvusPartition, rows, exact }));
  });
  const differences: string[] = [];
  let [others, own] = [0, 0];
  let total = 0n;
  for (const [milvusPartition, rows] of wanted) {
    const found = counts.get(milvusPartition) ?? 0n;
    total += found;
    if (isGone(there, milvusPartition, rows))
      differences.push(`partition ${milvusPartition}: it is not there, wanted ${rows} rows`);
    else if (found !== BigInt(rows)) {
      differences.push(`partition ${milvusPartition}: ${found} rows, wanted ${rows}`);
      if (found > BigInt(rows) && filled?.has(milvusPartition) === false) others++;
      else if (found > BigInt(rows)) own++;
    }
  }
  const sum = [...wanted.values()].reduce((all, rows) => all + rows, 0);
  const remarks = [
    exact ? '' : 'counts only, of Milvus’s statistics, which know of no deletes: the collection is not loaded',
    exact && record.countedBy === 'statistics' && !record.created
      ? 'the rows there before were counted by statistics'
      : '',
    comparable ? '' : 'rows there before were counted while it was loaded',
  ];
  const verify = result({
    count: differences.length === 0 ? 'ok' : 'failed',
    wanted: String(sum),
    found: String(total),
    differences,
    remark: remarks.filter((remark) => remark !== '').join('; '),
  });
  const more = own > 0 ? 'here' : others > 0 ? 'elsewhere' : 'none';
  return { verify, more, besides: differences.length > own + others, unfinished: false };
}

/** Counts until the number is right or has had its time: a server needs a while to see what was imported. */
async function settledCount(
  run: VerifyContext,
  {
    record,
    milvusPartition,
    rows,
    exact,
  }: { record: CollectionRecord; milvusPartition: string; rows: number; exact: boolean },
): Promise<bigint> {
  const backoff = createBackoff(run.signal);
  const started = performance.now();
  for (;;) {
    const found = await asking(run, async () =>
      exact
        ? run.target.count(record.loadInto, milvusPartition)
        : BigInt(await run.target.statistics(record.loadInto, milvusPartition)),
    );
    if (found === BigInt(rows) || performance.now() - started > run.countSettlesMs) return found;
    run.meter.detail('verify', `${record.loadInto}: Milvus counts ${found} of ${rows} rows so far`);
    await backoff.wait();
  }
}

function combine({ verify: counted, ...outcome }: Outcome, compared: Comparison): Outcome {
  const differences = [...counted.differences, ...compared.differences];
  const remark = [counted.remark, ...compared.remarks].filter((text) => text !== '').join('; ');
  const samples: CheckResult = compared.different === 0 ? 'ok' : 'failed';
  const verify = {
    ...counted,
    samples,
    sampled: compared.compared,
    ...(compared.gone === undefined ? {} : { gone: compared.gone }),
    differences: differences.slice(0, NAMED_DIFFERENCES),
    remark,
  };
  return { ...outcome, verify, besides: outcome.besides || samples === 'failed' };
}

const NOTHING_MORE = { more: 'none', besides: false, unfinished: false } as const;

function notLoaded(differences: readonly string[]): Outcome {
  const verify = result({ count: 'failed', differences, remark: 'the load is not finished' });
  return { ...NOTHING_MORE, verify, unfinished: true };
}

function result(known: Partial<Verification> & { count: CheckResult }): Verification {
  return { wanted: '', found: '', samples: 'skipped', sampled: 0, remark: '', differences: [], ...known };
}
