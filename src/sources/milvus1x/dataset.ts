/** One collection of Milvus 1.x, with its segments looked at: what it will be in Milvus 2.x, how many rows, what is wrong. */
import type { Dataset, Note, SkippedSegment } from '../../core/contracts.ts';
import { type ErrorCode, MigrateError } from '../../core/errors.ts';
import { type CollectionShape, checkPathName, shapeOf } from '../../formats/milvus1x/collection.ts';
import type { CollectionMeta, PartitionMeta, SegmentMeta } from '../../formats/milvus1x/model.ts';
import { grouped } from '../../formats/milvus1x/quantity.ts';
import { createLimit, inLanes, type SourceFolder } from './fileRead.ts';
import { inspectSegment, type SegmentFacts } from './segmentFiles.ts';

/** What `--skip-bad-segments` goes on without. */
const BAD_SEGMENT: readonly ErrorCode[] = [
  'E_SEGMENT_MISSING',
  'E_SEGMENT_TRUNCATED',
  'E_SEGMENT_OVERLONG',
  'E_SEGMENT_ROWS',
  'E_DELETED_DOCS',
];
/** Segments that a note names. */
const NAMED_SEGMENTS = 10;

export interface InspectOptions {
  readonly tables: SourceFolder;
  /** Of segments that are looked at side by side, of this collection and others. Absent: as the folder bears. */
  readonly limit?: ReturnType<typeof createLimit>;
  readonly skipBadSegments: boolean;
  /** Notes about the collection from elsewhere. */
  readonly notes: readonly Note[];
}

/** A dataset and what planning it needs. */
export interface InspectedCollection {
  readonly dataset: Dataset;
  readonly shape: CollectionShape;
  readonly partitions: readonly InspectedPartition[];
}

export interface InspectedPartition {
  readonly tag: string;
  readonly segments: readonly SegmentFacts[];
}

interface Inspected {
  readonly partition: PartitionMeta;
  readonly meta: SegmentMeta;
  readonly facts: SegmentFacts | MigrateError;
}

/** Errors: E_METRIC, E_DIMENSION, E_METADATA, and of the first bad segment unless bad ones are skipped. */
export async function inspectCollection(meta: CollectionMeta, options: InspectOptions): Promise<InspectedCollection> {
  const shape = shapeOf(meta);
  for (const { tableId } of meta.partitions) checkPathName(tableId, 'collection', { collection: meta.name });
  const segments = meta.partitions.flatMap((partition) =>
    partition.segments.map((segment) => ({ partition, segment })),
  );
  const { tables, limit = createLimit(tables.lanes) } = options;
  const all = await inLanes(segments, tables.lanes, async ({ partition, segment }) => ({
    partition,
    meta: segment,
    facts: await limit(() => inspectOrSkip(meta.name, { partition, segment, shape, options })),
  }));
  const whole = all.flatMap(({ facts }) => (facts instanceof MigrateError ? [] : [facts]));
  const deleted = whole.reduce((sum, facts) => sum + facts.deleted, 0);
  const rows = whole.reduce((sum, facts) => sum + facts.rows, 0) - deleted;
  const dataset: Dataset = {
    name: meta.name,
    schema: shape.schema,
    rows,
    rowsExact: true,
    deleted,
    bytes: rows * shape.rowBytes,
    milvusPartitions: [...new Set(meta.partitions.map(({ tag }) => tag))],
    index: shape.index,
    preferredMetric: shape.preferredMetric,
    notes: [...shape.notes, ...options.notes, ...noteSurplus(all), ...noteDisagreements(all, shape.rowBytes)],
    skipped: all.flatMap(skippedOf),
    fingerprint: fingerprintOf(meta, all),
  };
  return { dataset, shape, partitions: inspectedPartitions(meta.partitions, all) };
}

interface SegmentTask {
  readonly partition: PartitionMeta;
  readonly segment: SegmentMeta;
  readonly shape: CollectionShape;
  readonly options: InspectOptions;
}

