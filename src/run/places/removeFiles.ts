/** Takes back what a job wrote into its files' store: nothing else there is touched. */
import type { Checkpoint } from '../../core/checkpoint.ts';
import type { Store } from '../../core/contracts.ts';
import { manifestFile, partFolder, preflightName, sweepJob, writtenFolder } from './layout.ts';
import { gatherFiles, partFolders } from './partFolders.ts';
import { sideBySide } from './sideBySide.ts';
import { type FilesPlace, leftInWords, openJournal } from './uploads.ts';

export interface Removed {
  /** How many parts there were files of. */
  readonly parts: number;
  /** What stays that should not, in words: uploads in another store that can not be opened. */
  readonly left: readonly string[];
}

export async function removeJobFiles(checkpoint: Checkpoint, place: FilesPlace, id: string): Promise<Removed> {
  const { store } = place;
  const left = await discardUploads(checkpoint, place, id);
  let removed = 0;
  await sideBySide(place.config, await checkpoint.partitions(id), async ({ planned, part, load }) => {
    // Also where no part is recorded: a run may have died between the two.
    const written = [partFolder({ jobId: id }, planned), writtenFolder({ jobId: id }, { planned, load })];
    const dirs = new Set([...written, ...partFolders(part, load)]);
    // Only folders that bear this job's id: those of a dumped folder that it loads are not its own.
    const own = [...dirs].filter((dir) => dir.includes(`.${id}.`));
    if (await removeAll(store, own)) removed++;
  });
  // A manifest of parts that are gone would be taken for a finished dump.
  for (const path of [manifestFile(id), preflightName(id)]) await store.remove(path);
  await sweepJob(place, await checkpoint.partitions(id), id);
  return { parts: removed, left };
}

async function discardUploads(checkpoint: Checkpoint, place: FilesPlace, id: string): Promise<readonly string[]> {
  const left = await openJournal(checkpoint, id, place).discardLeft();
  return left.map(leftInWords);
}

/**
 * What dead runs of a job did not finish, where its finished files stay: uploads, pieces, folders that are not in place,
 * and parts that the checkpoint does not know. Without its record nobody would find them any more.
 */
export async function removeUnfinished(checkpoint: Checkpoint, place: FilesPlace, id: string): Promise<Removed> {
  const { store } = place;
  const left = await discardUploads(checkpoint, place, id);
  const records = await checkpoint.partitions(id);
  await sideBySide(place.config, records, async ({ planned, part, load }) => {
    const written = writtenFolder({ jobId: id }, { planned, load });
    if (part?.dir !== written && (part === undefined || load?.state === 'intended')) await store.remove(written);
  });
  await store.remove(preflightName(id));
  await sweepJob(place, records, id);
  return { parts: 0, left };
}

/**
 * What is not finished goes, and what stays has the name again by which its manifest knows it: a load that was broken off
 * may have left it under that of another attempt, where nobody else would find it.
 */
export async function leaveFiles(checkpoint: Checkpoint, place: FilesPlace, id: string): Promise<Removed> {
  const removed = await removeUnfinished(checkpoint, place, id);
  await sideBySide(place.config, await checkpoint.partitions(id), async ({ part, load }) => {
    if (part !== undefined && load !== undefined)
      await gatherFiles(place.store, part, { from: partFolders(part, load), to: part.dir });
  });
  return removed;
}

async function removeAll(store: Store, dirs: readonly string[]): Promise<boolean> {
  let found = false;
  for (const dir of dirs) {
    for await (const _ of store.list(dir)) {
      found = true;
      break;
    }
    await store.remove(dir);
  }
  return found;
}
