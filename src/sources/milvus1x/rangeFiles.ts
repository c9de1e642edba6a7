/** The open files of a row range, checked again against what the plan saw. */
import type { ErrorPlace } from '../../core/errors.ts';
import { type DeletedRows, endOfLive } from '../../formats/milvus1x/deletedRows.ts';
import { ID_BYTES, LENGTH_WORD_BYTES } from '../../formats/milvus1x/segment.ts';
import { readDeletedRows } from './deletedDocs.ts';
import { changedSincePlan, notAsPlanned, type OpenFile, openIfThere, type SourceFolder } from './fileRead.ts';
import type { RangeDetail } from './partition.ts';
import { placeOf } from './segmentFiles.ts';
import { readByWindows } from './windows.ts';

/** A column of a range: whole rows come, or an error. */
export interface ColumnFile {
  readonly rowBytes: number;
  /** Fills the target, which is a whole number of rows long, from `row` of the segment on. */
  read(target: Uint8Array, row: number): Promise<void>;
}

interface ExpectingColumn extends ColumnFile {
  /** The rows before `end` will be read forward. */
  expect(end: number): void;
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
  close(): Promise<void>;
}

export interface RangeContext {
  readonly tables: SourceFolder;
  readonly collection: string;
  readonly milvusPartition: string;
  /** undefined: only the ids are wanted. */
  readonly vectorBytes: number | undefined;
}

/** Errors: E_SOURCE_CHANGED where a file is not what the plan saw, E_SOURCE_ACCESS, E_READ. */
export async function openRange(range: RangeDetail, context: RangeContext): Promise<OpenRange> {
  const { rows, versions } = range;
  const { vectorBytes } = context;
  const files: OpenFile[] = [];
  const close = async (): Promise<void> => {
    for (const file of files) await file.close();
  };
  const open = async (name: keyof RangeDetail['versions'], bytes: number): Promise<OpenFile> => {
    const unread = name === 'deletedDocs' && range.deleted === 0;
    const file = await openAsPlanned({ path: range[name], bytes, version: versions[name], range, context, unread });
    files.push(file);
    return file;
  };
  const column = async (name: 'uid' | 'rv', rowBytes: number): Promise<ExpectingColumn> => {
    const file = await open(name, LENGTH_WORD_BYTES + rows * rowBytes);
    const byteOf = (row: number): number => LENGTH_WORD_BYTES + row * rowBytes;
    const latency = context.tables.store.traits.readsInFlight > 1;
    const read = latency ? readByWindows(file, { from: byteOf(range.start), to: byteOf(range.end) }) : file.read;
    return {
      rowBytes,
      read: (target, row) => read(target, byteOf(row)),
      expect: (end) => file.expect(byteOf(range.start), byteOf(end)),
    };
  };
  const deletes = async (): Promise<DeletedRows | undefined> =>
    deletedOf(range, await open('deletedDocs', range.deletedDocsBytes), context);
  const columns = [column('uid', ID_BYTES), ...(vectorBytes === undefined ? [] : [column('rv', vectorBytes)])];
  const opening = [Promise.all(columns), deletes()] as const;
  // All of them, also where one failed: what opens later would stay open.
  await Promise.allSettled([...columns, ...opening]);
  try {
    const [columns, deleted] = await Promise.all(opening);
    // Up to the last row that is read for certain: only who reads to the end of what he said learns of a change.
    const last = deleted === undefined ? range.end : endOfLive(deleted);
    for (const { expect } of columns) expect(last);
    return { segment: range.segment, next: range.start, end: range.end, deleted, columns, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

interface PlannedFile {
  readonly path: string;
  /** Its size when the plan was made. */
  readonly bytes: number;
  readonly version: string;
  readonly range: RangeDetail;
  readonly context: RangeContext;
  /** None of it will be read: whether it is the same one is to be looked at. */
  readonly unread: boolean;
}

async function openAsPlanned({ path, bytes, version, range, context, unread }: PlannedFile): Promise<OpenFile> {
  const at = filePlace(path, range, context);
  const opening = unread ? {} : { known: { size: bytes, version } };
  const file = await openIfThere(context.tables, path, at, opening);
  if (file?.size === bytes && file.version === version) return file;
  await file?.close();
  throw notAsPlanned(at, file, bytes);
}

async function deletedOf(range: RangeDetail, file: OpenFile, context: RangeContext): Promise<DeletedRows | undefined> {
  if (range.deleted === 0) return undefined;
  const at = filePlace(range.deletedDocs, range, context);
  const { offsets, rows, start, end } = range;
  const deleted = await readDeletedRows({ file, offsets, rows, at }, start, end);
  if (deleted.count === range.deleted) return deleted;
  throw changedSincePlan(at, `${deleted.count} deleted rows from row ${start} to ${end}`, String(range.deleted));
}

function filePlace(path: string, { segment }: RangeDetail, context: RangeContext): ErrorPlace {
  const { collection, milvusPartition, tables } = context;
  return { ...placeOf({ collection, milvusPartition, segment }), file: tables.show(path) };
}
