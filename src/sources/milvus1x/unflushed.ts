/**
 * Rows and deletes that the old server has only in its write-ahead log: they would be lost without a word.
 *
 * As the server does at its start (Milvus 1.x, db/wal/WalManager.cpp), reading begins at the larger of the global LSN
 * and the smallest flush position, and a record counts if it is newer than the flush position of its partition.
 */
import { MigrateError, systemCode } from '../../core/errors.ts';
import type { Milvus1xModel } from '../../formats/milvus1x/model.ts';
import {
  appliedLsn,
  type ByteRange,
  readWalRecords,
  splitLsn,
  type WalFile,
  type WalRecord,
} from '../../formats/milvus1x/wal.ts';
import { type OpenFile, openIfThere, readBytes, type SourceFolder, sourceError } from './fileRead.ts';

const META_FILE = 'mxlog.meta';

/** What is unflushed in one partition of a collection. */
export interface Unflushed {
  readonly collection: string;
  /** Partition tag; `''` for the default one. */
  readonly tag: string;
  inserts: number;
  deletes: number;
}

export type WalReport =
  | { readonly kind: 'read'; readonly unflushed: readonly Unflushed[] }
  /** `text`: why nothing can be said; `rows`: there is a log that may hold some. */
  | { readonly kind: 'unknown'; readonly text: string; readonly rows: boolean };

