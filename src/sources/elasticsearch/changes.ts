/** What changed in an index since a job read it, and the end of what the job held open there. */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Note, Partition } from '../../core/contracts.ts';
import { MigrateError, throwAfter } from '../../core/errors.ts';
import type { ChangesOf, SourceChanges } from '../../core/sourceChanges.ts';
import { ID } from '../../formats/elastic/declared.ts';
import { askVersion, type Elastic, openElastic } from './connect.ts';
import { type IndexFacts, readIndices } from './indices.ts';
import { LEAST_BYTES, planShards, type SeqNoDetail } from './plan.ts';
import { mayRepeatKeys } from './routing.ts';
import { type ElasticDataset, guessedRowBytes } from './schema.ts';
import { asOne, datasetKnownAs } from './select.ts';
import type { SliceDetail } from './slices.ts';
import { closeSnapshots, refuseOtherHistory, type ShardSnapshot } from './snapshot.ts';
import { snapshotsOf } from './snapshotsOf.ts';
import { unseenNotes } from './unseen.ts';

type Detail = SeqNoDetail | SliceDetail;

/** Closes the snapshots of the partitions that none of `kept` needs; what is gone is fine. Errors: E_SOURCE_UNREACHABLE, E_SOURCE_ACCESS. */
export async function letGoOfSnapshots(
  config: ElasticsearchSource,
  partitions: readonly Partition[],
  kept: readonly Partition[] = [],
): Promise<void> {
  const needed = new Set(pitsOf(kept.filter(isRange)).map(({ pit }) => pit));
  const snapshots = pitsOf(partitions.filter(isRange)).filter(({ pit }) => !needed.has(pit));
  if (snapshots.length === 0) return;
  await using elastic = await openElastic(config.access, config.credentials);
  await closeSnapshots(elastic, snapshots);
}

/** Each once. */
function pitsOf(partitions: readonly Partition[]): readonly Pick<ShardSnapshot, 'pit'>[] {
  return [...new Set(partitions.map((partition) => detailOf(partition).pit))].map((pit) => ({ pit }));
}

/**
 * Partitions of what has numbers above those that were settled when `partitions` were planned, in snapshots of their own
 * (which `letGoOfSnapshots` closes). A document that changed is in them as it is now; one that was deleted is not seen.
 * Of an index that came to a dataset since it is all of them. Keys are looked through in the same snapshots.
 * Errors: E_USAGE for partitions of a scroll, E_SOURCE_CHANGED, E_SOURCE_NOT_FOUND and those of connecting.
 */
export async function elasticChanges(
  config: ElasticsearchSource,
  { partitions, datasets, sharing }: ChangesOf,
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
  const found: Found = { changed: [], all: [] };
  const notes: Note[] = [{ kind: 'info', text: 'documents that were deleted since are not seen, and stay in Milvus' }];
  const looked = new Set<string>();
  const byDataset = new Map<string, Partition[]>(datasets.map((name) => [name, []]));
  for (const partition of partitions) byDataset.get(partition.dataset)?.push(partition);
  try {
    for (const [name, earlier] of byDataset) {
      const dataset = datasetNow(config, indices, { name, earlier });
      if (dataset === undefined) continue;
      for (const index of dataset.indices) looked.add(index.name);
      checkIndices(dataset.indices, earlier);
      const { changed, all, unseen } = await changesIn(elastic, { dataset, earlier, sharing });
      found.changed.push(...changed);
      found.all.push(...all);
      notes.push(...unseen);
      if (changed.length > 0) notes.push(...keyNotes(dataset));
    }
  } catch (thrown) {
    return await throwAfter(thrown, () => closeSnapshots(elastic, pitsOf([...found.changed, ...found.all])));
  }
  // Nothing is upserted.
  if (found.changed.length === 0) await closeSnapshots(elastic, pitsOf(found.all.splice(0)));
  const unsure = isUnsure(found.changed, partitions) ? { unsure: UNSURE } : {};
  return { partitions: found.changed, all: found.all, ...unsure, notes: [...notes, ...notLookedAt(indices, looked)] };
}

const UNSURE =
  'the login lacks the privilege maintenance or monitor on the index, so nobody knows what of it had been read: grant both before a job is begun';

/** Whether some of `changed` are there because nothing was known to be settled in their shard. */
function isUnsure(changed: readonly Partition[], earlier: readonly Partition[]): boolean {
  const settled = settledBefore(earlier);
  return changed.some((partition) => settled.get(shardKey(detailOf(partition))) === -1);
}

interface Found {
  readonly changed: Partition[];
  readonly all: Partition[];
}

interface Earlier {
  /** Of the dataset. */
  readonly name: string;
  readonly earlier: readonly Partition[];
}

/**
 * With the indices that came since, where they are like those that the job knows: their documents are read in the same
 * way. Else without them. undefined: there is no such dataset any more.
 */
