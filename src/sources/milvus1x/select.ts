/** Which of the source's collections are meant. */

import { MigrateError } from '../../core/errors.ts';
import { editDistance } from '../../core/nearest.ts';
import type { CollectionMeta, Milvus1xModel } from '../../formats/milvus1x/model.ts';

/** @returns them in the order of the metadata. Errors: E_UNKNOWN_COLLECTION; E_METADATA for partitions of no collection. */
export function selectCollections(
  model: Milvus1xModel,
  names: readonly string[] | undefined,
): readonly CollectionMeta[] {
  if (names !== undefined) {
    const known = model.collections.map(({ name }) => name);
    for (const name of names) if (!known.includes(name)) throw unknown(name, known);
    return model.collections.filter(({ name }) => names.includes(name));
  }
  const [orphan] = model.orphans;
  if (orphan === undefined) return model.collections;
  throw new MigrateError('E_METADATA', 'a partition of a collection that the metadata does not have', {
    at: { milvusPartition: orphan.tag, field: 'owner_table' },
    found: `partition ${JSON.stringify(orphan.tag)} (${orphan.tableId}) of ${JSON.stringify(orphan.owner)}`,
    wanted: 'a row of Tables for its collection',
    hint: 'its rows would be lost: restore the metadata, or choose the collections to move with --col',
  });
}

function unknown(name: string, known: readonly string[]): MigrateError {
  const nearest = known.toSorted((a, b) => editDistance(name, a) - editDistance(name, b));
  return new MigrateError('E_UNKNOWN_COLLECTION', 'the source has no such collection', {
    at: { collection: name },
    found: name,
    wanted: known.length === 0 ? 'nothing: the source has no collections' : nearest.join(', '),
  });
}
