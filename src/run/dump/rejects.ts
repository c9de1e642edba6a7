/** Rows that Milvus would refuse, kept whole: one JSON object a line, per partition first, joined at the end of the job. */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { type Batch, columnOf, type RefusedRow } from '../../core/batch.ts';
import { couldNotWrite } from '../../core/errors.ts';
import { makeFolders } from '../../core/folders.ts';
import { keyText } from '../../core/keys.ts';
import { rowText, valueText } from '../../core/rowText.ts';
import { vectorOf } from '../../core/schema.ts';
import type { DumpTask } from '../threads/tasks.ts';

const CHUNK_BYTES = 256 * 1024;

export interface RejectWriter {
  /** Rows of a batch with NaN or infinity. */
  write(batch: Batch, rows: readonly number[]): void;
  /** Rows that never were in a batch. */
  writeRefused(rows: readonly RefusedRow[], origin: string): void;
  /** Makes the file durable under its name; an empty one is not kept. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Writes beside `file` and renames at commit. */
export function openRejects(file: string, task: DumpTask): RejectWriter {
  const temporary = `${file}.unfinished`;
  const single = task.schema.fields.length === 2 ? vectorOf(task.schema).name : undefined;
  let fd: number | undefined;
  /** Once: its number may be that of another file then, of the task beside this one. */
  const close = (opened: number): void => {
    fd = undefined;
    fs.closeSync(opened);
  };
  const open = (): number => {
    makeFolders(dirname(file));
    return fs.openSync(temporary, 'w');
  };
  const append = (lines: readonly string[]): void =>
    writing(file, () => {
      fd ??= open();
      fs.writeFileSync(fd, lines.join(''));
    });
  return {
    write(batch, rows) {
      append(
        rows.map((row) => {
          const known = { segment: batch.origin, key: keyText(task.schema, batch, row), reason: 'NaN or infinity' };
          // JSON has no NaN: non-finite values stand as strings. A float32 is exact as a JSON number.
          if (single === undefined) return rejectLine(task, { ...known, row: rowText(task.schema, batch, row) });
          return rejectLine(task, { ...known, vector: valueText(vectorOf(task.schema), columnOf(batch, single), row) });
        }),
      );
    },
    writeRefused(rows, origin) {
      append(rows.map(({ key, reason, row }) => rejectLine(task, { segment: origin, key, reason, row })));
    },
    async commit() {
      if (fd === undefined) return fs.rmSync(file, { force: true });
      const opened = fd;
      writing(file, () => {
        fs.fsyncSync(opened);
        close(opened);
        fs.renameSync(temporary, file);
        syncFolder(dirname(file));
      });
    },
    async abort() {
      if (fd !== undefined) close(fd);
      fs.rmSync(temporary, { force: true });
    },
  };
}

interface RejectedLine {
  readonly segment: string;
  readonly key: string;
  readonly reason: string;
  /** JSON text of the vector, where a row has nothing else but its key; or of the whole row. */
  readonly vector?: string;
  readonly row?: string;
}

/** One line: whatever the row's text looked like, it has no line breaks here. */
function rejectLine({ collection, partition }: DumpTask, { segment, key, reason, vector, row }: RejectedLine): string {
  const head = JSON.stringify({ collection, milvusPartition: partition.milvusPartition, segment, id: key, reason });
  const body = vector === undefined ? `"row":${oneLine(row ?? 'null')}` : `"vector":${vector}`;
  return `${head.slice(0, -1)},${body}}\n`;
}

/** Line breaks in JSON text are white space between its values: inside of strings they are escaped. */
function oneLine(json: string): string {
  return json.replace(/[\r\n]+/g, ' ');
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
    throw couldNotWrite(thrown, { what: 'could not write rejected rows', file });
  }
}

/**
 * Joins the files of the partitions, in that order, into `file`, whole or absent.
 * @param leaveOther whether what lies there stays, but for an earlier state of the same
 * @returns how many lines there are; undefined: nothing is written
 */
export function joinRejects(partitionFiles: readonly string[], file: string, leaveOther = false): number | undefined {
  const temporary = `${file}.unfinished`;
  let lines: number | undefined = 0;
  writing(file, () => {
    makeFolders(dirname(file));
    const fd = fs.openSync(temporary, 'w');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      lines = partitionFiles
        .filter((name) => fs.existsSync(name))
        .reduce((sum, part) => sum + append(part, fd, chunk), 0);
      fs.fsyncSync(fd);
    } catch (thrown) {
      // Where the disk is full it would take the room that is to be made.
      fs.rmSync(temporary, { force: true });
      throw thrown;
    } finally {
      fs.closeSync(fd);
    }
    if (leaveOther && fs.existsSync(file) && !isEarlier(file, temporary)) {
      fs.rmSync(temporary);
      lines = undefined;
      return;
    }
    fs.renameSync(temporary, file);
    syncFolder(dirname(file));
  });
  return lines;
}

/**
 * Whether the lines of `file` are lines of `whole`, in their order: what was written when there were fewer. Of `file`,
 * which may be anything, no more is read at a time than a line of `whole` is long.
 */
function isEarlier(file: string, whole: string): boolean {
  const fd = fs.openSync(file, 'r');
  try {
    const { size } = fs.fstatSync(fd);
    let at = 0;
    for (const line of linesOf(whole)) {
      if (at === size) break;
      const there = Buffer.alloc(Math.min(line.length + 1, size - at));
      if (there.length < line.length) continue;
      fs.readSync(fd, there, 0, there.length, at);
      // The last one may have no line break.
      const ends = there.length === line.length || there[line.length] === 0x0a;
      if (ends && there.subarray(0, line.length).equals(line)) at += there.length;
    }
    return at === size;
  } finally {
    fs.closeSync(fd);
  }
}

/** One after the other, each without its line break. */
function* linesOf(file: string): Generator<Buffer, undefined> {
  const fd = fs.openSync(file, 'r');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let pieces: Buffer[] = [];
  try {
    for (let got = fs.readSync(fd, chunk); got > 0; got = fs.readSync(fd, chunk)) {
      let from = 0;
      for (let at = chunk.indexOf(0x0a); at >= 0 && at < got; at = chunk.indexOf(0x0a, from)) {
        yield Buffer.concat([...pieces, chunk.subarray(from, at)]);
        pieces = [];
        from = at + 1;
      }
      if (from < got) pieces.push(Buffer.from(chunk.subarray(from, got)));
    }
    if (pieces.length > 0) yield Buffer.concat(pieces);
  } finally {
    fs.closeSync(fd);
  }
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