function datasetNow(
  config: ElasticsearchSource,
  indices: readonly IndexFacts[],
  { name, earlier }: Earlier,
): ElasticDataset | undefined {
  const names = new Set(earlier.map((partition) => detailOf(partition).index));
  const known = indices.filter((index) => names.has(index.name));
  try {
    const dataset = datasetKnownAs(config, indices, name);
    if (dataset === undefined || known.length === 0 || known.length === dataset.indices.length) return dataset;
    const before = asOne(config, known, name);
    return isLike(before, dataset) ? dataset : before;
  } catch (thrown) {
    if (!(thrown instanceof MigrateError) || known.length === 0) throw thrown;
    return asOne(config, known, name);
  }
}

function isLike(before: ElasticDataset, now: ElasticDataset): boolean {
  const paths = new Set(before.fields.map(({ path }) => path));
  const read = ({ fields, fromDocValues, askForVectors }: ElasticDataset): string =>
    JSON.stringify([fields.filter(({ path }) => paths.has(path)), fromDocValues, askForVectors]);
  return read(before) === read(now);
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
  readonly dataset: ElasticDataset;
  readonly earlier: readonly Partition[];
  readonly sharing: ChangesOf['sharing'];
}

async function changesIn(
  elastic: Elastic,
  { dataset, earlier, sharing }: Changed,
): Promise<Found & { unseen: readonly Note[] }> {
  const snapshots = await snapshotsOf(elastic, dataset.indices);
  const found = { changed: [] as Partition[], all: [] as Partition[], unseen: unseenNotes(snapshots) };
  try {
    // Once all is visible that is in the snapshots. All documents are wanted, too, for their keys.
    const keys = sharing !== undefined && (sharing.has(dataset.name) || (await mayRepeatKeys(elastic, dataset)));
    const histories = new Map(snapshots.map((snapshot) => [shardKey(snapshot), snapshot.history]));
    for (const partition of earlier)
      refuseOtherHistory(detailOf(partition), histories.get(shardKey(detailOf(partition))));
    const generation = 1 + earlier.reduce((most, partition) => Math.max(most, detailOf(partition).generation), 0);
    const rowBytes = rowBytesOf(earlier) ?? guessedRowBytes(dataset.schema);
    const planning = { dataset: dataset.name, snapshots, rowBytes, hint: { partBytes: partBytesOf(earlier) } };
    const settled = settledBefore(earlier);
    const from = snapshots.map((snapshot) => (settled.get(shardKey(snapshot)) ?? -1) + 1);
    for await (const partition of planShards(elastic, { ...planning, from, generation })) found.changed.push(partition);
    if (keys) for await (const partition of planShards(elastic, planning)) found.all.push(partition);
  } catch (thrown) {
    return await throwAfter(thrown, () => closeSnapshots(elastic, snapshots));
  }
  const used = new Set(pitsOf([...found.changed, ...found.all]).map(({ pit }) => pit));
  await closeSnapshots(
    elastic,
    snapshots.filter(({ pit }) => !used.has(pit)),
  );
  return found;
}

/**
 * By shard. A shard that had no documents is not in it, and of one of which nothing was known to be settled it is −1: then
 * all of it counts as new.
 */
function settledBefore(earlier: readonly Partition[]): ReadonlyMap<string, number> {
  const settled = new Map<string, number>();
  for (const partition of earlier) {
    const detail = detailOf(partition);
    const key = shardKey(detail);
    settled.set(key, Math.max(settled.get(key) ?? -1, detail.settled));
  }
  return settled;
}

function shardKey({ uuid, shard }: Pick<ShardSnapshot, 'uuid' | 'shard'>): string {
  return `${uuid} ${shard}`;
}

/** undefined: there were none. */
function rowBytesOf(earlier: readonly Partition[]): number | undefined {
  const rows = earlier.reduce((sum, partition) => sum + partition.rows, 0);
  const bytes = earlier.reduce((sum, partition) => sum + partition.bytes, 0);
  return rows === 0 ? undefined : Math.max(1, Math.ceil(bytes / rows));
}

/** Parts as large as the largest so far, which says little where there was little to read. */
function partBytesOf(earlier: readonly Partition[]): number {
  return earlier.reduce((most, { bytes }) => Math.max(most, bytes), LEAST_BYTES);
}

function notLookedAt(indices: readonly IndexFacts[], looked: ReadonlySet<string>): Note[] {
  const names = indices.flatMap(({ name }) => (looked.has(name) ? [] : [name]));
  if (names.length === 0) return [];
  const text = `not looked at, as no part of this job or not like its indices: ${names.join(', ')}; a job of its own moves each (es+https://HOST/INDEX)`;
  return [{ kind: 'lossy', text }];
}

function isRange({ detail }: Partition): boolean {
  return (detail as unknown as Detail).read === 'seq-no';
}

function detailOf({ detail }: Partition): SeqNoDetail {
  return detail as unknown as SeqNoDetail;
}
