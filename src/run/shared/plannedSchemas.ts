/** What the plan says of a collection: schemas, and which rows of it are left out as duplicates. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ReaderConfig } from '../../core/contracts.ts';
import type { PlannedCollection, PlannedPartition } from '../../core/plan.ts';
import type { Schema } from '../../core/schema.ts';
import type { ReadTask } from '../threads/tasks.ts';
import type { RunContext } from './context.ts';

/** The planned collection of that name in the target. */
export function plannedOf(run: Pick<RunContext, 'collections'>, collection: string): PlannedCollection {
  const planned = run.collections.find(({ target }) => target === collection);
  if (planned === undefined) throw new TypeError(`a collection that is not in the plan: ${collection}`);
  return planned;
}

export function schemaOf(run: Pick<RunContext, 'collections'>, collection: string): Schema {
  return plannedOf(run, collection).schema;
}

/** From what a reader emits to what is stored. A dumped folder holds what is stored already. */
export function schemasOf(
  run: Pick<RunContext, 'collections' | 'reader'>,
  collection: string,
): Pick<ReadTask, 'schema' | 'sourceSchema' | 'steps'> {
  return plannedSchemas(plannedOf(run, collection), run.reader);
}

export function plannedSchemas(
  { schema, sourceSchema, steps }: PlannedCollection,
  reader: ReaderConfig,
): Pick<ReadTask, 'schema' | 'sourceSchema' | 'steps'> {
  if (reader.kind === 'dumped') return { schema, sourceSchema: schema, steps: [] };
  return { schema, sourceSchema: sourceSchema ?? schema, steps: steps ?? [] };
}

/**
 * Whether rows can be read once more. Of a dumped folder its NumPy files can; Parquet and JSON are written for Milvus's
 * import, and nothing reads them back here.
 */
export function isReadable({ reader }: Pick<RunContext, 'reader'>, { format }: PlannedCollection): boolean {
  return reader.kind !== 'dumped' || format === undefined || format === 'npy';
}

/**
 * Whether duplicates among the inputs of a collection are looked for: only where there is more than one. Of a dumped folder
 * that was done, or was not wanted, when it was dumped: its files hold what was to stay.
 */
export function isSearched(run: Pick<RunContext, 'config' | 'ledger' | 'reader'>, collection: string): boolean {
  if (run.config.onDuplicate === 'keep-all' || run.reader.kind === 'dumped') return false;
  return new Set(run.ledger.of(collection).map(({ planned }) => planned.input)).size > 1;
}

/** Ordinals of the rows that `--on-duplicate first` leaves out; undefined where none are, as of what changed later. */
export function droppedFile(
  run: Pick<RunContext, 'jobDir' | 'config' | 'ledger' | 'reader'>,
  { collection, partition, upsert }: PlannedPartition,
): string | undefined {
  if (run.config.onDuplicate !== 'first' || upsert === true || !isSearched(run, collection)) return undefined;
  return droppedFileOf(run, partition.id);
}

function droppedFileOf({ jobDir }: Pick<RunContext, 'jobDir'>, partition: string): string {
  return join(jobDir, 'dropped', `${partition}.u32`);
}

/**
 * Whether an earlier version left rows of a dumped folder's part out when it loaded it: it searched such folders too, and
 * its ordinals count without those rows.
 */
export function wasSearched(
  run: Pick<RunContext, 'jobDir' | 'reader'>,
  { partition }: Pick<PlannedPartition, 'partition'>,
): boolean {
  if (run.reader.kind !== 'dumped') return false;
  return (statSync(droppedFileOf(run, partition.id), { throwIfNoEntry: false })?.size ?? 0) > 0;
}
