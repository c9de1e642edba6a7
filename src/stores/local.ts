/**
 * Files in a local folder.
 *
 * System calls are the synchronous ones: the bytes are moved by worker threads, where waiting is the only thing to do,
 * and an asynchronous call costs two thread hops per buffer. Only the flush to disk is asynchronous: it takes long.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Store, StoreFile, StoreGroup, StoreStat, StoreWriter } from '../core/contracts.ts';
import { isFull, MigrateError, messageOf, systemCode } from '../core/errors.ts';
import { makeFolders } from '../core/folders.ts';
import { checkedPath } from './paths.ts';

/** After so many bytes a flush is begun on the side, so that the disk works while the next buffers are made. */
const FLUSH_BYTES = 32 * 1024 * 1024;

/** Folders of groups that are not committed begin with this: never listed, removed by `sweep`. */
const UNFINISHED = '.unfinished-';

/** Where a file system keeps what a check of it found, for root alone: the folder may be a disk of its own. Never listed. */
const LOST_FOUND = 'lost+found';

export function openLocalStore(root: string): Store {
  const full = (path: string): string => join(root, checkedPath(path));
  return {
    // The kernel reads ahead: more reads at once only cost seeks.
    traits: { readsInFlight: 1 },
    describe: full,
    stat: async (path) => statOf(full(path)),
    openFile: async (path) => openFile(full(path)),
    list: (prefix) => listFiles(root, checkedPath(prefix)),
    begin: async (dir) => beginGroup(root, full(dir)),
    put: async (path, bytes) => putFile(full(path), bytes),
    move: async (from, to) => moveFolder(full(from), full(to)),
    remove: async (path) => removeTree(root, full(path)),
    // Nothing is kept under an id here: `sweep` finds what a crashed run left.
    discard: async () => undefined,
    sweep: async (prefix, mark) => sweepUnfinished(full(prefix), mark),
    free: async () => freeBytes(root),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** What is done to files that are only read: nobody is to give more rights than that wants. */
const READING: ReadonlySet<string> = new Set(['look at a file', 'open', 'read', 'list', 'ask for free space']);

function failure(what: string, file: string, cause: unknown): MigrateError {
  const code = systemCode(cause);
  if (isFull(cause))
    return new MigrateError('E_NO_SPACE', `no space left to ${what}`, {
      at: { file },
      found: messageOf(cause),
      hint: 'make room and run the same command again: finished parts are kept',
      cause,
    });
  const refused = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  const hint = refused ? `give this user the right to ${READING.has(what) ? 'read it' : 'write there'}` : undefined;
  return new MigrateError('E_STORE', `could not ${what}`, {
    at: { file },
    found: messageOf(cause),
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Runs one system call (or a few on the same file) with its error named. */
function attempt<T>(what: string, file: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof MigrateError) throw thrown;
    throw failure(what, file, thrown);
  }
}

function statOf(file: string): StoreStat | undefined {
  const stat = attempt('look at a file', file, () => fs.statSync(file, { bigint: true, throwIfNoEntry: false }));
  return stat?.isFile() ? asStoreStat(stat) : undefined;
}

/**
 * Size and time of change alone: a job that is gone on with must know its source again after the rights were put right,
 * after a copy that keeps times, and after a restart of the machine, which may number its devices anew.
 */
function asStoreStat(stat: fs.BigIntStats): StoreStat {
  return { size: Number(stat.size), version: `${stat.size}:${stat.mtimeNs}` };
}

/** The descriptor stays with the file that was opened: a rename over its name does not reach it. */
function openFile(file: string): StoreFile | undefined {
  const fd = attempt('open', file, () => openOrAbsent(file));
  if (fd === undefined) return undefined;
  let open = true;
  const close = async (): Promise<void> => {
    if (open) fs.closeSync(fd);
    open = false;
  };
  const opened = attempt('look at a file', file, () => fs.fstatSync(fd, { bigint: true }));
  if (!opened.isFile()) {
    fs.closeSync(fd);
    return undefined;
  }
  return {
    ...asStoreStat(opened),
    async readInto(target, start) {
      if (!open) throw new MigrateError('E_STORE', 'a file that is closed was read', { at: { file } });
      attempt('read', file, () => readExactly({ fd, file, target, start }));
      // Afterwards, so that a change in the middle of the read is seen too. Not ctime: a rename changes it.
      const now = attempt('look at a file', file, () => fs.fstatSync(fd, { bigint: true }));
      if (now.size !== opened.size || now.mtimeNs !== opened.mtimeNs)
        throw new MigrateError('E_STORE', 'the file changed while it was read', {
          at: { file, offset: start },
          hint: 'stop whatever writes to it, and run again',
        });
    },
    // The system reads ahead by itself.
    expect: () => undefined,
    close,
  };
}

/** undefined: there is no such file, or a part of its path is a file. */
function openOrAbsent(file: string): number | undefined {
  try {
    // A pipe or a socket would block for ever without it.
    return fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}

interface ReadRequest {
  readonly fd: number;
  readonly file: string;
  readonly target: Uint8Array;
  readonly start: number;
}

function readExactly({ fd, file, target, start }: ReadRequest): void {
  for (let done = 0; done < target.length; ) {
    const got = fs.readSync(fd, target, done, target.length - done, start + done);
    if (got === 0)
      throw new MigrateError('E_STORE', 'the file ended early', {
        at: { file, offset: start },
        found: `${done} bytes`,
        wanted: `${target.length} bytes`,
      });
    done += got;
  }
}

async function* listFiles(root: string, prefix: string): AsyncGenerator<{ path: string; size: number }> {
  const dir = join(root, prefix);
  for (const entry of entriesOf(dir)) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(UNFINISHED) && entry.name !== LOST_FOUND) yield* listFiles(root, path);
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      const size = fileSize(join(root, path));
      if (size !== undefined) yield { path, size };
    }
  }
}

/** A folder that is not there has none. Not asked beforehand: of one that may not be looked into that is said, too. */
function entriesOf(dir: string): fs.Dirent[] {
  try {
    return fs.readdirSync(dir, { withFileTypes: true });
  } catch (thrown) {
    const code = systemCode(thrown);
    // Below a file there is none, either.
    if (code === 'ENOENT' || (code === 'ENOTDIR' && !fs.existsSync(dir))) return [];
    throw failure('list', dir, thrown);
  }
}

/** A link counts as what it leads to, where that is a file: not where it leads nowhere, or in a circle. */
function fileSize(file: string): number | undefined {
  try {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat.size : undefined;
  } catch (thrown) {
    if (systemCode(thrown) === 'ELOOP') return undefined;
    throw failure('look at a file', file, thrown);
  }
}

/** A name beside the final one that tells whose it is and that no other writer takes. */
function unfinishedName(final: string): string {
  return join(dirname(final), `${UNFINISHED}${basename(final)}-${randomBytes(6).toString('hex')}`);
}

/** The folder and those above it, up to the root, which may be that of the whole file system: the one that is its own parent. */
export function foldersWithin(root: string, folder: string): readonly string[] {
  const within: string[] = [];
  for (let dir = folder; isWithin(root, dir); dir = dirname(dir)) {
    within.push(dir);
    if (dirname(dir) === dir) break;
  }
  return within;
}

function isWithin(root: string, path: string): boolean {
  const from = relative(root, path);
  return from !== '..' && !from.startsWith(`..${sep}`);
}

function beginGroup(root: string, final: string): StoreGroup {
  const parent = dirname(final);
  const temporary = unfinishedName(final);
  makeWritable(temporary);
  const open = new Set<OpenFile>();
  return {
    create: async (name) => createWriter(join(temporary, checkedPath(name)), open),
    async commit() {
      await syncPath(temporary);
      // A folder that is there already was renamed by a run that died before its checkpoint: nobody knows it.
      attempt('put a folder in place', final, () => {
        fs.rmSync(final, { recursive: true, force: true });
        fs.renameSync(temporary, final);
      });
      // The folders above may have been made for it: a name is durable when the folder that holds it is.
      for (const dir of foldersWithin(root, parent)) await syncPath(dir);
    },
    async abort() {
      await closeAll(open);
      attempt('remove', temporary, () => fs.rmSync(temporary, { recursive: true, force: true }));
    },
  };
}

/** An open file of a group. */
interface OpenFile {
  readonly fd: number;
  /** Flushes under way; each ends with its error or nothing. The file is closed only when they have ended. */
  readonly flushes: Promise<unknown>[];
}

function makeWritable(dir: string): void {
  attempt('make a folder', dir, () => {
    try {
      makeFolders(dir);
    } catch (thrown) {
      // On a read-only file system Node says ENOENT: the folder that is there knows better.
      fs.accessSync(nearestFolder(dir), fs.constants.W_OK);
      throw thrown;
    }
  });
}

/** The folder itself or, where that is not there yet, the nearest one above it. */
function nearestFolder(path: string): string {
  let dir = path;
  while (!fs.existsSync(dir) && dirname(dir) !== dir) dir = dirname(dir);
  return dir;
}

function createWriter(file: string, open: Set<OpenFile>): StoreWriter {
  const fd = attempt('create', file, () => fs.openSync(file, 'wx'));
  const own: OpenFile = { fd, flushes: [] };
  open.add(own);
  let unflushed = 0;
  const writeAt = (bytes: Uint8Array, position: number | null): void =>
    attempt('write', file, () => {
      for (let done = 0; done < bytes.length; )
        done += fs.writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done);
    });
  return {
    async write(bytes) {
      writeAt(bytes, null);
      unflushed += bytes.length;
      if (unflushed < FLUSH_BYTES) return;
      unflushed = 0;
      own.flushes.push(flush(fd).catch((error: unknown) => error));
    },
    patchStart: async (bytes) => writeAt(bytes, 0),
    async close() {
      open.delete(own);
      const failed = (await endFlushes(own)).find((error) => error !== undefined);
      try {
        if (failed !== undefined) throw failed;
        await flush(fd);
      } catch (thrown) {
        throw failure('flush', file, thrown);
      } finally {
        fs.closeSync(fd);
      }
    },
  };
}

