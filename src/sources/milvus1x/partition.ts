/** Units of work of one collection: what they cover, what their names are, and what a reader needs to know. */
import { createHash } from 'node:crypto';
import type { Json, Partition } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { rowOfLive } from '../../formats/milvus1x/deletedRows.ts';
import { LENGTH_WORD_BYTES, OFFSET_BYTES } from '../../formats/milvus1x/segment.ts';
import { readDeletedRows } from './deletedDocs.ts';
import { openIfThere, type SourceFolder } from './fileRead.ts';
import { type Cutting, groupRows, type Piece } from './partitioning.ts';
import type { SegmentFacts } from './segmentFiles.ts';

/** Rows [start, end) of a segment, `deleted` of them deleted. Paths are relative to the tables folder. */
export interface RangeDetail {
  readonly segment: string;
  readonly rv: string;
  readonly uid: string;
  readonly deletedDocs: string;
  readonly deletedDocsBytes: number;
  /** What the plan was made from: the same bytes are read, or none. */
  readonly versions: SegmentFacts['versions'];
  /** Offsets in deleted_docs that count. */
  readonly offsets: number;
  /** Rows of the whole segment. */
  readonly rows: number;
  readonly start: number;
  readonly end: number;
  readonly deleted: number;
}

/** `Partition.detail` of this source. */
export interface PartitionDetail {
  readonly segments: readonly RangeDetail[];
}

export interface PartitionInput {
  readonly dataset: string;
  readonly milvusPartition: string;
  readonly tables: SourceFolder;
  /** Without those that have no rows at all. */
  readonly segments: readonly SegmentFacts[];
  readonly cutting: Cutting;
  readonly rowBytes: number;
}

export async function* makePartitions(input: PartitionInput): AsyncGenerator<Partition> {
  const { segments, cutting } = input;
  const live = segments.map(({ rows, deleted }) => rows - deleted);
  let cuts: CutSegment | undefined;
  for (const group of groupRows(live, cutting)) {
    const ranges: RangeDetail[] = [];
    for (const piece of group) {
      if (cuts?.index !== piece.segment) cuts = cutterOf(input, piece.segment);
      ranges.push(await rangeOf(segments[piece.segment]!, piece, cuts));
    }
    yield describe(input, ranges);
  }
}

/** Finds rows of one segment by their number among the live ones. */
interface CutSegment {
  readonly index: number;
  row(live: number): Promise<number>;
}

/** Reads deleted_docs only where a cut falls into a segment with deleted rows. */
function cutterOf({ tables, dataset, segments }: PartitionInput, index: number): CutSegment {
  const facts = segments[index]!;
  const at = { collection: dataset, segment: facts.segment, file: tables.show(facts.deletedDocs) };
  let find: ((live: number) => number) | undefined;
  const readCuts = async (): Promise<(live: number) => number> => {
    if (facts.deleted === 0) return (live) => live;
    const file = await openIfThere(tables, facts.deletedDocs, at);
    try {
      if (file?.version !== facts.versions.deletedDocs) throw changedSince(at);
      const deleted = await readDeletedRows({ file, offsets: offsetsOf(facts), rows: facts.rows, at }, 0, facts.rows);
      if (deleted.count !== facts.deleted) throw changedSince(at);
      return (live) => rowOfLive(deleted, live);
    } finally {
      await file?.close();
    }
  };
  return {
    index,
    async row(live) {
      // Deleted rows before the first and after the last live one belong to the first and last piece.
      if (live === 0) return 0;
      if (live === facts.rows - facts.deleted) return facts.rows;
      find ??= await readCuts();
      return find(live);
    },
  };
}

async function rangeOf(facts: SegmentFacts, { first, live }: Piece, cuts: CutSegment): Promise<RangeDetail> {
  const { segment, rv, uid, deletedDocs, deletedDocsBytes, versions, rows } = facts;
  const start = await cuts.row(first);
  const end = first + live === facts.rows - facts.deleted ? rows : await cuts.row(first + live);
  const deleted = end - start - live;
  const offsets = offsetsOf(facts);
  return { segment, rv, uid, deletedDocs, deletedDocsBytes, versions, offsets, rows, start, end, deleted };
}

function offsetsOf({ deletedDocsBytes, surplus }: SegmentFacts): number {
  return (deletedDocsBytes - LENGTH_WORD_BYTES - surplus) / OFFSET_BYTES;
}

function describe({ dataset, milvusPartition, rowBytes }: PartitionInput, ranges: readonly RangeDetail[]): Partition {
  const deleted = ranges.reduce((sum, range) => sum + range.deleted, 0);
  const rows = ranges.reduce((sum, { start, end }) => sum + end - start, 0) - deleted;
  const covers = ranges.map(({ segment, start, end }) => [segment, start, end]);
  const hash = createHash('sha256').update(JSON.stringify([dataset, milvusPartition, covers]));
  return {
    id: hash.digest('hex').slice(0, 16),
    dataset,
    milvusPartition,
    rows,
    deleted,
    bytes: rows * rowBytes,
    detail: { segments: ranges } as unknown as Json,
  };
}

function changedSince(at: { collection: string; segment: string; file: string }): MigrateError {
  return new MigrateError('E_SOURCE_CHANGED', 'the deleted rows of a segment changed while the plan was made', {
    at,
    hint: 'stop the old Milvus server and try again',
  });
}
