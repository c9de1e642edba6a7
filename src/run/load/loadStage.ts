/** The second stage: parts into the target, as they become whole. */
import type { CollectionRecord, PartitionRecord } from '../../core/checkpoint.ts';
import type { Part, Target } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { PlannedCollection } from '../../core/plan.ts';
import { vectorOf } from '../../core/schema.ts';
import { moveAgain } from '../dump/moveAgain.ts';
import type { RunContext } from '../shared/context.ts';
import { createBackoff } from '../shared/patience.ts';
import { createQueue, forEachConcurrently, type Queue } from '../threads/concurrently.ts';
import type { Pool } from '../threads/pool.ts';
import { asking, type ImportContext, importPart, wholePart } from './importLoad.ts';
import { settleImports, surplusRows } from './settleImports.ts';
import { createPace, type StreamContext, streamPart } from './streamLoad.ts';

export interface Loading {
  /** A part became whole. */
  ready(record: PartitionRecord): void;
  /** No more parts will come. Resolves when everything is loaded. */
  finish(): Promise<void>;
  /** Gives up: nothing new is begun. Resolves when nothing runs any more; never rejects. */
  stop(): Promise<void>;
}

/** Collections that are loaded; those that `--mode skip` left alone are not among them. */
export type Loadable = ReadonlyMap<string, CollectionRecord>;

/**
 * Starts loading. A collection whose rows could turn out to be refused by Milvus (NaN, infinity) begins when all its
 * parts were looked at, so that either nothing of it is loaded or everything; with a reject file, and for binary
 * vectors, each part goes at once.
 */
export function startLoading(run: RunContext & { readonly target: Target }, loadable: Loadable): Loading {
  const queue = createQueue<PartitionRecord>();
  const gates = new Map(run.collections.map((planned) => [planned.target, createGate(run, planned, queue)]));
  const records = run.ledger
    .partitions()
    .filter(({ planned }) => loadable.has(planned.collection) && planned.upsert !== true);
  const total = { units: records.length, rows: sumRows(records), bytes: sumBytes(records) };
  const loaded = records.filter(({ load }) => load?.state === 'loaded');
  run.meter.start('load', total, { units: loaded.length, rows: sumRows(loaded), bytes: sumBytes(loaded) });
  let side: Pool | undefined;
  const openSide = (): Pool => {
    side ??= run.pool.beside(1);
    return side;
  };
  const work = loadAll(run, { loadable, queue, side: openSide }).finally(() => side?.[Symbol.asyncDispose]());
  // Told at once: the dump that goes on beside it would be for nothing.
  const settled = work.catch(run.fail);
  return {
    ready: (record) => {
      if (loadable.has(record.planned.collection)) gates.get(record.planned.collection)?.(record);
    },
    async finish() {
      queue.end();
      await work;
      run.meter.finish('load');
    },
    async stop() {
      queue.clear();
      queue.end();
      await settled;
    },
  };
}

/** Holds a collection's parts back until it is sure that all of them may be loaded. */
function createGate(
  run: RunContext,
  planned: PlannedCollection,
  queue: Queue<PartitionRecord>,
): (record: PartitionRecord) => void {
  const { schema, steps } = planned;
  // A key and bits can hold nothing that Milvus would refuse.
  const plain = schema.fields.length === 2 && vectorOf(schema).type === 'BinaryVector' && steps === undefined;
  const sure = plain || run.config.rejectFile !== undefined;
  if (sure) return (record) => queue.push(record);
  const held: PartitionRecord[] = [];
  return (record) => {
    held.push(record);
    if (held.length < planned.parts || held.some((one) => hasBadRows(wholePart(one)))) return;
    for (const one of held.splice(0)) queue.push(one);
  };
}

function hasBadRows({ nonFinite, refused = 0 }: Part): boolean {
  return nonFinite + refused > 0;
}

interface Work {
  readonly loadable: Loadable;
  readonly queue: Queue<PartitionRecord>;
  readonly side: () => Pool;
}

async function loadAll(run: RunContext & { readonly target: Target }, { loadable, queue, side }: Work): Promise<void> {
  if (run.route === 'import') return importAll(importing(run), { loadable, queue, side });
  const context: StreamContext = { ...run, pace: createPace(), side };
  await forEachConcurrently(queue, run.pool.threads, async (record) => {
    if (run.ledger.get(record.planned.partition.id).load?.state === 'loaded') return;
    const started = performance.now();
    await streamPart(context, record, intoOf(loadable, record));
    run.meter.add('load', { units: 1, rows: 0, bytes: 0 });
    tellLoaded(run, record, started);
  });
}

