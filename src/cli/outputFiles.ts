/** Files that a run writes at its end: that they can not be written is said at its start, when nothing has moved yet. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MigrateError, messageOf } from '../core/errors.ts';

interface OutputFiles {
  readonly report: string | undefined;
  readonly rejectFile: string | undefined;
}

/** @throws MigrateError E_USAGE */
export function refuseUnwritable({ report, rejectFile }: OutputFiles): void {
  if (report !== undefined) refuse('report', report, dirname(report));
  // The folders of this one are made.
  if (rejectFile !== undefined) refuse('reject-file', rejectFile, nearestThere(dirname(rejectFile)));
}

function refuse(flag: 'report' | 'reject-file', path: string, folder: string): void {
  const found = whatIsWrong(path, folder);
  if (found === undefined) return;
  throw new MigrateError('E_USAGE', `--${flag} names no file that can be written`, {
    found,
    wanted: 'a file, in a folder that is there and that this user may write to',
  });
}

function whatIsWrong(path: string, folder: string): string | undefined {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return `${path} is a folder`;
    if (!existsSync(folder)) return `${folder} is not there`;
    if (!statSync(folder).isDirectory()) return `${folder} is no folder`;
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function nearestThere(folder: string): string {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  return there;
}
