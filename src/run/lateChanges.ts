/**
 * What changed in the source after its rows were planned: found, read and upserted, once the planned rows are all in.
 *
 * There are two reasons to look: the snapshot that the rows were planned from was lost while they were read (then what
 * changed since is missing in them), and `--catch-up`. How many rows there were under the keys before is counted before
 * each upsert, so that the exact count at the end is still known. Deletes are not seen.
 */
import type { CollectionRecord, PartitionRecord } from '../core/checkpoint.ts';
import type { Partition } from '../core/contracts.ts';
import { MigrateError, throwAfter } from '../core/errors.ts';
import type { PlannedCollection, PlannedPartition } from '../core/plan.ts';
import type { SourceChanges } from '../core/sourceChanges.ts';
import { changesSince, letGo } from '../sources/index.ts';
import { dumpPart } from './dump/dumpStage.ts';
import { moveAgain } from './dump/moveAgain.ts';
import { repeatedAmong, repeatedIds } from './ids/storedIds.ts';
import type { FinishContext } from './load/finishCollection.ts';
import { asking } from './load/importLoad.ts';
import { createPace, streamPart } from './load/streamLoad.ts';
import { SAMPLES_PER_COLLECTION } from './plan/buildPlan.ts';
import { DEFAULT_PARTITION } from './shared/names.ts';
import { plannedOf } from './shared/plannedSchemas.ts';
import { settleCounts, type VerifyContext } from './verify/verify.ts';

type Looking = Pick<FinishContext, 'config' | 'ledger' | 'collections'>;

/** Puts partitions with what changed behind those of the plan, where there is a reason to look. */
export async function findChanges(run: FinishContext, takes: (collection: string) => boolean): Promise<void> {
  if (!mayHaveMissed(run) && !wantsCatchUp(run)) return;
  const { partitions, all, unsure, notes } = await lookForChanges(run, sharingOf(run));
  for (const { kind, text } of notes) if (kind !== 'info') run.warn(text);
  const total = partitions.reduce((sum, { rows }) => sum + rows, 0);
  let ordinal = run.ledger.partitions().reduce((last, { planned }) => Math.max(last, planned.ordinal), -1);
  const places = placesOf(run);
  const planned = partitions.flatMap((partition): PlannedPartition[] => {
    const place = places.get(partition.dataset);
    if (place === undefined || !takes(place.collection)) return [];
    const samples = Math.ceil((SAMPLES_PER_COLLECTION * partition.rows) / Math.max(total, 1));
    return [{ partition, ...place, samples, upsert: true, ordinal: ++ordinal }];
  });
  try {
    await refuseRepeatedIds(run, planned, all);
  } catch (thrown) {
    return await throwAfter(thrown, () => letGo(run.config.source, [...partitions, ...all]));
  }
  const upserted = planned.map(({ partition }) => partition);
  await letGo(run.config.source, [...partitions, ...all], upserted);
  if (planned.length > 0) await run.ledger.add(planned);
  tellForeignRows(run, planned);
  const rows = upserted.reduce((sum, partition) => sum + partition.rows, 0);
  run.warn(
    rows === 0
      ? 'nothing was changed or added in the source since it was read (deletes are not seen)'
      : unsure === undefined
        ? `${rows} rows were changed or added in the source since it was read: they are upserted (deletes are not seen)`
        : `${rows} rows are upserted that were changed or added in the source since it was read, or may have been: ${unsure} (deletes are not seen)`,
  );
}

type Place = Pick<PlannedPartition, 'collection' | 'targetPartition' | 'input'>;

/** Where rows of each dataset go: as those before, and it may have had none so far. */
function placesOf({ ledger, collections }: FinishContext): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const { planned } of ledger.partitions()) {
    const { collection, targetPartition, input, partition } = planned;
    if (!places.has(partition.dataset)) places.set(partition.dataset, { collection, targetPartition, input });
  }
  for (const { target, datasets } of collections)
    for (const dataset of datasets)
      if (!places.has(dataset))
        places.set(dataset, { collection: target, targetPartition: DEFAULT_PARTITION, input: dataset });
  return places;
}

