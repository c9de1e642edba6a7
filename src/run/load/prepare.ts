/** Makes the target ready for a collection's rows, and records what was there before the first of them. */
import type { CollectionRecord } from '../../core/checkpoint.ts';
import type { CollectionFacts, Target } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { PlannedCollection } from '../../core/plan.ts';
import { type Field, type FieldFacts, primaryKeyOf, type Schema, vectorOf } from '../../core/schema.ts';
import { announce } from '../progress/events.ts';
import type { RunContext } from '../shared/context.ts';
import { DEFAULT_PARTITION, fittingName } from '../shared/names.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';

/** A strongly consistent count waits for the server's clock, 0.2 s and more: of thousands of partitions, side by side. */
export const COUNTS_AT_A_TIME = 8;

/** The collection of a job that will replace `target` (`--mode overwrite`). */
export function scratchName(target: string, jobId: string): string {
  return fittingName(`${target}__new_${jobId}`);
}

/**
 * Finds or creates the collection and its partitions.
 * @returns its record; `phase` is `left` where `--mode skip` leaves an existing collection alone
 */
export async function prepareCollection(
  run: RunContext,
  target: Target,
  planned: PlannedCollection,
): Promise<CollectionRecord> {
  const known = run.ledger.collection(planned.target);
  if (known !== undefined && known.phase !== 'creating' && known.phase !== 'left')
    return recheckCollection(run, target, { planned, known });
  const made =
    known?.phase === 'creating'
      ? await createRecorded(run, target, { planned, record: known })
      : // One that was left alone by an earlier run may be gone since.
        await beginCollection(run, target, planned);
  await run.ledger.recordCollection(planned.target, made);
  announce('collection created', planned.target);
  return made;
}

async function beginCollection(run: RunContext, target: Target, planned: PlannedCollection): Promise<CollectionRecord> {
  const existing = await describeFlushed(run, target, planned.target);
  const record = begin(run, { planned, existing });
  if (record.phase === 'creating') return createRecorded(run, target, { planned, record });
  if (existing === undefined || record.phase === 'left') return record;
  await addPartitions(target, existing, planned);
  return { ...record, ...(await countBefore(target, existing)) };
}

/** Rows are to be added to it, and those there are counted: what is not flushed yet is in no statistics (2.3.5). */
async function describeFlushed(run: RunContext, target: Target, name: string): Promise<CollectionFacts | undefined> {
  const found = await target.describe(name);
  if (found === undefined || run.config.mode !== 'append') return found;
  await target.flush(name);
  return target.describe(name);
}

/**
 * As `describe`, for whoever asks whether a collection is empty: statistics know no rows that are not flushed yet (2.3.5).
 * Where they say 0, count(*) tells, of a collection that is loaded. Another is flushed, which changes no row and Milvus does
 * by itself in a while: no other question is answered without a load.
 */
export async function describeWhole(
  target: Target,
  name: string,
  mayFlush: boolean,
): Promise<CollectionFacts | undefined> {
  const found = await target.describe(name);
  if (found === undefined || found.statisticRows > 0) return found;
  if (found.loaded) return { ...found, statisticRows: Number(await target.count(name)) };
  if (!mayFlush) return found;
  await target.flush(name);
  return target.describe(name);
}

/** Recorded first, so that a run that died in between knows the empty collection for its own. */
async function createRecorded(
  run: RunContext,
  target: Target,
  { planned, record }: { planned: PlannedCollection; record: CollectionRecord },
): Promise<CollectionRecord> {
  await run.ledger.recordCollection(planned.target, record);
  const found = await describeWhole(target, record.loadInto, true);
  if (found !== undefined && found.statisticRows > 0) throw notEmpty(found);
  const { shards, consistencyLevel } = run.config;
  const { schema, description } = planned;
  const dynamicField = run.config.dynamicField || schema.fields.some(({ dynamic }) => dynamic === true);
  const spec = { name: record.loadInto, schema, description, dynamicField, shards, consistencyLevel };
  const facts = found ?? (await target.create(spec));
  refuseUnfit(facts, schema);
  await addPartitions(target, facts, planned);
  return { ...record, id: facts.id, phase: 'loading' };
}