async function inspectOrSkip(
  collection: string,
  { partition, segment, shape, options }: SegmentTask,
): Promise<SegmentFacts | MigrateError> {
  const { tag: milvusPartition, tableId } = partition;
  const { tables, skipBadSegments } = options;
  try {
    return await inspectSegment({
      tables,
      collection,
      milvusPartition,
      tableId,
      segment: segment.segment,
      vector: shape.vector,
    });
  } catch (thrown) {
    if (skipBadSegments && thrown instanceof MigrateError && BAD_SEGMENT.includes(thrown.code)) return thrown;
    throw thrown;
  }
}

/** The whole segments of each partition. There may be thousands of partitions, and many times as many segments. */
function inspectedPartitions(
  partitions: readonly PartitionMeta[],
  all: readonly Inspected[],
): InspectedCollection['partitions'] {
  const whole = new Map<PartitionMeta, SegmentFacts[]>(partitions.map((partition) => [partition, []]));
  for (const { partition, facts } of all) if (!(facts instanceof MigrateError)) whole.get(partition)?.push(facts);
  return [...whole].map(([{ tag }, segments]) => ({ tag, segments }));
}

function skippedOf({ partition, meta, facts }: Inspected): SkippedSegment[] {
  if (!(facts instanceof MigrateError)) return [];
  const { code, message, found, wanted } = facts;
  const values = [found === undefined ? '' : `found ${found}`, wanted === undefined ? '' : `wanted ${wanted}`].filter(
    Boolean,
  );
  const reason = [`${code}: ${message}`, ...values].join(', ');
  return [{ milvusPartition: partition.tag, segment: meta.segment, rows: meta.rows, reason }];
}

/** The old server itself goes by the length word; what lies behind it may be deletes that came to nothing. */
function noteSurplus(all: readonly Inspected[]): Note[] {
  const longer = all.flatMap(({ facts }) =>
    facts instanceof MigrateError || facts.surplus === 0
      ? []
      : [`segment ${facts.segment} by ${grouped(facts.surplus)} bytes`],
  );
  return list('warning', 'deleted_docs is longer than it says, the rest does not count', longer);
}

function noteDisagreements(all: readonly Inspected[], rowBytes: number): Note[] {
  const found = { fewer: [] as string[], more: [] as string[], sizes: [] as string[] };
  let missing = 0;
  for (const { meta, facts } of all) {
    if (facts instanceof MigrateError) continue;
    const live = facts.rows - facts.deleted;
    const { rows: said = live } = meta;
    missing += Math.max(0, said - live);
    if (said !== live)
      found[said > live ? 'fewer' : 'more'].push(`segment ${facts.segment} ${grouped(said)} for ${grouped(live)}`);
    // Of a fresh segment it is that of all rows; servers that wrote it anew after deletes count live rows.
    const sizes = [facts.rows * rowBytes, live * rowBytes];
    if (meta.fileSize !== undefined && !sizes.includes(meta.fileSize))
      found.sizes.push(`segment ${facts.segment} ${grouped(meta.fileSize)} for ${grouped(sizes[0]!)}`);
  }
  return [
    ...list(
      'warning',
      `${grouped(missing)} rows may be missing, the files hold fewer than row_count says`,
      found.fewer,
    ),
    ...list('info', 'the files hold more rows than row_count in the metadata says', found.more),
    ...list('info', 'file_size in the metadata is not what the files hold', found.sizes),
  ];
}

function list(kind: Note['kind'], text: string, items: readonly string[]): Note[] {
  if (items.length === 0) return [];
  const more = items.length - NAMED_SEGMENTS;
  const named = items.slice(0, NAMED_SEGMENTS).join(', ');
  return [{ kind, text: `${text}: ${named}${more > 0 ? `, and ${more} more` : ''}` }];
}

function fingerprintOf(meta: CollectionMeta, all: readonly Inspected[]): Record<string, string> {
  const print: Record<string, string> = { schema: `dimension ${meta.dim}, metric ${meta.metric}` };
  for (const { tag, tableId } of meta.partitions) if (tag !== '') print[`partition ${tag}`] = tableId;
  for (const { partition, meta: segment, facts } of all) {
    const name = partition.tag === '' ? segment.segment : `${partition.tag}/${segment.segment}`;
    const state = facts instanceof MigrateError ? `skipped, ${facts.code}` : facts.fingerprint;
    print[`segment ${name}`] = `${state}; row_count ${segment.rows ?? 'unknown'}`;
  }
  return print;
}
