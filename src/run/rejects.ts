/** Rows that Milvus would refuse, kept whole: one JSON object a line, per partition first, joined at the end of the job. */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { type Batch, columnOf, int64s } from '../core/batch.ts';
import { MigrateError, messageOf, systemCode } from '../core/errors.ts';
import { primaryKeyOf, vectorOf } from '../core/schema.ts';
import type { DumpTask } from './tasks.ts';

const CHUNK_BYTES = 256 * 1024;

export interface RejectWriter {
  write(batch: Batch, rows: readonly number[]): void;
  /** Makes the file durable under its name; an empty one is not kept. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Writes beside `file` and renames at commit. */
export function openRejects(file: string, task: DumpTask): RejectWriter {
  const temporary = `${file}.unfinished`;
  const vector = vectorOf(task.schema).name;
  const key = primaryKeyOf(task.schema).name;
  let fd: number | undefined;
  const open = (): number => {
    fs.mkdirSync(dirname(file), { recursive: true });
    return fs.openSync(temporary, 'w');
  };
  return {
    write(batch, rows) {
      const { bytes, rowBytes } = columnOf(batch, vector);
      const keys = int64s(columnOf(batch, key));
      const lines = rows.map((row) => {
        const at = bytes.byteOffset + row * rowBytes;
        return rejectLine(task, {
          segment: batch.origin,
          key: String(keys[row]),
          vector: new Float32Array(bytes.buffer, at, rowBytes / 4),
        });
      });
      writing(file, () => {
        fd ??= open();
        fs.writeFileSync(fd, lines.join(''));
      });
    },
    async commit() {
      if (fd === undefined) return fs.rmSync(file, { force: true });
      const opened = fd;
      writing(file, () => {
        fs.fsyncSync(opened);
        fs.closeSync(opened);
        fs.renameSync(temporary, file);
        syncFolder(dirname(file));
      });
      fd = undefined;
    },
    async abort() {
      if (fd !== undefined) fs.closeSync(fd);
      fd = undefined;
      fs.rmSync(temporary, { force: true });
    },
  };
}

function rejectLine(task: DumpTask, row: { segment: string; key: string; vector: Float32Array }): string {
  // JSON has no NaN: non-finite values stand as strings. A float32 is exact as a JSON number.
  const values = Array.from(row.vector, (value) => (Number.isFinite(value) ? value : String(value)));
  const { collection, partition } = task;
  const { milvusPartition } = partition;
  return `${JSON.stringify({ collection, milvusPartition, segment: row.segment, id: row.key, reason: 'NaN or infinity', vector: values })}\n`;
}

/** Makes a new name durable: the part that it belongs to is recorded next. */
function syncFolder(dir: string): void {
  const fd = fs.openSync(dir, 'r');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

function writing(file: string, call: () => void): void {
  try {
    call();
  } catch (thrown) {
    const code = systemCode(thrown) === 'ENOSPC' ? 'E_NO_SPACE' : 'E_STATE';
    throw new MigrateError(code, 'could not write rejected rows', {
      at: { file },
      found: messageOf(thrown),
      cause: thrown,
    });
  }
}

/** Joins the files of the partitions, in that order, into `file`, whole or absent. Returns how many lines there are. */
export function joinRejects(partitionFiles: readonly string[], file: string): number {
  const temporary = `${file}.unfinished`;
  let lines = 0;
  writing(file, () => {
    fs.mkdirSync(dirname(file), { recursive: true });
    const fd = fs.openSync(temporary, 'w');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (const part of partitionFiles.filter((name) => fs.existsSync(name))) lines += append(part, fd, chunk);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
    syncFolder(dirname(file));
  });
  return lines;
}

/** How many rows a partition's file holds. */
export function countLines(file: string): number {
  return eachChunk(file, Buffer.alloc(CHUNK_BYTES), () => undefined);
}

function append(from: string, to: number, chunk: Buffer): number {
  return eachChunk(from, chunk, (bytes) => fs.writeFileSync(to, bytes));
}

/** Returns how many lines there are. */
function eachChunk(file: string, chunk: Buffer, take: (bytes: Uint8Array) => void): number {
  const fd = fs.openSync(file, 'r');
  let lines = 0;
  try {
    for (let got = fs.readSync(fd, chunk); got > 0; got = fs.readSync(fd, chunk)) {
      const bytes = chunk.subarray(0, got);
      take(bytes);
      for (const byte of bytes) if (byte === 0x0a) lines++;
    }
  } finally {
    fs.closeSync(fd);
  }
  return lines;
}
