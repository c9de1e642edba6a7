/** The folders that the files of a part may lie in: each attempt to import them gives them another name. */
import { dirname } from 'node:path/posix';
import type { LoadRecord } from '../../core/checkpoint.ts';
import type { Part, Store } from '../../core/contracts.ts';
import { ATTEMPT, attemptFolder, attemptOf } from './layout.ts';

/**
 * Everywhere that a part's files may lie: under the name of each attempt so far. A run that died may have recorded the
 * next one before it renamed them; where a rename is copying and removing, it may have left some under the one before.
 */
export function partFolders(part: Part | undefined, load: LoadRecord | undefined): readonly string[] {
  const dir = part?.dir ?? '';
  const last = load !== undefined && 'dir' in load ? load.dir : '';
  const attempts = Math.max(attemptOf(dir), attemptOf(last));
  const tried = ATTEMPT.test(dir) ? Array.from({ length: attempts }, (_, index) => attemptFolder(dir, index + 1)) : [];
  return [...new Set([dir, ...tried, last])].filter((name) => name !== '');
}

/**
 * Brings a part's files together under one name. A bucket's objects are copied one by one, so that a run that died may
 * have left some under two: those of the latest folder count.
 * @param from in the order of the attempts
 */
export async function gatherFiles(
  store: Store,
  part: Part,
  { from, to }: { readonly from: readonly string[]; readonly to: string },
): Promise<void> {
  for (const dir of from) if (dir !== to && (await isThere(store, part, dir))) await store.move(dir, to);
}

/** The folder of another attempt that has files of the part, whoever gave it that name; undefined: none. */
export async function otherAttempt(store: Store, { dir }: Part): Promise<string | undefined> {
  const base = dir.replace(ATTEMPT, '.a');
  for await (const { path } of store.list(dirname(dir))) {
    const folder = dirname(path);
    if (folder !== dir && folder.startsWith(base) && ATTEMPT.test(folder)) return folder;
  }
  return undefined;
}

/** Any of its files. */
export async function isThere(store: Store, part: Part, dir: string): Promise<boolean> {
  for (const { name } of part.files) if ((await store.stat(`${dir}/${name}`)) !== undefined) return true;
  return false;
}