function tellLoaded(run: RunContext, { planned }: PartitionRecord, started: number): void {
  const { partition, collection } = planned;
  const { load } = run.ledger.get(partition.id);
  const rows = load?.state === 'loaded' ? load.rows : 0;
  const ms = Math.round(performance.now() - started);
  run.meter.part({ stage: 'load', collection, part: partition.id, rows, bytes: partition.bytes, ms });
}

function importing(run: RunContext & { readonly target: Target }): ImportContext {
  return { ...run, files: filesOf(run), imports: new Map(), tries: new Map() };
}

function filesOf(run: RunContext): ImportContext['files'] {
  if (run.files === undefined) throw new TypeError('an import without files');
  return run.files;
}

function intoOf(loadable: Loadable, { planned }: PartitionRecord): string {
  const record = loadable.get(planned.collection);
  if (record === undefined) throw new TypeError(`a collection that is not to be loaded: ${planned.collection}`);
  return record.loadInto;
}

/**
 * Finds out what an earlier run submitted. Before parts are looked at and made again: one that may have been submitted
 * stays as it is.
 */
export async function settleLoads(run: RunContext & { readonly target: Target }, loadable: Loadable): Promise<void> {
  if (run.route !== 'import') return;
  for (const [collection, record] of loadable) await settleImports(importing(run), collection, record);
}

async function importAll(run: ImportContext, { loadable, queue }: Work): Promise<void> {
  const failed: PartitionRecord[] = [];
  const one = async (record: PartitionRecord): Promise<void> => {
    const current = run.ledger.get(record.planned.partition.id);
    if (current.load?.state === 'loaded') return;
    const started = performance.now();
    const outcome = await importPart(run, current, intoOf(loadable, record));
    if (outcome.kind === 'failed') {
      run.warn(`an import of ${record.planned.collection} failed and is tried again: ${outcome.reason}`);
      failed.push(record);
      await untilHealthy(run);
      return;
    }
    run.meter.add('load', { units: 1, rows: outcome.rows, bytes: record.planned.partition.bytes });
    tellLoaded(run, record, started);
  };
  await forEachConcurrently(queue, run.config.loadTasks, one);
  // Only now, with nothing else running, does the count show that the failed ones left nothing behind.
  while (failed.length > 0) {
    const again = failed.splice(0);
    for (const collection of new Set(again.map(({ planned }) => planned.collection)))
      await refuseLeftovers(run, collection, loadable);
    for (const record of again) await resetFailed(run, record);
    await forEachConcurrently(again, run.config.loadTasks, one);
  }
}

/** Longer than a Milvus needs to forget the nodes of before; what else ails it then, its imports may not mind. */
const RECOVERY_MS = 2 * 60_000;

/**
 * Waits until a Milvus that may have been started again is whole: an import that is submitted before can go to a data
 * node that is not there any more, and then stays as it is until it expires, after 15 minutes (2.3.5).
 */
async function untilHealthy(run: ImportContext): Promise<void> {
  const backoff = createBackoff(run.signal);
  const since = performance.now();
  while (!(await asking(run, () => run.target.healthy())) && performance.now() - since < RECOVERY_MS)
    await backoff.wait();
}

async function refuseLeftovers(run: ImportContext, collection: string, loadable: Loadable): Promise<void> {
  const record = loadable.get(collection);
  const surplus = record === undefined ? 0 : await surplusRows(run, collection, record);
  if (surplus === 0) return;
  throw new MigrateError('E_LOAD_IN_DOUBT', 'a failed import left rows behind', {
    at: { collection },
    found: `${surplus} rows more than the imports that completed`,
    wanted: '0',
    hint: moveAgain(record),
  });
}

async function resetFailed(run: ImportContext, { planned }: PartitionRecord): Promise<void> {
  const { load } = run.ledger.get(planned.partition.id);
  if (load?.state !== 'submitted') return;
  const { attempt, dir, task } = load;
  await run.ledger.recordLoad(planned.partition.id, { state: 'intended', attempt, dir, prior: [task] });
}

function sumRows(records: readonly PartitionRecord[]): number {
  return records.reduce((sum, { planned, part }) => sum + (part?.rows ?? planned.partition.rows), 0);
}

function sumBytes(records: readonly PartitionRecord[]): number {
  return records.reduce((sum, { planned }) => sum + planned.partition.bytes, 0);
}
