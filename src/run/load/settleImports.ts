/** After a crash: finds out, for every part whose import may or may not have been submitted, which of the two it was. */
import type { CollectionRecord, PartitionRecord } from '../../core/checkpoint.ts';
import { MigrateError } from '../../core/errors.ts';
import { parseKey } from '../../core/keys.ts';
import { primaryKeyOf } from '../../core/schema.ts';
import { moveAgain } from '../dump/moveAgain.ts';
import { schemaOf } from '../shared/plannedSchemas.ts';
import { buildIndex, wantedIndex } from './finishCollection.ts';
import { asking, type ImportContext, importPart, settledFolder, tasksWith, wholePart } from './importLoad.ts';

/** How many of a part's recorded keys are asked for, where only its rows can tell whether it is loaded. */
const KEYS_ASKED = 16;

/**
 * Leaves every record of the collection either `submitted`, `loaded`, or `intended` where nothing was submitted.
 * Nothing may be submitted to the collection meanwhile.
 */
export async function settleImports(run: ImportContext, collection: string, target: CollectionRecord): Promise<void> {
  const unknown: PartitionRecord[] = [];
  for (const record of run.ledger.of(collection)) {
    const { load } = record;
    if (load?.state === 'intended') {
      const found = (await tasksWith(run, target.loadInto, load.dir)).filter(({ id }) => !load.prior.includes(id));
      const task = found[0];
      if (task === undefined) unknown.push(record);
      else
        await run.ledger.recordLoad(record.planned.partition.id, {
          state: 'submitted',
          attempt: load.attempt,
          dir: load.dir,
          task: task.id,
        });
    } else if (load?.state === 'submitted') {
      const task = await asking(run, () => run.target.importTask(load.task));
      if (task === undefined || task.state === 'failed') unknown.push(record);
    }
  }
  if (unknown.length > 0) await decideByRows(run, { collection, target, unknown });
}

interface Unknown {
  readonly collection: string;
  readonly target: CollectionRecord;
  readonly unknown: readonly PartitionRecord[];
}

/** The server remembers no task: the rows it has must tell. */
async function decideByRows(run: ImportContext, { collection, target, unknown }: Unknown): Promise<void> {
  await waitForRunning(run, { collection, target, unknown });
  const surplus = await surplusRows(run, collection, target);
  const rows = (records: readonly PartitionRecord[]): number =>
    records.reduce((sum, record) => sum + wholePart(record).rows, 0);
  if (surplus === 0) return settle(run, unknown, []);
  if (surplus === rows(unknown)) return settle(run, [], unknown);
  const present: PartitionRecord[] = [];
  for (const record of unknown) if (await keysArePresent(run, target.loadInto, record)) present.push(record);
  if (rows(present) !== surplus)
    throw new MigrateError('E_LOAD_IN_DOUBT', 'it can not be told which parts Milvus loaded before the interruption', {
      at: { collection },
      found: `${surplus} rows more than the recorded loads, import tasks forgotten by the server`,
      wanted: `0 or ${rows(unknown)} rows, or whole parts of them`,
      hint: moveAgain(target),
    });
  await settle(
    run,
    unknown.filter((record) => !present.includes(record)),
    present,
  );
}

async function settle(
  run: ImportContext,
  absent: readonly PartitionRecord[],
  present: readonly PartitionRecord[],
): Promise<void> {
  for (const record of present) {
    const part = wholePart(record);
    const dir = record.load !== undefined && 'dir' in record.load ? record.load.dir : part.dir;
    await run.ledger.recordLoad(part.partition, {
      state: 'loaded',
      rows: part.rows,
      how: 'import',
      dir: await settledFolder(run, part, dir),
    });
  }
  for (const { planned, load } of absent)
    if (load?.state === 'submitted')
      await run.ledger.recordLoad(planned.partition.id, {
        state: 'intended',
        attempt: load.attempt,
        dir: load.dir,
        prior: [load.task],
      });
}

/** Tasks that are known and running change the count: they end first. */
async function waitForRunning(run: ImportContext, { collection, target, unknown }: Unknown): Promise<void> {
  for (const record of run.ledger.of(collection))
    if (record.load?.state === 'submitted' && !unknown.includes(record)) await importPart(run, record, target.loadInto);
}

/**
 * Rows that the server has beyond what was there before and what is recorded as loaded.
 *
 * Statistics can show that there are none. They can not show that there are some: an import that Milvus 2.3 was killed
 * in leaves a segment in them whose rows never appear. So a surplus is counted again, by count(*).
 */
export async function surplusRows(run: ImportContext, collection: string, target: CollectionRecord): Promise<number> {
  const loaded = run.ledger
    .of(collection)
    .reduce((sum, { load }) => sum + (load?.state === 'loaded' ? load.rows : 0), 0);
  const shown = await asking(run, () => run.target.statistics(target.loadInto));
  if (shown - target.statisticsBefore - loaded === 0) return 0;
  const before = Object.values(target.before).reduce((sum, rows) => sum + rows, 0);
  return (await exactCount(run, collection, target)) - before - loaded;
}

/** count(*), for which the collection needs an index and is loaded. */
async function exactCount(run: ImportContext, collection: string, target: CollectionRecord): Promise<number> {
  const into = target.loadInto;
  const facts = await asking(run, () => run.target.describe(into));
  const planned = run.collections.find((one) => one.target === collection);
  const index = planned === undefined ? undefined : wantedIndex(run, planned);
  const indexed = (facts?.indexes.length ?? 0) > 0;
  if (planned === undefined || facts === undefined || (!indexed && index === undefined) || target.countedBy !== 'count')
    throw new MigrateError('E_LOAD_IN_DOUBT', 'the collection has to be loaded to tell what Milvus has of it', {
      at: { collection: into },
      hint: `run again with --index auto; or ${moveAgain(target)}`,
    });
  if (!indexed && index !== undefined) await asking(run, () => buildIndex(run, { planned, index, into }));
  return Number(await whileLoaded(run, into, () => run.target.count(into)));
}

async function keysArePresent(run: ImportContext, into: string, record: PartitionRecord): Promise<boolean> {
  const schema = schemaOf(run, record.planned.collection);
  const keys = wholePart(record)
    .samples.slice(0, KEYS_ASKED)
    .map(({ key }) => parseKey(schema, key));
  const keyField = primaryKeyOf(schema).name;
  return whileLoaded(run, into, async () => {
    const found = await run.target.countKeys(into, keyField, keys, record.planned.targetPartition);
    return found >= BigInt(new Set(keys).size);
  });
}

/** Loads the collection afresh, so that it sees what was imported, and releases it again where it was not loaded. */
async function whileLoaded<T>(run: ImportContext, into: string, ask: () => Promise<T>): Promise<T> {
  const facts = await asking(run, () => run.target.describe(into));
  await asking(run, () => run.target.load(into));
  const answer = await asking(run, ask);
  if (facts?.loaded !== true) await asking(run, () => run.target.release(into));
  return answer;
}
