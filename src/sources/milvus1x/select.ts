/** Which of the source's collections are meant. */

import { MigrateError } from '../../core/errors.ts';
import { editDistance } from '../../core/nearest.ts';
import type { CollectionMeta, Milvus1xModel, Orphan } from '../../formats/milvus1x/model.ts';
import { grouped } from '../../formats/milvus1x/quantity.ts';

/** @returns them in the order of the metadata. Errors: E_UNKNOWN_COLLECTION; E_METADATA for data of no collection. */
export function selectCollections(
  model: Milvus1xModel,
  names: readonly string[] | undefined,
): readonly CollectionMeta[] {
  if (names !== undefined) {
    const known = model.collections.map(({ name }) => name);
    for (const name of names) if (!known.includes(name)) throw unknown(name, known);
    return model.collections.filter(({ name }) => names.includes(name));
  }
  if (model.orphans.length > 0) throw orphaned(model.orphans);
  return model.collections;
}

/** Orphans that the error names. */
const NAMED = 3;

function orphaned(orphans: readonly Orphan[]): MigrateError {
  const { tableId, partition } = orphans[0]!;
  const what = partition === undefined ? 'live segments' : 'a partition';
  const at =
    partition === undefined
      ? { collection: tableId, field: 'TableFiles.table_id' }
      : { milvusPartition: partition.tag, field: 'Tables.owner_table' };
  const more = orphans.length - NAMED;
  return new MigrateError('E_METADATA', `the metadata has ${what} of no collection`, {
    at,
    found: `${orphans.slice(0, NAMED).map(describe).join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    wanted: 'a collection of that name in Tables',
    hint: 'its rows would be lost: restore the metadata, or choose the collections to move with --col',
  });
}

function describe({ tableId, partition, segments, rows }: Orphan): string {
  const held = `${grouped(rows)} rows in ${grouped(segments)} live segment${segments === 1 ? '' : 's'}`;
  if (partition === undefined) return `table ${JSON.stringify(tableId)}: ${held}`;
  return `partition ${JSON.stringify(partition.tag)} (${tableId}) of ${JSON.stringify(partition.owner)}: ${held}`;
}

function unknown(name: string, known: readonly string[]): MigrateError {
  const nearest = known.toSorted((a, b) => editDistance(name, a) - editDistance(name, b));
  return new MigrateError('E_UNKNOWN_COLLECTION', 'the source has no such collection', {
    at: { collection: name },
    found: name,
    wanted: known.length === 0 ? 'nothing: the source has no collections' : nearest.join(', '),
  });
}
