/** What changed in an index since a job read it, and the end of what the job held open there. */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Note, Partition, SourceChanges } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { primaryKeyOf } from '../../core/schema.ts';
import { ID } from '../../formats/elastic/declared.ts';
import { askVersion, type Elastic, openElastic } from './connect.ts';
import { type IndexFacts, readIndices } from './indices.ts';
import { planShards, type SeqNoDetail } from './plan.ts';
import { mayRepeatKeys } from './routing.ts';
import type { ElasticDataset } from './schema.ts';
import { datasetNames, selectDatasets } from './select.ts';
import type { SliceDetail } from './slices.ts';
import { closeSnapshots, type ShardSnapshot } from './snapshot.ts';
import { snapshotsOf } from './snapshotsOf.ts';

type Detail = SeqNoDetail | SliceDetail;

/** Closes the snapshots of the partitions; what is gone is fine. Errors: E_SOURCE_UNREACHABLE, E_SOURCE_ACCESS. */
export async function letGoOfSnapshots(config: ElasticsearchSource, partitions: readonly Partition[]): Promise<void> {
  const pits = new Set(partitions.flatMap((partition) => (isRange(partition) ? [detailOf(partition).pit] : [])));
  if (pits.size === 0) return;
  await using elastic = await openElastic(config.access, config.credentials);
  await closeSnapshots(
    elastic,
    [...pits].map((pit) => ({ pit })),
  );
}

/**
 * Partitions of what has numbers above those that were settled when `partitions` were planned, in snapshots of their own
 * (which `letGoOfSnapshots` closes). A document that changed is in them as it is now; one that was deleted is not seen.
 * Errors: E_USAGE for partitions of a scroll, E_SOURCE_CHANGED, E_SOURCE_NOT_FOUND and those of connecting.
 */
export async function elasticChanges(
  config: ElasticsearchSource,
  partitions: readonly Partition[],
): Promise<SourceChanges> {
  const scrolled = partitions.find((partition) => !isRange(partition));
  if (scrolled !== undefined)
    throw new MigrateError('E_USAGE', 'what changed can not be told of an index that was read by scroll', {
      at: { collection: scrolled.dataset },
      found: '--es-read scroll',
      wanted: '--es-read seq-no, whose numbers tell what is new',
      hint: 'start over with --fresh',
    });
  await using elastic = await openElastic(config.access, config.credentials);
  const indices = await readIndices(elastic, config.index, await askVersion(elastic, config.version));
  const known = new Set(partitions.map(({ dataset }) => dataset));
  const names = datasetNames(config, indices);
  const chosen = selectDatasets(
    config,
    indices,
    names.filter((name) => known.has(name)),
  );
  const found: Partition[] = [];
  const notes = notesOf(names.filter((name) => !known.has(name)));
  for (const dataset of chosen) {
    const earlier = partitions.filter((partition) => partition.dataset === dataset.name);
    checkIndices(dataset.indices, earlier);
    const mayRepeat = await mayRepeatKeys(elastic, dataset);
    const changed = await changesIn(elastic, { dataset: dataset.name, indices: dataset.indices, earlier });
    found.push(...changed);
    if (changed.length === 0) continue;
    if (mayRepeat) notes.push(repeatNote(dataset));
    notes.push(...keyNotes(dataset));
  }
  return { partitions: found, notes };
}

/** An upsert asks by key alone. */
function repeatNote({ name, schema }: ElasticDataset): Note {
  const key = primaryKeyOf(schema).name;
  return {
    kind: 'lossy',
    text: `${name}: where several documents have one ${key}, one that changed or was added takes the place of all the others`,
  };
}

/** Of a document its `_id` stays the same; another field may change. */
function keyNotes({ name, fields }: ElasticDataset): Note[] {
  const key = fields.find(({ field }) => field.primaryKey)!.path;
  if (key === ID) return [];
  return [{ kind: 'lossy', text: `${name}: of a document whose ${key} has changed the row under the old one stays` }];
}

/** An index that was made anew under its old name has numbers of its own; one that is gone has no changes to give. */
function checkIndices(indices: readonly IndexFacts[], earlier: readonly Partition[]): void {
  const uuids = new Map(indices.map(({ name, uuid }) => [name, uuid]));
  for (const partition of earlier) {
    const { index, uuid } = detailOf(partition);
    const now = uuids.get(index);
    if (now === uuid) continue;
    throw new MigrateError('E_SOURCE_CHANGED', 'the index is not the one that was read', {
      at: { collection: index },
      found: now === undefined ? 'no such index any more' : `an index with the uuid ${now}`,
      wanted: uuid,
      hint: 'start over with --fresh',
    });
  }
}

interface Changed {
  readonly dataset: string;
  readonly indices: readonly IndexFacts[];
  readonly earlier: readonly Partition[];
}

async function changesIn(elastic: Elastic, { dataset, indices, earlier }: Changed): Promise<readonly Partition[]> {
  const snapshots = await snapshotsOf(elastic, indices);
  const found: Partition[] = [];
  try {
    const generation = 1 + earlier.reduce((most, partition) => Math.max(most, detailOf(partition).generation), 0);
    const planning = { dataset, snapshots, rowBytes: rowBytesOf(earlier), hint: { partBytes: partBytesOf(earlier) } };
    const from = snapshots.map((snapshot) => settledBefore(snapshot, earlier) + 1);
    for await (const partition of planShards(elastic, { ...planning, from, generation })) found.push(partition);
  } catch (thrown) {
    await closeSnapshots(elastic, snapshots);
    throw thrown;
  }
  const used = new Set(found.map((partition) => detailOf(partition).pit));
  await closeSnapshots(
    elastic,
    snapshots.filter(({ pit }) => !used.has(pit)),
  );
  return found;
}

/** −1 of a shard that had no documents, or of which nothing was known to be settled: then all of it counts as new. */
function settledBefore({ uuid, shard }: ShardSnapshot, earlier: readonly Partition[]): number {
  return earlier.reduce((most, partition) => {
    const detail = detailOf(partition);
    return detail.uuid === uuid && detail.shard === shard ? Math.max(most, detail.settled) : most;
  }, -1);
}

function rowBytesOf(earlier: readonly Partition[]): number {
  const rows = earlier.reduce((sum, partition) => sum + partition.rows, 0);
  const bytes = earlier.reduce((sum, partition) => sum + partition.bytes, 0);
  return Math.max(1, Math.ceil(bytes / Math.max(1, rows)));
}

/** Parts as large as the largest so far. */
function partBytesOf(earlier: readonly Partition[]): number {
  return earlier.reduce((most, { bytes }) => Math.max(most, bytes), 1);
}

function notesOf(unknown: readonly string[]): Note[] {
  const deletes: Note = { kind: 'info', text: 'documents that were deleted since are not seen, and stay in Milvus' };
  if (unknown.length === 0) return [deletes];
  const text = `not looked at, as the job has no documents of it: ${unknown.join(', ')}`;
  return [deletes, { kind: 'lossy', text }];
}

function isRange({ detail }: Partition): boolean {
  return (detail as unknown as Detail).read === 'seq-no';
}

function detailOf({ detail }: Partition): SeqNoDetail {
  return detail as unknown as SeqNoDetail;
}
