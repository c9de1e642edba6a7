/** The first stage: every partition that has no part yet is read by a worker, into files or only through to checksums. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { PartitionRecord } from '../core/checkpoint.ts';
import type { Part, ReaderConfig } from '../core/contracts.ts';
import { crc32 } from '../core/crc32.ts';
import { MigrateError } from '../core/errors.ts';
import type { FileFormat, PlannedCollection, PlannedPartition } from '../core/plan.ts';
import type { Schema } from '../core/schema.ts';
import { forEachConcurrently } from './concurrently.ts';
import type { RunContext } from './context.ts';
import { announce } from './events.ts';
import { addMarks } from './idMarks.ts';
import { writtenFolder } from './layout.ts';
import { gatherFiles, otherAttempt, partFolders } from './partFolders.ts';
import { TASKS_PER_WORKER } from './pool.ts';
import type { Totals } from './progress.ts';
import type { DumpTask, ReadTask } from './tasks.ts';
import { openUploadDesk } from './uploads.ts';

/**
 * Calls `onPart` for every part, those of earlier runs first. Returns when all partitions have one.
 * @param takes which target collections to dump
 */
export async function dumpStage(
  run: RunContext,
  onPart: (record: PartitionRecord) => void,
  takes: (collection: string) => boolean = () => true,
): Promise<void> {
  const stage = run.route === 'stream' ? 'scan' : 'dump';
  await discardUnusable(run);
  const lost = await findLost(run, takes);
  // What changed later is read when the rest is loaded: see lateChanges.ts.
  const records = run.ledger.partitions().filter(({ planned }) => takes(planned.collection) && planned.upsert !== true);
  const isDone = ({ planned, part }: PartitionRecord): boolean => part !== undefined && !lost.has(planned.partition.id);
  const done = records.filter(isDone);
  run.meter.start(stage, totals(records), totals(done));
  for (const record of done) onPart(record);
  const left = records.filter((record) => !isDone(record));
  await forEachConcurrently(left, run.pool.threads * TASKS_PER_WORKER, async (record) => {
    const { planned } = record;
    const part = await dumpPatiently(run, record);
    announce('part recorded', part.partition);
    run.meter.add(stage, {
      units: 1,
      rows: planned.partition.rows + planned.partition.deleted,
      bytes: planned.partition.bytes,
    });
    const { rows, bytes, ms } = part;
    run.meter.part({ stage, collection: planned.collection, part: part.partition, rows, bytes, ms });
    onPart(run.ledger.get(part.partition));
  });
  run.meter.finish(stage);
}

function totals(records: readonly PartitionRecord[]): Totals {
  const sum = (pick: (record: PartitionRecord) => number): number => records.reduce((all, one) => all + pick(one), 0);
  return {
    units: records.length,
    rows: sum(({ planned: { partition } }) => partition.rows + partition.deleted),
    bytes: sum(({ planned: { partition } }) => partition.bytes),
  };
}

/** Makes the part of one partition, and records it. */
export async function dumpPart(run: RunContext, partition: string): Promise<void> {
  await dumpPatiently(run, run.ledger.get(partition));
}

/** How often a part of a source that is a server is begun anew: stores are patient by themselves. */
const TRIES = 3;

/** A part is whole or absent, so it may be made again from its start: what a lost scroll comes to, for one. */
async function dumpPatiently(run: RunContext, record: PartitionRecord): Promise<Part> {
  for (let tries = 1; ; tries++)
    try {
      return await dump(run, record);
    } catch (thrown) {
      const again = run.reader.kind === 'elasticsearch' && thrown instanceof MigrateError && thrown.retry;
      if (!again || tries === TRIES || run.signal.aborted) throw thrown;
      run.warn(`a part of ${record.planned.collection} is read again from its start: ${thrown.message}`);
    }
}

