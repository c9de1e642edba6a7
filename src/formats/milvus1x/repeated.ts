/**
 * What metadata names more than once: a segment of one table is read once, and that is said; a table that two collections
 * or partitions are to have is refused, as its rows would arrive twice.
 */
import type { Note } from '../../core/contracts.ts';
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
import type { CollectionMeta, SegmentMeta } from './model.ts';

/** Segments of one table. */
export interface SegmentList {
  /** Each once, by its id; where entries differ, as the last one says. */
  readonly segments: Map<string, SegmentMeta>;
  /** Ids, once for each time too many. */
  readonly repeated: string[];
}

export function createSegmentList(): SegmentList {
  return { segments: new Map(), repeated: [] };
}

export function addSegment({ segments, repeated }: SegmentList, segment: SegmentMeta): void {
  if (segments.has(segment.segment)) repeated.push(segment.segment);
  segments.set(segment.segment, segment);
}

/** @param what names a segment too many: «row of TableFiles» */
export function repeatedNote(repeated: readonly string[], what: string): Note[] {
  if (repeated.length === 0) return [];
  const which = [...new Set(repeated)].join(', ');
  return [{ kind: 'info', text: `more than one ${what} for segment ${which}: read once` }];
}

/** Error: E_METADATA where one folder below `tables` would be read for two. */
export function refuseSharedTables(collections: readonly CollectionMeta[], at: ErrorPlace): void {
  const owners = new Map<string, string>();
  for (const { name, partitions } of collections)
    for (const { tag, tableId } of partitions) {
      const owner = tag === '' ? name : `${name}/${tag}`;
      const other = owners.get(tableId);
      if (other !== undefined)
        throw new MigrateError('E_METADATA', 'the metadata has one table for two collections or partitions', {
          at: { ...at, collection: name, ...(tag === '' ? {} : { milvusPartition: tag }), field: 'table_id' },
          found: `table id ${JSON.stringify(tableId)} for ${other} and for ${owner}`,
          wanted: 'each table id once',
          hint: 'its rows would arrive twice: restore the metadata, or take one of the two out',
        });
      owners.set(tableId, owner);
    }
}
