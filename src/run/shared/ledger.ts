/** The records of one job in memory, written through to the checkpoint: the one place that stages ask and tell. */
import type { Checkpoint, CollectionRecord, LoadRecord, PartitionRecord } from '../../core/checkpoint.ts';
import type { Part } from '../../core/contracts.ts';
import type { PlannedPartition } from '../../core/plan.ts';
import type { StageName } from '../../core/report.ts';

export interface Ledger {
  readonly jobId: string;
  /** In the order of the plan. */
  readonly partitions: () => readonly PartitionRecord[];
  of(collection: string): readonly PartitionRecord[];
  get(partition: string): PartitionRecord;
  /** More partitions, behind those that are there. */
  add(partitions: readonly PlannedPartition[]): Promise<void>;
  recordPart(part: Part): Promise<void>;
  discardPart(partition: string): Promise<void>;
  recordLoad(partition: string, load: LoadRecord): Promise<void>;
  collection(target: string): CollectionRecord | undefined;
  recordCollection(target: string, record: CollectionRecord): Promise<void>;
  /** Adds to the time that a collection spent in a stage. */
  addTime(target: string, stage: StageName, ms: number): Promise<void>;
}

export async function openLedger(checkpoint: Checkpoint, jobId: string): Promise<Ledger> {
  const records = new Map<string, PartitionRecord>();
  const byCollection = new Map<string, PlannedPartition[]>();
  const enter = (record: PartitionRecord): void => {
    const { partition, collection } = record.planned;
    records.set(partition.id, record);
    const members = byCollection.get(collection);
    if (members === undefined) byCollection.set(collection, [record.planned]);
    else members.push(record.planned);
  };
  for (const record of await checkpoint.partitions(jobId)) enter(record);
  const collections = new Map(await checkpoint.collections(jobId));
  const get = (id: string): PartitionRecord => {
    const record = records.get(id);
    if (record === undefined) throw new TypeError(`a partition that is not in the plan: ${id}`);
    return record;
  };
  const recordCollection = async (target: string, record: CollectionRecord): Promise<void> => {
    await checkpoint.recordCollection(jobId, target, record);
    collections.set(target, record);
  };
  return {
    jobId,
    partitions: () => [...records.values()],
    of: (collection) => (byCollection.get(collection) ?? []).map(({ partition }) => get(partition.id)),
    get,
    async add(partitions) {
      await checkpoint.addPartitions(jobId, partitions);
      for (const planned of partitions) enter({ planned, part: undefined, load: undefined });
    },
    async recordPart(part) {
      await checkpoint.recordPart(jobId, part);
      records.set(part.partition, { ...get(part.partition), part });
    },
    async discardPart(id) {
      await checkpoint.discardPart(jobId, id);
      records.set(id, { ...get(id), part: undefined });
    },
    async recordLoad(id, load) {
      await checkpoint.recordLoad(jobId, id, load);
      records.set(id, { ...get(id), load });
    },
    collection: (target) => collections.get(target),
    recordCollection,
    async addTime(target, stage, ms) {
      const record = collections.get(target);
      if (record !== undefined)
        await recordCollection(target, { ...record, ms: { ...record.ms, [stage]: (record.ms[stage] ?? 0) + ms } });
    },
  };
}
