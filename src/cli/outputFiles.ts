/**
 * Files that a run writes at its end: that they can not be written, or would take the place of what is read, is said at its
 * start, when nothing has moved yet.
 */
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { JobConfig } from '../config/job.ts';
import { MigrateError, messageOf, systemCode } from '../core/errors.ts';
import { isManifest } from '../run/dump/manifest.ts';
import { filesStore, PARTS_FOLDER } from '../run/places/layout.ts';

type Output = 'report' | 'reject-file';

interface OutputFiles {
  readonly report: string | undefined;
  readonly rejectFile: string | undefined;
  readonly config: JobConfig;
  /** The configuration file, absolute. */
  readonly configFile: string | undefined;
}

/** @throws MigrateError E_USAGE */
export function refuseUnwritable({ report, rejectFile, config, configFile }: OutputFiles): void {
  if (report !== undefined) refuse('report', report, dirname(report));
  // The folders of this one are made.
  if (rejectFile !== undefined) refuse('reject-file', rejectFile, nearestThere(dirname(rejectFile)));
  if (report !== undefined && rejectFile !== undefined && realPlace(report) === realPlace(rejectFile))
    throw new MigrateError('E_USAGE', '--report and --reject-file name the same file', {
      found: rejectFile,
      wanted: 'a file for each: the report would replace the rejected rows',
    });
  const kept = [
    { what: 'a file that is read', places: [...placesRead(config.source), configFile] },
    { what: 'a file in which jobs are recorded', places: placesRecorded(config.stateDir) },
    { what: 'a file that was dumped', places: placesDumped(config) },
  ];
  for (const { what, places } of kept) {
    const there = places.filter((place) => place !== undefined).map(realPlace);
    for (const [flag, path] of [['report', report] as const, ['reject-file', rejectFile] as const])
      if (path !== undefined && existsSync(path) && there.some((place) => isWithin(realPlace(path), place)))
        throw new MigrateError('E_USAGE', `--${flag} would replace ${what}`, {
          found: path,
          wanted: 'a file of its own, apart from the source, the configuration, the jobs and what they wrote',
        });
  }
}

function placesRecorded(stateDir: string): string[] {
  return ['state.sqlite', 'state.sqlite-wal', 'state.sqlite-shm', 'locks', 'jobs'].map((name) => join(stateDir, name));
}

/** Of the folder for the files, beside which a report may well lie. */
function placesDumped({ files }: JobConfig): string[] {
  if (files === undefined || files.store !== undefined) return [];
  const { root } = filesStore(files);
  return [
    join(root, PARTS_FOLDER),
    ...namesIn(root)
      .filter(isManifest)
      .map((name) => join(root, name)),
  ];
}

/** Whether it can be looked at, the plan says. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    if (systemCode(thrown) === undefined) throw thrown;
    return [];
  }
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
    const kind = otherThanFile(path, statSync(path, { throwIfNoEntry: false }));
    if (kind !== undefined) return `${path} is ${kind}`;
    if (!existsSync(folder)) return `${folder} is not there`;
    if (!statSync(folder).isDirectory()) return `${folder} is no folder`;
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** What is put in its place by a rename takes the place of whatever is there: of `/dev/null` too, where root says so. */
function otherThanFile(path: string, there: Stats | undefined): string | undefined {
  if (there?.isDirectory() === true) return 'a folder';
  if (there !== undefined && !there.isFile()) return there.isFIFO() ? 'a pipe' : 'a device';
  return isOpenFile(path) ? 'a name for an open file' : undefined;
}

/** `/dev/stdout` and `/dev/fd/3`, whatever they lead to. */
function isOpenFile(path: string): boolean {
  const folder = realPlace(dirname(path));
  const leadsTo = resolve(folder, linkOf(path) ?? basename(path));
  return [join(folder, basename(path)), leadsTo].some((name) => name.startsWith('/proc/'));
}

/** undefined: it is no link. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (thrown) {
    if (systemCode(thrown) === undefined) throw thrown;
    return undefined;
  }
}

function nearestThere(folder: string): string {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  return there;
}