/** One part, recorded, with nothing left in the journal of what it took. */
async function dump(run: RunContext, record: PartitionRecord): Promise<Part> {
  const { files } = run;
  const task = dumpTask(run, record);
  // A folder keeps nothing under an id: nothing to record.
  const records = files !== undefined && task.store !== undefined && task.store.scheme !== 'file';
  const desk = records ? openUploadDesk(files.journal.record) : undefined;
  try {
    const ports = desk === undefined ? [] : [desk.port];
    const { part, marked } = await run.pool.run<'dump'>({ ...task, uploads: desk?.port }, ports);
    await run.ledger.recordPart(part);
    addMarks(run, record.planned.collection, marked);
    await files?.journal.drop(desk?.uploads ?? []);
    return part;
  } finally {
    desk?.close();
  }
}

function dumpTask(run: RunContext, { planned, load }: PartitionRecord): Omit<DumpTask, 'uploads'> {
  const { reader, files, route, config } = run;
  const { partition } = planned;
  const streamed = route === 'stream' || planned.upsert === true;
  return {
    kind: 'dump',
    reader,
    partition,
    ...schemasOf(run, planned.collection),
    droppedFile: droppedFile(run, planned),
    rejectNonFinite: config.rejectFile !== undefined,
    rejectFile: config.rejectFile === undefined ? undefined : rejectPart(run, partition.id),
    store: streamed ? undefined : files?.config,
    format: formatOf(run, planned.collection),
    dir: streamed ? '' : writtenFolder(run, { planned, load }),
    samples: planned.samples,
    collection: partition.dataset,
    marks: planned.upsert === true ? undefined : run.marks?.get(planned.collection),
  };
}

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

function formatOf(run: Pick<RunContext, 'collections'>, collection: string): FileFormat {
  return plannedOf(run, collection).format ?? 'npy';
}

/** Whether duplicates among the inputs of a collection are looked for: only where there is more than one. */
export function isSearched(run: Pick<RunContext, 'config' | 'ledger'>, collection: string): boolean {
  if (run.config.onDuplicate === 'keep-all') return false;
  return new Set(run.ledger.of(collection).map(({ planned }) => planned.input)).size > 1;
}

/** Ordinals of the rows that `--on-duplicate first` leaves out; undefined where none are, as of what changed later. */
export function droppedFile(
  run: Pick<RunContext, 'jobDir' | 'config' | 'ledger'>,
  { collection, partition, upsert }: PlannedPartition,
): string | undefined {
  if (run.config.onDuplicate !== 'first' || upsert === true || !isSearched(run, collection)) return undefined;
  return join(run.jobDir, 'dropped', `${partition.id}.u32`);
}

/** Rejected rows of one partition. */
export function rejectPart(run: Pick<RunContext, 'jobDir'>, partition: string): string {
  return join(run.jobDir, 'rejects', `${partition}.jsonl`);
}

/** Parts that can't be used any more are made again, as long as nothing of them was handed to the target. */
async function discardUnusable(run: RunContext): Promise<void> {
  for (const { planned, part, load } of run.ledger.partitions()) {
    if (part === undefined || load !== undefined) continue;
    const why = await whyUnusable(run, part, planned.upsert === true);
    if (why === undefined) continue;
    if (why !== '' && run.reader.kind === 'dumped') throw await damaged(run, part, why);
    if (why !== '') run.warn(`part ${part.dir} of ${planned.collection} is made again: ${why}`);
    await run.ledger.discardPart(part.partition);
  }
}

/**
 * Partitions whose parts are made again though their import was announced: their files are not what was written, and
 * what `settleImports` left like that was never submitted. Their records stay until there are others. Where files are all
 * that is asked for, so are those of which the rows have arrived and the files are gone, or never were.
 */
async function findLost(run: RunContext, takes: (collection: string) => boolean): Promise<ReadonlySet<string>> {
  const lost = new Set<string>();
  if (run.route === 'stream') return lost;
  for (const { planned, part, load } of run.ledger.partitions()) {
    if (part === undefined || load === undefined || !takes(planned.collection)) continue;
    if (run.route === 'import' && load.state !== 'intended') continue;
    // A run that died before it renamed them left them under the name of an earlier attempt; one that died when it had made
    // them again, under that of the next.
    const folders = partFolders(part, load).toReversed();
    const why = part.files.length === 0 ? 'its rows were streamed' : await whatIsWrong(run, part, folders);
    if (why === undefined) {
      if (load.state === 'loaded' && run.files !== undefined)
        await gatherFiles(run.files.store, part, { from: partFolders(part, load), to: part.dir });
      continue;
    }
    if (run.reader.kind === 'dumped') throw await damaged(run, part, why);
    if (load.state !== 'loaded') run.warn(`part ${part.dir} of ${planned.collection} is made again: ${why}`);
    for (const dir of folders) await run.files?.store.remove(dir);
    lost.add(part.partition);
  }
  return lost;
}