/** Of all live collections. Error: E_WAL where the log is broken or incomplete. */
export async function readUnflushed(model: Milvus1xModel, wal: SourceFolder): Promise<WalReport> {
  const sizes = await listLog(wal);
  const where = wal.store.describe('');
  if (sizes === undefined)
    return {
      kind: 'unknown',
      text: `no write-ahead log at ${where}: rows that the old server had not flushed can not be seen`,
      rows: false,
    };
  const names = [...sizes.keys()];
  const logs = names
    .flatMap((name) => (/^\d+\.wal$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
  const flushed = flushPositions(model);
  if (flushed.size === 0)
    return {
      kind: 'unknown',
      text: `the metadata has no flush positions: whether the write-ahead log at ${where} holds rows that are in no segment can not be told`,
      rows: logs.some((number) => (sizes.get(`${number}.wal`) ?? 0) > 0),
    };
  const metaFile = names.includes(META_FILE) ? META_FILE : names.find((name) => name.endsWith('.meta'));
  if (metaFile === undefined) throw incomplete(where, `no ${META_FILE} in it`, `the log files and ${META_FILE}`);
  const start = recoveryStart(model, flushed);
  const applied = appliedLsn(await readMeta(wal, metaFile), wal.show(metaFile));
  const counts = new Map<string, Unflushed>();
  if (applied > start)
    for (const log of filesBetween({ wal, logs, sizes, start, applied }))
      await readLog(wal, log, (record) => {
        if (record.lsn > start && record.lsn <= applied) count(record, flushed, counts);
      });
  return { kind: 'read', unflushed: [...counts.values()] };
}

/** Name of a collection → tag → flush position. */
type FlushPositions = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

function flushPositions({ collections }: Milvus1xModel): FlushPositions {
  const known = collections.map(({ name, partitions }) => {
    const positions = partitions.flatMap(({ tag, flushLsn }) =>
      flushLsn === undefined ? [] : [[tag, flushLsn] as const],
    );
    return [name, new Map(positions)] as const;
  });
  // One without a position has never been flushed, if others have one.
  return known.some(([, positions]) => positions.size > 0) ? new Map(known) : new Map();
}

function recoveryStart({ globalLsn = 0n }: Milvus1xModel, flushed: FlushPositions): bigint {
  const [smallest = globalLsn] = [...flushed.values()].flatMap((tags) => [...tags.values()]).sort(ascending);
  return smallest > globalLsn ? smallest : globalLsn;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function count(record: WalRecord, flushed: FlushPositions, counts: Map<string, Unflushed>): void {
  const { collection, tag, kind, rows, lsn } = record;
  const tags = flushed.get(collection);
  if (kind === 'other' || tags === undefined) return;
  const position = tags.get(tag) ?? tags.get('') ?? 0n;
  if (lsn <= position) return;
  const key = JSON.stringify([collection, tag]);
  const entry = counts.get(key) ?? { collection, tag, inserts: 0, deletes: 0 };
  counts.set(key, entry);
  if (kind === 'insert') entry.inserts += rows;
  else entry.deletes += rows;
}

interface LogFolder {
  readonly wal: SourceFolder;
  /** By name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Numbers of the files that are there, ascending. */
  readonly logs: readonly number[];
  readonly start: bigint;
  readonly applied: bigint;
}

/** The log files from `start` to `applied`, with no gap. */
function filesBetween({ wal, sizes, logs, start, applied }: LogFolder): WalFile[] {
  const from = splitLsn(start);
  const to = splitLsn(applied);
  // From the very beginning: wherever the log begins.
  const first = start === 0n ? (logs[0] ?? to.file) : from.file;
  const last = to.offset === 0 ? to.file - 1 : to.file;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const number = first + index;
    const name = `${number}.wal`;
    const size = sizes.get(name);
    const begin = number === from.file ? from.offset : 0;
    const end = number === to.file ? to.offset : (size ?? 0);
    if (size === undefined || size < end || size < begin || size === 0)
      throw incomplete(
        wal.show(name),
        size === undefined ? 'no such file' : `${size} bytes`,
        `records up to LSN ${applied}${number === to.file ? `: ${to.offset} bytes` : ''}`,
      );
    return { number, size, start: begin, end, file: wal.show(name) };
  });
}

async function readLog(wal: SourceFolder, log: WalFile, onRecord: (record: WalRecord) => void): Promise<void> {
  const file = await openIfThere(wal, `${log.number}.wal`, { file: log.file });
  if (file === undefined) throw incomplete(log.file, 'no such file', 'a log file');
  const read = wal.lanes > 1 ? ahead(file) : exactly(file);
  try {
    const records = readWalRecords(log, onRecord);
    let step = records.next();
    while (step.done !== true) step = records.next(await read(step.value));
  } finally {
    await file.close();
  }
}

type ReadRange = (range: ByteRange) => Promise<Uint8Array>;

function exactly(file: OpenFile): ReadRange {
  return async ({ offset, length }) => {
    const bytes = new Uint8Array(length);
    await file.read(bytes, offset);
    return bytes;
  };
}

/** A record is a few hundred bytes of interest: where each read is a request, the next records come along. */
const AHEAD_BYTES = 1024 * 1024;

function ahead(file: OpenFile): ReadRange {
  let window = new Uint8Array();
  let from = 0;
  return async ({ offset, length }) => {
    if (offset < from || offset + length > from + window.length) {
      from = offset;
      window = new Uint8Array(Math.max(length, Math.min(AHEAD_BYTES, file.size - offset)));
      await file.read(window, offset);
    }
    return window.slice(offset - from, offset - from + length);
  };
}

/** Sizes by name; undefined where there is no log. */
async function listLog({ store }: SourceFolder): Promise<ReadonlyMap<string, number> | undefined> {
  const sizes = new Map<string, number>();
  try {
    for await (const { path, size } of store.list('')) if (!path.includes('/')) sizes.set(path, size);
  } catch (thrown) {
    if (thrown instanceof MigrateError && systemCode(thrown.cause) === 'ENOTDIR') return undefined;
    const at = { file: store.describe('') };
    throw sourceError(thrown, { code: 'E_WAL', message: 'the folder of the write-ahead log can not be read', at });
  }
  return [...sizes.keys()].some((name) => name.endsWith('.wal') || name === META_FILE) ? sizes : undefined;
}

async function readMeta(wal: SourceFolder, name: string): Promise<Uint8Array> {
  const at = { file: wal.show(name) };
  const file = await openIfThere(wal, name, at);
  if (file === undefined) throw incomplete(at.file, 'no such file', `the log files and ${META_FILE}`);
  try {
    return await readBytes(file);
  } finally {
    await file.close();
  }
}

function incomplete(file: string, found: string, wanted: string): MigrateError {
  return new MigrateError('E_WAL', 'the write-ahead log is not whole: rows that were not flushed may be lost', {
    at: { file },
    found,
    wanted,
    hint: 'copy the wal folder again; or --ignore-unflushed to go on with what is in the segments',
  });
}
