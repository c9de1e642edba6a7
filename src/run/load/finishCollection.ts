/** What follows when all rows of a collection are in: flush, index, load, and for `--mode overwrite` the swap. */
import type { CollectionRecord } from '../../core/checkpoint.ts';
import type { Target } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { PlannedCollection } from '../../core/plan.ts';
import { type Field, type IndexSpec, type MetricType, vectorOf } from '../../core/schema.ts';
import { announce } from '../progress/events.ts';
import type { RunContext } from '../shared/context.ts';
import { fittingName } from '../shared/names.ts';
import { asking } from './importLoad.ts';

export interface FinishContext extends RunContext {
  readonly target: Target;
}

/** Index on the vectors where one is wanted; undefined: none. */
export function wantedIndex({ config }: Pick<RunContext, 'config'>, planned: PlannedCollection): IndexSpec | undefined {
  switch (config.index.kind) {
    case 'none':
      return undefined;
    case 'given':
      return config.index;
    case 'auto':
      return planned.index ?? exactIndex(vectorOf(planned.schema));
  }
}

export async function indexAndLoad(
  run: FinishContext,
  planned: PlannedCollection,
  record: CollectionRecord,
): Promise<void> {
  const { target, config } = run;
  if (run.route === 'stream') await asking(run, () => target.flush(record.loadInto));
  const index = wantedIndex(run, planned);
  if (index !== undefined) await buildIndex(run, { planned, index, into: record.loadInto });
  if (config.loadCollection) await asking(run, () => target.load(record.loadInto));
}

/** The first vector's index for another one, where it may have it. */
function indexFor(field: Field, first: Field, index: IndexSpec): IndexSpec {
  return field.type === first.type ? index : exactIndex(field);
}

function exactIndex({ type }: Field): IndexSpec {
  return { type: type === 'BinaryVector' ? 'BIN_FLAT' : 'FLAT', params: {} };
}

/** In the metric that the source had, where this server has it, else in the planned one. */
export async function buildIndex(
  run: FinishContext,
  { planned, index, into }: { planned: PlannedCollection; index: IndexSpec; into: string },
): Promise<void> {
  const { schema, preferredMetric } = planned;
  const first = vectorOf(schema);
  for (const other of schema.fields)
    if (other.dim > 0 && other !== first)
      await run.target.createIndex(into, other.name, indexFor(other, first, index), other.metric ?? schema.metric);
  const build = (metric: MetricType): Promise<void> => run.target.createIndex(into, first.name, index, metric);
  if (preferredMetric !== undefined) {
    try {
      return await build(preferredMetric);
    } catch (thrown) {
      if (!(thrown instanceof MigrateError) || thrown.code !== 'E_TARGET' || thrown.retry) throw thrown;
      run.warn(
        `${planned.target}: this Milvus has no ${preferredMetric} (${thrown.found ?? thrown.message}); ${schema.metric} is used`,
      );
    }
  }
  await build(schema.metric);
}

/**
 * `--mode overwrite`: the proven new collection takes the name of the old one, and only then the old one is dropped.
 * May be run again after a crash at any point: names and ids tell which collection bears which name.
 */
export async function swapIn(run: FinishContext, planned: PlannedCollection, record: CollectionRecord): Promise<void> {
  const { target, ledger, jobId } = run;
  if (record.replaces === undefined || record.phase === 'swapped') return;
  if (record.report?.verify.count !== 'ok')
    throw new MigrateError('E_VERIFY', 'the old collection is replaced only by one that was verified', {
      at: { collection: planned.target },
      found: `the new data is in ${record.loadInto}, not verified`,
      hint: 'run again without --verify none',
    });
  const retired = fittingName(`${planned.target}__old_${jobId}`);
  const current = await target.describe(planned.target);
  // By its name, not by ids alone: milvus-lite has none.
  const waits = record.loadInto !== planned.target && (await target.describe(record.loadInto)) !== undefined;
  if (!waits && current?.id !== record.id)
    throw new MigrateError('E_COLLECTION_REPLACED', 'the new collection is not there any more', {
      at: { collection: planned.target },
      found: current === undefined ? 'no such collection' : `a collection with id ${current.id}`,
      wanted: `the collection with id ${record.id}`,
      hint: `the old one is ${retired}, if that is still there; start over with --fresh`,
    });
  if (waits && current !== undefined) {
    if (current.id !== record.replaces)
      throw new MigrateError('E_COLLECTION_REPLACED', 'the collection to be replaced is not the one that was there', {
        at: { collection: planned.target },
        found: `a collection with id ${current.id}`,
        wanted: `the collection with id ${record.replaces}`,
        hint: `the new data is whole in ${record.loadInto}: rename it yourself, or start over with --fresh`,
      });
    await target.rename(planned.target, retired);
    announce('swap renamed old', planned.target);
  }
  if (waits) await target.rename(record.loadInto, planned.target);
  announce('swap renamed new', planned.target);
  const aliases = await target.moveAliases(retired, planned.target);
  if (aliases.length > 0)
    run.warn(`${planned.target}: its aliases stand for the new collection now: ${aliases.join(', ')}`);
  await target.drop(retired, record.replaces);
  await ledger.recordCollection(planned.target, { ...record, loadInto: planned.target, phase: 'swapped' });
}
