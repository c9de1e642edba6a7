/** The open files of a row range, checked again against what the plan saw. */
import { join } from 'node:path';
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
import type { DeletedRows } from '../../formats/milvus1x/deletedRows.ts';
import { inBytes } from '../../formats/milvus1x/quantity.ts';
import { ID_BYTES, LENGTH_WORD_BYTES } from '../../formats/milvus1x/segment.ts';
import { readDeletedRows } from './deletedDocs.ts';
import { type OpenFile, openIfThere } from './fileRead.ts';
import type { RangeDetail } from './partition.ts';
import { placeOf } from './segmentFiles.ts';

/** A column of a range: whole rows come, or an error. */
export interface ColumnFile {
  readonly rowBytes: number;
  /** Fills the target, which is a whole number of rows long, from `row` of the segment on. */
  read(target: Uint8Array, row: number): void;
}

export interface OpenRange {
  readonly segment: string;
  /** Next row to be read, of the segment. */
  next: number;
  readonly end: number;
  /** undefined: none in this range. */
  readonly deleted: DeletedRows | undefined;
  /** Ids, then (unless only keys are wanted) vectors. */
  readonly columns: readonly ColumnFile[];
  close(): void;
}

export interface RangeContext {
  readonly tablesDir: string;
  readonly collection: string;
  readonly milvusPartition: string;
  /** undefined: only the ids are wanted. */
  readonly vectorBytes: number | undefined;
}

/** Errors: E_SOURCE_CHANGED where a file is not what the plan saw, E_SOURCE_ACCESS, E_READ. */
export function openRange(range: RangeDetail, context: RangeContext): OpenRange {
  const files: OpenFile[] = [];
  const close = (): void => {
    for (const file of files) file.close();
  };
  const open = (path: string, bytes: number): OpenFile => openAsPlanned(files, { path, bytes, range, context });
  const column = (path: string, rowBytes: number): ColumnFile => {
    const file = open(path, LENGTH_WORD_BYTES + range.rows * rowBytes);
    return { rowBytes, read: (target, row) => file.read(target, LENGTH_WORD_BYTES + row * rowBytes) };
  };
  try {
    const columns = [column(range.uid, ID_BYTES)];
    if (context.vectorBytes !== undefined) columns.push(column(range.rv, context.vectorBytes));
    const deleted = deletedOf(range, open(range.deletedDocs, range.deletedDocsBytes), context);
    return { segment: range.segment, next: range.start, end: range.end, deleted, columns, close };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

interface PlannedFile {
  readonly path: string;
  /** Its size when the plan was made. */
  readonly bytes: number;
  readonly range: RangeDetail;
  readonly context: RangeContext;
}

function openAsPlanned(files: OpenFile[], { path, bytes, range, context }: PlannedFile): OpenFile {
  const at = filePlace(path, range, context);
  const file = openIfThere(join(context.tablesDir, path), at);
  if (file !== undefined) files.push(file);
  if (file?.size === bytes) return file;
  throw changed(at, file === undefined ? 'no such file' : inBytes(file.size), inBytes(bytes));
}

function deletedOf(range: RangeDetail, file: OpenFile, context: RangeContext): DeletedRows | undefined {
  if (range.deleted === 0) return undefined;
  const at = filePlace(range.deletedDocs, range, context);
  const { offsets, rows, start, end } = range;
  const deleted = readDeletedRows({ file, offsets, rows, at }, start, end);
  if (deleted.count === range.deleted) return deleted;
  throw changed(at, `${deleted.count} deleted rows from row ${start} to ${end}`, String(range.deleted));
}

function filePlace(path: string, { segment }: RangeDetail, { collection, milvusPartition }: RangeContext): ErrorPlace {
  return { ...placeOf({ collection, milvusPartition, segment }), file: join('tables', path) };
}

function changed(at: ErrorPlace, found: string, wanted: string): MigrateError {
  return new MigrateError('E_SOURCE_CHANGED', 'a file of the source is not what it was when the plan was made', {
    at,
    found,
    wanted,
    hint: 'put the source back as it was, or start over with --fresh',
  });
}
