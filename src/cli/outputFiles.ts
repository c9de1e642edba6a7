/**
 * Files that a run writes at its end: that they can not be written, or would take the place of what is read, is said at its
 * start, when nothing has moved yet.
 */
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import type { JobConfig } from '../config/job.ts';
import { MigrateError, messageOf } from '../core/errors.ts';

type Output = 'report' | 'reject-file';

interface OutputFiles {
  readonly report: string | undefined;
  readonly rejectFile: string | undefined;
  readonly source: JobConfig['source'];
  /** The configuration file, absolute. */
  readonly configFile: string | undefined;
}

/** @throws MigrateError E_USAGE */
export function refuseUnwritable({ report, rejectFile, source, configFile }: OutputFiles): void {
  if (report !== undefined) refuse('report', report, dirname(report));
  // The folders of this one are made.
  if (rejectFile !== undefined) refuse('reject-file', rejectFile, nearestThere(dirname(rejectFile)));
  if (report !== undefined && rejectFile !== undefined && realPlace(report) === realPlace(rejectFile))
    throw new MigrateError('E_USAGE', '--report and --reject-file name the same file', {
      found: rejectFile,
      wanted: 'a file for each: the report would replace the rejected rows',
    });
  const read = [...placesRead(source), ...(configFile === undefined ? [] : [configFile])].map(realPlace);
  for (const [flag, path] of [['report', report] as const, ['reject-file', rejectFile] as const])
    if (path !== undefined && existsSync(path) && read.some((place) => isWithin(realPlace(path), place)))
      throw new MigrateError('E_USAGE', `--${flag} would replace a file that is read`, {
        found: path,
        wanted: 'a file of its own, apart from the source and the configuration',
      });
}

/** Files and folders of this host that rows come from. */
function placesRead(source: JobConfig['source']): string[] {
  if (source.store !== undefined) return [];
  switch (source.kind) {
    case 'faiss':
      return [source.path];
    case 'plugin':
      return [source.module];
    case 'milvus1x': {
      const meta = source.meta?.kind === 'mysql' ? undefined : source.meta?.file;
      // Beside them a report may well lie.
      const own = ['meta.sqlite', 'meta.json', 'tables', 'wal'].flatMap((name) => [name, join('db', name)]);
      const { path } = source;
      const isFile = path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
      const inFolder = path === undefined ? [] : isFile ? [path] : own.map((name) => join(path, name));
      return [source.tablesDir, meta, ...inFolder].filter((place) => place !== undefined);
    }
    default:
      return [];
  }
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}${sep}`);
}

/** Without links, also of what is not there yet. */
function realPlace(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path);
  return join(realPlace(dirname(path)), basename(path));
}

function refuse(flag: Output, path: string, folder: string): void {
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