/** There is nothing to make it from again but these very files. */
async function damaged({ files }: RunContext, part: Part, found: string): Promise<MigrateError> {
  const { dir } = part;
  const other = files === undefined ? undefined : await otherAttempt(files.store, part);
  if (other !== undefined)
    return new MigrateError('E_PART_DAMAGED', 'another load of the dumped folder has this part in hand', {
      at: { file: files?.store.describe(dir) ?? dir },
      found: `its files in ${other}, and ${found}`,
      wanted: 'a folder that no other load is at work on, or has left unfinished',
      hint: 'finish that load (the same command again), or forget it (milvus-migrate jobs, with its --state): then the files have their name again',
    });
  return new MigrateError('E_PART_DAMAGED', 'a part of the dumped folder is not what its manifest says', {
    at: { file: files?.store.describe(dir) ?? dir },
    found,
    hint: 'copy the dumped folder again, or dump again from the source',
  });
}

/** undefined: fine. `''`: the user asked for something else than before. */
async function whyUnusable(run: RunContext, part: Part, upsert: boolean): Promise<string | undefined> {
  const { route, config } = run;
  // Rejected rows are in no file, and left ones need one: another choice about them makes another part.
  const left = part.nonFinite + (part.refused ?? 0);
  // Of a dumped folder, the rejected ones stand in that dump's file, whatever is asked for now.
  const rejected = run.reader.kind === 'dumped' ? 0 : part.rejected;
  if (config.rejectFile !== undefined ? left > 0 : rejected > 0) return '';
  if (route === 'stream' || upsert) return undefined;
  if (part.files.length === 0) return '';
  return whatIsWrong(run, part, [part.dir]);
}

/** @param folders where a file may lie, the first that has it counts. @returns undefined: fine */
async function whatIsWrong(run: RunContext, part: Part, folders: readonly string[]): Promise<string | undefined> {
  // A dumped folder may have come a long way. What lies in a bucket would have to be got once more for it, and the
  // services check what is copied.
  const checked = run.config.checkParts || (run.reader.kind === 'dumped' && run.files?.config.scheme === 'file');
  for (const file of part.files) {
    const found = await findFile(run, file.name, folders);
    if (found === undefined) return `${file.name} is not there any more`;
    if (found.size !== file.bytes) return `${file.name} has ${found.size} bytes, ${file.bytes} were written`;
    if (checked && (await crcOf(run, found.path, file.bytes)) !== file.crc32)
      return `${file.name} has another checksum than what was written`;
  }
  return undefined;
}

async function findFile(
  { files }: RunContext,
  name: string,
  folders: readonly string[],
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  for (const dir of folders) {
    const path = `${dir}/${name}`;
    const stat = await files?.store.stat(path);
    if (stat !== undefined) return { path, size: stat.size };
  }
  return undefined;
}

const CHECKED_BYTES = 4 * 1024 * 1024;

/** CRC-32 of a file of `bytes` bytes. */
async function crcOf({ files, signal }: RunContext, path: string, bytes: number): Promise<number> {
  const memory = new Uint8Array(Math.min(CHECKED_BYTES, bytes));
  const file = await files?.store.openFile(path);
  file?.expect(0, bytes);
  let crc = 0;
  try {
    for (let at = 0; at < bytes; at += memory.length) {
      // Local reads are synchronous: this lets a signal in.
      await setImmediate();
      if (signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted');
      const piece = memory.subarray(0, bytes - at);
      await file?.readInto(piece, at);
      crc = crc32(piece, crc);
    }
  } finally {
    await file?.close();
  }
  return crc;
}