/** A collection that this job began with must still be the same one. */
export async function recheckCollection(
  run: Pick<RunContext, 'ledger'>,
  target: Target,
  { planned, known }: { readonly planned: PlannedCollection; readonly known: CollectionRecord },
): Promise<CollectionRecord> {
  const name = known.loadInto;
  const own = await target.describe(name);
  // Renamed it is only when it was verified. Ids would tell, but milvus-lite has none.
  const swapping = known.report?.verify.count === 'ok';
  const facts = own ?? (swapping ? await target.describe(planned.target) : undefined);
  if (facts === undefined || facts.id !== known.id) {
    // What was verified then says nothing about what is there now.
    await run.ledger.recordCollection(planned.target, { ...known, report: undefined });
    throw new MigrateError('E_COLLECTION_REPLACED', 'the collection that this job loads into is not there any more', {
      at: { collection: name },
      found: facts === undefined ? 'no such collection' : `a collection with id ${facts.id}`,
      wanted: `the collection with id ${known.id}`,
      hint: 'it was dropped or made anew since: start over with --fresh',
    });
  }
  if (known.phase === 'loading') await addPartitions(target, facts, planned);
  if (own !== undefined) return known;
  // A run that died in the swap had renamed it.
  const renamed: CollectionRecord = { ...known, loadInto: planned.target };
  await run.ledger.recordCollection(planned.target, renamed);
  return renamed;
}

/** What to do with the collection, from what is there. */
function begin(
  run: RunContext,
  { planned, existing }: { planned: PlannedCollection; existing: CollectionFacts | undefined },
): CollectionRecord {
  const { mode, modeGiven } = run.config;
  const { target, schema } = planned;
  const nothing = { before: {}, countedBy: 'count', statisticsBefore: 0, report: undefined, ms: {} } as const;
  const own = { ...nothing, id: '', created: true, phase: 'creating', replaces: undefined } as const;
  if (existing === undefined) return { ...own, loadInto: target };
  if (mode === 'overwrite') return { ...own, loadInto: scratchName(target, run.jobId), replaces: existing.id };
  const theirs = { ...nothing, id: existing.id, created: false, loadInto: target, replaces: undefined };
  if (mode === 'skip') return { ...theirs, phase: 'left' };
  refuseUnfit(existing, schema);
  if (existing.statisticRows > 0 && !modeGiven) throw notEmpty(existing);
  return { ...theirs, phase: 'loading' };
}

export function notEmpty(existing: CollectionFacts): MigrateError {
  return new MigrateError('E_COLLECTION_NOT_EMPTY', 'the collection is there already and holds rows', {
    at: { collection: existing.name },
    found: `about ${existing.statisticRows} rows`,
    wanted: 'no such collection, or an empty one',
    hint: 'say --mode append to add to it, --mode overwrite to replace it, --mode skip to leave it as it is',
  });
}

/** Counts exactly where the collection is loaded; elsewhere the statistics have to do. */
async function countBefore(
  target: Target,
  existing: CollectionFacts,
): Promise<Pick<CollectionRecord, 'before' | 'countedBy' | 'statisticsBefore'>> {
  const rows = new Map<string, number>();
  await forEachConcurrently(existing.milvusPartitions, COUNTS_AT_A_TIME, async (name) => {
    const counting = existing.loaded ? target.count(existing.name, name) : target.statistics(existing.name, name);
    rows.set(name, Number(await counting));
  });
  return {
    before: Object.fromEntries(existing.milvusPartitions.map((name) => [name, rows.get(name)!])),
    countedBy: existing.loaded ? 'count' : 'statistics',
    statisticsBefore: await target.statistics(existing.name),
  };
}

async function addPartitions(target: Target, facts: CollectionFacts, planned: PlannedCollection): Promise<void> {
  for (const name of planned.milvusPartitions)
    if (name !== DEFAULT_PARTITION && !facts.milvusPartitions.includes(name))
      await target.createMilvusPartition(facts.name, name);
}

