/**
 * A local file that is written from its start to its end.
 *
 * ```
 *   large     bytes ─► block ─► block on its way ─► disk      direct: past the page cache
 *   else      bytes ─► page cache ─► disk                     and what is no whole block at the end of a large one
 * ```
 * Direct writes save the kernel's work for pages that nobody reads again, leave the memory to others, and keep the disk
 * busy from the first block on.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { StoreWriter } from '../core/contracts.ts';
import { systemCode } from '../core/errors.ts';
import { BLOCK_BYTES, createBlockPool } from './blocks.ts';
import { attempt, failure } from './localErrors.ts';

/** Without direct writes: after so many bytes a flush is begun, so that the disk works while the next ones are made. */
const FLUSH_BYTES = 32 * 1024 * 1024;
/** Of a file: one is filled while the other is written. */
const BLOCKS = 2;
/** File systems (f_type of statfs) that take a direct write for what it is: ext2 to ext4, XFS. */
const DIRECT_TYPES: ReadonlySet<number> = new Set([0xef53, 0x58465342]);

const pool = createBlockPool();

/** An open file of a group. */
export interface OpenFile {
  /** Waits for what is on its way, whatever becomes of it, and closes. */
  abandon(): Promise<void>;
}

export interface WriterOptions {
  /** Open files: this one is in it until it is closed. */
  readonly open: Set<OpenFile>;
  /** Whether it may be large: a file of a few kilobytes is not worth a block. */
  readonly large: boolean;
}

/** The file must not be there yet. */
export function createWriter(file: string, { open, large }: WriterOptions): StoreWriter {
  const fd = attempt('create', file, () => fs.openSync(file, 'wx'));
  const direct = large ? openDirect(file) : undefined;
  const writing = direct === undefined ? throughCache(file, fd) : pastCache(file, fd, direct);
  open.add(writing);
  return {
    write: writing.append,
    patchStart: writing.patch,
    async close() {
      open.delete(writing);
      try {
        await writing.finish();
      } finally {
        await writing.abandon();
      }
    },
  };
}

/** Waits for all of them, and closes them. */
export async function closeAll(open: Set<OpenFile>): Promise<void> {
  for (const file of open) await file.abandon();
  open.clear();
}

export function flush(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fs.fsync(fd, (error) => (error === null ? resolve() : reject(error))));
}

interface Writing extends OpenFile {
  append(bytes: Uint8Array): Promise<void>;
  patch(bytes: Uint8Array): Promise<void>;
  /** Has everything on the disk. */
  finish(): Promise<void>;
}

function throughCache(file: string, fd: number): Writing {
  const flushes: Promise<void>[] = [];
  let end = 0;
  let unflushed = 0;
  return {
    async append(bytes) {
      attempt('write', file, () => writeFully(fd, bytes, end));
      end += bytes.length;
      unflushed += bytes.length;
      if (unflushed < FLUSH_BYTES) return;
      unflushed = 0;
      flushes.push(handledLater(flush(fd)));
    },
    patch: async (bytes) => attempt('write', file, () => writeFully(fd, bytes, 0)),
    async finish() {
      try {
        // Of a failed flush the kernel tells once: the last one alone could succeed.
        await Promise.all(flushes);
        await flush(fd);
      } catch (thrown) {
        throw failure('flush', file, thrown);
      }
    },
    async abandon() {
      await Promise.allSettled(flushes);
      fs.closeSync(fd);
    },
  };
}

/** Opened for direct writes, with a block to begin with. */
interface Direct {
  readonly fd: number;
  readonly first: Uint8Array;
}

/** undefined: the file is better written through the page cache, or can't be otherwise. */
function openDirect(file: string): Direct | undefined {
  const { O_WRONLY, O_DIRECT } = fs.constants;
  if (O_DIRECT === undefined || !DIRECT_TYPES.has(attempt('look at', file, () => fs.statfsSync(dirname(file)).type)))
    return undefined;
  const first = pool.take();
  if (first === undefined) return undefined;
  try {
    return { fd: fs.openSync(file, O_WRONLY | O_DIRECT), first };
  } catch (thrown) {
    pool.give(first);
    if (systemCode(thrown) === 'EINVAL') return undefined;
    throw failure('open', file, thrown);
  }
}

function pastCache(file: string, fd: number, direct: Direct): Writing {
  const blocks = [direct.first];
  const spare = [direct.first];
  const underWay: Promise<void>[] = [];
  let block: Uint8Array | undefined;
  let filled = 0;
  /** Where the block belongs in the file. */
  let at = 0;

  const oldest = async (): Promise<void> => {
    try {
      await underWay.shift();
    } catch (thrown) {
      throw failure('write', file, thrown);
    }
  };
  const settle = async (): Promise<void> => {
    while (underWay.length > 0) await oldest();
  };
  const another = (): Uint8Array | undefined => {
    const made = blocks.length < BLOCKS ? pool.take() : undefined;
    if (made !== undefined) blocks.push(made);
    return made;
  };
  const nextBlock = async (): Promise<Uint8Array> => {
    for (;;) {
      const free = spare.pop() ?? another();
      if (free !== undefined) return free;
      await oldest();
    }
  };
  const send = (full: Uint8Array): void => {
    const sent = writeDirect({ fd, direct: direct.fd, bytes: full, at }).finally(() => spare.push(full));
    underWay.push(handledLater(sent));
    at += full.length;
    block = undefined;
    filled = 0;
  };
  return {
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        block ??= await nextBlock();
        const piece = bytes.subarray(done, done + BLOCK_BYTES - filled);
        block.set(piece, filled);
        filled += piece.length;
        done += piece.length;
        if (filled === BLOCK_BYTES) send(block);
      }
    },
    async patch(bytes) {
      if (at > 0) {
        await settle();
        return attempt('write', file, () => writeFully(fd, bytes, 0));
      }
      block ??= await nextBlock();
      block.set(bytes);
      filled = Math.max(filled, bytes.length);
    },
    async finish() {
      await settle();
      if (block !== undefined) {
        const rest = block.subarray(0, filled);
        attempt('write', file, () => writeFully(fd, rest, at));
      }
      try {
        // What was written directly, too: its place in the file, and what the disk itself still holds back.
        await flush(fd);
      } catch (thrown) {
        throw failure('flush', file, thrown);
      }
    },
    async abandon() {
      await Promise.allSettled(underWay);
      for (const one of blocks) pool.give(one);
      fs.closeSync(direct.fd);
      fs.closeSync(fd);
    },
  };
}

interface DirectWrite {
  /** The same file, opened as usual. */
  readonly fd: number;
  readonly direct: number;
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** What is not taken directly (a disk with other sectors, an end of the room in sight) goes the usual way, or fails there. */
async function writeDirect({ fd, direct, bytes, at }: DirectWrite): Promise<void> {
  const written = await new Promise<number>((resolve, reject) => {
    fs.write(direct, bytes, 0, bytes.length, at, (error, count) => {
      if (error === null) resolve(count);
      else if (systemCode(error) === 'EINVAL') resolve(0);
      else reject(error);
    });
  });
  if (written < bytes.length) writeFully(fd, bytes.subarray(written), at + written);
}

function writeFully(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += fs.writeSync(fd, bytes, done, bytes.length - done, at + done);
}

/** Somebody looks at it when its turn comes: until then a failure must not count as one that nobody handles. */
function handledLater(work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  return work;
}