/** Datasets that share a collection: each has its ids, and they may be the same. */
function sharingOf({ collections }: FinishContext): ReadonlySet<string> {
  return new Set(collections.flatMap(({ datasets }) => (datasets.length > 1 ? datasets : [])));
}

/** An upsert leaves one row of those that have the id: nothing is upserted where the others would be lost. */
async function refuseRepeatedIds(
  run: FinishContext,
  planned: readonly PlannedPartition[],
  all: readonly Partition[],
): Promise<void> {
  const places = placesOf(run);
  for (const collection of new Set(planned.map((one) => one.collection))) {
    const now = all.filter(({ dataset }) => places.get(dataset)?.collection === collection);
    const repeated = repeatedIds(run, collection) || (await repeatedAmong(run, collection, now));
    if (repeated === 0) continue;
    throw new MigrateError('E_DUPLICATE_IDS', 'what changed can not be upserted where ids occur more than once', {
      at: { collection },
      found: `${repeated} ids that more than one row has: an upsert would leave one row of each`,
      hint: moveAgain(run.ledger.collection(collection)),
    });
  }
}

/** Of a row that was there before the job nobody can tell by its id that it is not the document's own of before. */
function tellForeignRows(run: FinishContext, planned: readonly PlannedPartition[]): void {
  for (const collection of new Set(planned.map((one) => one.collection))) {
    const before = Object.values(run.ledger.collection(collection)?.before ?? {}).reduce((sum, rows) => sum + rows, 0);
    if (before === 0) continue;
    run.warn(
      `${collection}: the collection held ${before} rows before this job: one of them that has the id of a document that changed or was added is replaced by it`,
    );
  }
}

/** For files alone nothing can be upserted: they are right only if nothing changed. */
export async function refuseMissedChanges(run: Looking): Promise<void> {
  const { rows, unsure } = await missedRows(run);
  if (rows === 0) return;
  if (unsure !== undefined)
    throw new MigrateError(
      'E_SOURCE_CHANGED',
      'the source may have changed while it was read, and its snapshot was lost',
      {
        found: `it is not known whether any of ${rows} rows changed since: ${unsure}`,
        hint: 'load the files into Milvus with `run` or `start` (all of these rows are upserted then), or start over with --fresh',
      },
    );
  throw new MigrateError('E_SOURCE_CHANGED', 'the source was changed while it was read, and its snapshot was lost', {
    found: `${rows} rows changed or added since: they are in none of the files`,
    hint: 'load the files into Milvus with `run` or `start` (what changed is upserted then), or start over with --fresh',
  });
}

/** Whether a part of the collection was read without its snapshot: its files may lack what changed meanwhile. */
export function mayLackRows({ ledger }: Pick<Looking, 'ledger'>, collection: string): boolean {
  return ledger.of(collection).some(({ part }) => part?.withoutSnapshot === true);
}

/** Rows that changed since a part was read without its snapshot, where nobody looked after that. */
async function missedRows(run: Looking): Promise<{ rows: number } & Pick<SourceChanges, 'unsure'>> {
  if (!mayHaveMissed(run)) return { rows: 0 };
  const { partitions, unsure } = await lookForChanges(run);
  // They are counted only: nobody reads them.
  await letGo(run.config.source, partitions);
  const rows = partitions.reduce((sum, partition) => sum + partition.rows, 0);
  return unsure === undefined ? { rows } : { rows, unsure };
}

/** @param sharing see `ChangesOf` */
async function lookForChanges(run: Looking, sharing?: ReadonlySet<string>): Promise<SourceChanges> {
  return changesSince(run.config.source, {
    partitions: run.ledger.partitions().map(({ planned }) => planned.partition),
    datasets: run.collections.flatMap(({ datasets }) => datasets),
    sharing,
  });
}

/** Whether a part was read without its snapshot, and no changes were looked for after that. */
function mayHaveMissed({ ledger }: Looking): boolean {
  const records = ledger.partitions();
  const last = records.findLastIndex(({ part }) => part?.withoutSnapshot === true);
  return last >= 0 && !records.slice(last + 1).some(({ planned }) => planned.upsert === true);
}

function wantsCatchUp({ config }: FinishContext): boolean {
  return config.source.kind === 'elasticsearch' && config.source.catchUp;
}

