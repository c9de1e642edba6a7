/**
 * Rows and deletes that the old server has only in its write-ahead log: they would be lost without a word.
 *
 * As the server does at its start (Milvus 1.x, db/wal/WalManager.cpp), reading begins at the larger of the global LSN
 * and the smallest flush position, and a record counts if it is newer than the flush position of its partition.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrateError, messageOf, systemCode } from '../../core/errors.ts';
import type { Milvus1xModel } from '../../formats/milvus1x/model.ts';
import { appliedLsn, readWalRecords, splitLsn, type WalFile, type WalRecord } from '../../formats/milvus1x/wal.ts';
import { openIfThere } from './fileRead.ts';

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
  /** `text`: why nothing can be said. */
  | { readonly kind: 'unknown'; readonly text: string };

/** Of all live collections. Error: E_WAL where the log is broken or incomplete. */
export function readUnflushed(model: Milvus1xModel, walDir: string): WalReport {
  const names = listLog(walDir);
  if (names === undefined)
    return {
      kind: 'unknown',
      text: `no write-ahead log at ${walDir}: rows that the old server had not flushed can not be seen`,
    };
  const logs = names
    .flatMap((name) => (/^\d+\.wal$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
  const flushed = flushPositions(model);
  if (flushed.size === 0)
    return {
      kind: 'unknown',
      text: 'the metadata has no flush positions: the write-ahead log can not be compared with it',
    };
  const metaFile = names.includes(META_FILE) ? META_FILE : names.find((name) => name.endsWith('.meta'));
  if (metaFile === undefined) throw incomplete(walDir, `no ${META_FILE} in it`, `the log files and ${META_FILE}`);
  const start = recoveryStart(model, flushed);
  const applied = appliedLsn(readBytes(join(walDir, metaFile)), join('wal', metaFile));
  const counts = new Map<string, Unflushed>();
  if (applied > start)
    for (const log of filesBetween({ walDir, logs, start, applied }))
      readLog(join(walDir, `${log.number}.wal`), log, (record) => {
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
  return new Map(known.filter(([, positions]) => positions.size > 0));
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
  const position = tags?.get(tag) ?? tags?.get('');
  if (kind === 'other' || position === undefined || lsn <= position) return;
  const key = JSON.stringify([collection, tag]);
  const entry = counts.get(key) ?? { collection, tag, inserts: 0, deletes: 0 };
  counts.set(key, entry);
  if (kind === 'insert') entry.inserts += rows;
  else entry.deletes += rows;
}

interface LogFolder {
  readonly walDir: string;
  /** Numbers of the files that are there, ascending. */
  readonly logs: readonly number[];
  readonly start: bigint;
  readonly applied: bigint;
}

/** The log files from `start` to `applied`, with no gap. */
function filesBetween({ walDir, logs, start, applied }: LogFolder): WalFile[] {
  const from = splitLsn(start);
  const to = splitLsn(applied);
  // From the very beginning: wherever the log begins.
  const first = start === 0n ? (logs[0] ?? to.file) : from.file;
  const last = to.offset === 0 ? to.file - 1 : to.file;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const number = first + index;
    const name = `${number}.wal`;
    const size = logs.includes(number) ? sizeOf(join(walDir, name)) : undefined;
    const begin = number === from.file ? from.offset : 0;
    const end = number === to.file ? to.offset : (size ?? 0);
    if (size === undefined || size < end || size < begin || size === 0)
      throw incomplete(
        join('wal', name),
        size === undefined ? 'no such file' : `${size} bytes`,
        `records up to LSN ${applied}${number === to.file ? `: ${to.offset} bytes` : ''}`,
      );
    return { number, size, start: begin, end, file: join('wal', name) };
  });
}

function readLog(path: string, log: WalFile, onRecord: (record: WalRecord) => void): void {
  const at = { file: log.file };
  const file = openIfThere(path, at);
  if (file === undefined) throw incomplete(log.file, 'no such file', 'a log file');
  try {
    const records = readWalRecords(log, onRecord);
    let step = records.next();
    while (step.done !== true) {
      const bytes = new Uint8Array(step.value.length);
      file.read(bytes, step.value.offset);
      step = records.next(bytes);
    }
  } finally {
    file.close();
  }
}

function listLog(walDir: string): readonly string[] | undefined {
  try {
    const names = readdirSync(walDir);
    return names.some((name) => name.endsWith('.wal') || name === META_FILE) ? names : undefined;
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return undefined;
    throw new MigrateError('E_WAL', 'the folder of the write-ahead log can not be read', {
      at: { file: walDir },
      found: messageOf(thrown),
      cause: thrown,
    });
  }
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (thrown) {
    throw new MigrateError('E_WAL', 'the write-ahead log can not be read', {
      at: { file },
      found: messageOf(thrown),
      cause: thrown,
    });
  }
}

function sizeOf(file: string): number | undefined {
  const open = openIfThere(file, { file });
  open?.close();
  return open?.size;
}

function incomplete(file: string, found: string, wanted: string): MigrateError {
  return new MigrateError('E_WAL', 'the write-ahead log is not whole: rows that were not flushed may be lost', {
    at: { file },
    found,
    wanted,
    hint: 'copy the wal folder again; or --ignore-unflushed to go on with what is in the segments',
  });
}