/** An existing collection takes our rows only if it has exactly our fields. */
export function refuseUnfit(existing: CollectionFacts, schema: Schema): void {
  const key = primaryKeyOf(schema);
  const vector = vectorOf(schema);
  const own = existing.fields.find(({ primaryKey }) => primaryKey);
  const metric = existing.indexes.find(({ field }) => field === vector.name)?.metric;
  const dynamic = schema.fields.some((field) => field.dynamic === true);
  const problems = [
    own?.name === key.name ? '' : `primary key ${own?.name ?? 'none'}, wanted ${key.name}`,
    own?.typeName === key.type ? '' : `primary key of type ${own?.typeName}, wanted ${key.type}`,
    own?.autoId === true ? 'its ids are made by Milvus, ours would be lost' : '',
    ...(own === undefined ? [] : shortcomings(own, key)),
    ...existing.fields.filter(({ partitionKey }) => partitionKey).map(({ name }) => `${name} is its partition key`),
    ...schema.fields
      .filter((field) => field !== key && field.dynamic !== true)
      .flatMap((field) => unfitField(existing, field)),
    metric === undefined || metric === '' || metric === schema.metric
      ? ''
      : `its index has metric ${metric}, wanted ${schema.metric}`,
    dynamic && !existing.dynamicField ? 'it has no dynamic field, which what belongs to no field would go into' : '',
    ...existing.fields
      .filter(({ name }) => !schema.fields.some((field) => field.name === name))
      .map(({ name }) => `a field ${name} that the source does not have`),
  ].filter((problem) => problem !== '');
  if (problems.length === 0) return;
  const casts = castsInto(existing, schema);
  throw new MigrateError('E_TARGET_SCHEMA', 'the collection is there already with another schema', {
    at: { collection: existing.name },
    found: problems.join('; '),
    wanted: `${schema.fields.map(inWords).join(', ')}, metric ${schema.metric}`,
    hint:
      casts.length === problems.length
        ? `if no text is longer, say so: ${casts.join(' ')} (a row with a longer one is rejected before any is loaded; of a dumped folder, when it is dumped); or choose another --name, or --mode overwrite`
        : 'give the fields their names with --id-field and --vector-field, choose another --name, or --mode overwrite',
  });
}

/**
 * Steps that fit texts into the fields that are there. What a source knows no length of is planned as the longest there is
 * (Elasticsearch's `_id` too): its texts may well fit, and if not, that is known before rows are there.
 */
function castsInto({ fields }: CollectionFacts, schema: Schema): string[] {
  return schema.fields.flatMap(({ name, type, maxLength = 0 }) => {
    const bytes = fields.find((field) => field.name === name)?.maxLength ?? maxLength;
    return type === 'VarChar' && bytes < maxLength ? [`--cast "${name}:VarChar(${bytes})"`] : [];
  });
}

/** None: it is there as it has to be. */
function unfitField(existing: CollectionFacts, field: Field): string[] {
  const { name, type, dim, element } = field;
  const found = existing.fields.find((one) => one.name === name);
  if (found === undefined) return [`no field ${name}`];
  if (found.typeName !== type) return [`${name} is a ${found.typeName}, wanted ${type}`];
  if (found.dim !== dim) return [`${name} has ${found.dim} dimensions, wanted ${dim}`];
  if (element !== undefined && found.element !== element)
    return [`${name} is an Array of ${found.element}, wanted ${element}`];
  return shortcomings(found, field);
}

/** An insert refuses what is longer, after many rows; an import of 2.3.5 takes it all the same. */
function shortcomings(found: FieldFacts, { name, maxLength = 0, maxCapacity = 0 }: Field): string[] {
  const { maxLength: bytes = maxLength, maxCapacity: elements = maxCapacity } = found;
  return [
    ...(bytes < maxLength ? [`${name} takes ${bytes} bytes, wanted ${maxLength}`] : []),
    ...(elements < maxCapacity ? [`${name} takes ${elements} elements, wanted ${maxCapacity}`] : []),
  ];
}

function inWords({ name, type, dim, primaryKey }: Field): string {
  return `${name} ${type}${dim > 0 ? `(${dim})` : ''}${primaryKey ? ' primary key' : ''}`;
}