/** Reads and upserts what is left of a collection's changes. The collection has its index. */
export async function upsertChanges(
  run: VerifyContext,
  planned: PlannedCollection,
  record: CollectionRecord,
): Promise<void> {
  const left = (): PartitionRecord[] =>
    run.ledger.of(planned.target).filter((one) => one.planned.upsert === true && one.load?.state !== 'loaded');
  if (left().length === 0) return;
  await whileLoaded(run, record, async () => {
    await refuseOtherCount(run, planned, record);
    for (const { planned: one, part } of left()) if (part === undefined) await dumpPart(run, one.partition.id);
    refuseBadRows(run, left());
    tellOldRows(run, planned, left());
    // One stream at a time: the same key may be in two of them, and the later one is to stay.
    await using side = run.pool.beside(1);
    const context = { ...run, pace: createPace(), side: () => side };
    for (const one of left()) await streamPart(context, one, record.loadInto);
    await asking(run, () => run.target.flush(record.loadInto));
  });
  const { rows, unsure } = await missedRows(run);
  if (rows === 0) return;
  const changed = unsure === undefined ? 'more has changed' : 'more may have changed';
  throw new MigrateError('E_SOURCE_CHANGED', `the snapshot of what changed was lost, too, and ${changed} since`, {
    at: { collection: planned.target },
    found: unsure === undefined ? `${rows} rows changed or added since` : `${rows} rows, not known which: ${unsure}`,
    hint: 'run the same command again: it finds and upserts them',
  });
}

async function whileLoaded(
  run: VerifyContext,
  { loadInto }: CollectionRecord,
  work: () => Promise<void>,
): Promise<void> {
  const facts = await asking(run, () => run.target.describe(loadInto));
  if (facts?.loaded === true) return work();
  await asking(run, () => run.target.load(loadInto));
  try {
    await work();
  } finally {
    await asking(run, () => run.target.release(loadInto));
  }
}

/** Which of the changed rows are new can be told only where everything before them is visible. */
async function refuseOtherCount(
  run: VerifyContext,
  planned: PlannedCollection,
  record: CollectionRecord,
): Promise<void> {
  const records = run.ledger.of(planned.target);
  // It was right when the upserts began; what is in doubt of them now may be there or not.
  if (records.some((one) => one.planned.upsert === true && one.load?.state === 'streaming')) return;
  const done = records.filter(({ load }) => load?.state === 'loaded');
  const counted = await settleCounts(run, { record, records: done });
  if (counted.differences.length === 0) return;
  throw new MigrateError('E_VERIFY', 'Milvus does not hold what was loaded, so what changed since is not upserted', {
    at: { collection: planned.target },
    found: counted.differences.join('; '),
    hint: moveAgain(record),
  });
}

/** An upsert replaces rows: where a changed document makes none, there is nothing that would take the old one away. */
function tellOldRows(run: VerifyContext, { target }: PlannedCollection, records: readonly PartitionRecord[]): void {
  const filtered = records.reduce((sum, { part }) => sum + (part?.filtered ?? 0), 0);
  const rejected = records.reduce((sum, { part }) => sum + (part?.rejected ?? 0), 0);
  if (filtered + rejected === 0) return;
  run.warn(
    `${target}: ${filtered + rejected} rows that changed or were added in the source are no rows now (${filtered} left out by steps, ${rejected} rejected): where they were rows before, the old ones stay in the collection`,
  );
}

function refuseBadRows(run: VerifyContext, records: readonly PartitionRecord[]): void {
  for (const { planned, part } of records) {
    const bad = (part?.nonFinite ?? 0) + (part?.refused ?? 0);
    const [first] = part?.firstNonFinite ?? [];
    if (bad === 0) continue;
    throw new MigrateError('E_VERIFY', 'rows that were changed in the source can not be rows of the collection', {
      at: { collection: plannedOf(run, planned.collection).target },
      found: `${bad} rows; the first: id ${first?.key}: ${first?.reason ?? 'NaN or infinity'}`,
      hint: 'run again with --reject-file FILE: they are put there and the rest is upserted',
    });
  }
}