async function closeAll(open: Set<OpenFile>): Promise<void> {
  for (const file of open) {
    await endFlushes(file);
    fs.closeSync(file.fd);
  }
  open.clear();
}

function endFlushes({ flushes }: OpenFile): Promise<unknown[]> {
  return Promise.all(flushes);
}

function flush(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fs.fsync(fd, (error) => (error === null ? resolve() : reject(error))));
}

/** Makes the names in a folder durable. */
async function syncPath(dir: string): Promise<void> {
  const fd = attempt('open a folder', dir, () => fs.openSync(dir, 'r'));
  try {
    await flush(fd);
  } catch (thrown) {
    throw failure('flush a folder', dir, thrown);
  } finally {
    fs.closeSync(fd);
  }
}

async function putFile(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = unfinishedName(file);
  makeWritable(dirname(file));
  const open = new Set<OpenFile>();
  const writer = createWriter(temporary, open);
  try {
    await writer.write(bytes);
    await writer.close();
    attempt('put a file in place', file, () => fs.renameSync(temporary, file));
  } catch (thrown) {
    await closeAll(open);
    fs.rmSync(temporary, { force: true });
    throw thrown;
  }
  await syncPath(dirname(file));
}

async function moveFolder(from: string, to: string): Promise<void> {
  if (!fs.existsSync(from) && fs.existsSync(to)) return;
  attempt('rename a folder', from, () => {
    makeFolders(dirname(to));
    fs.renameSync(from, to);
  });
  await syncPath(dirname(to));
  if (dirname(from) !== dirname(to)) await syncPath(dirname(from));
}

function removeTree(root: string, path: string): void {
  attempt('remove', path, () => fs.rmSync(path, { recursive: true, force: true }));
  // The root itself stays.
  for (const dir of foldersWithin(root, dirname(path)).slice(0, -1)) if (!removeIfEmpty(dir)) return;
}

function removeIfEmpty(dir: string): boolean {
  try {
    fs.rmdirSync(dir);
    return true;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT') return true;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw failure('remove a folder', dir, thrown);
  }
}

function sweepUnfinished(dir: string, mark: string): number {
  const names = entriesOf(dir).map(({ name }) => name);
  const own = names.filter((name) => name.startsWith(UNFINISHED) && name.includes(mark));
  for (const name of own) {
    const path = join(dir, name);
    attempt('remove', path, () => fs.rmSync(path, { recursive: true, force: true }));
  }
  return own.length;
}

/** Free bytes of the file system that holds `root` or, where that is not there yet, its nearest parent. */
function freeBytes(root: string): number {
  const dir = nearestFolder(root);
  const { bavail, bsize } = attempt('ask for free space', dir, () => fs.statfsSync(dir));
  return bavail * bsize;
}
