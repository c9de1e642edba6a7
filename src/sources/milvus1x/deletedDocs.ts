/** Reads deleted_docs, in chunks, into a bitmap of the rows that are of interest. */
import type { ErrorPlace } from '../../core/errors.ts';
import { createDeletedRows, type DeletedRows, markDeleted } from '../../formats/milvus1x/deletedRows.ts';
import { LENGTH_WORD_BYTES, OFFSET_BYTES, offsetOutOfRange } from '../../formats/milvus1x/segment.ts';
import type { OpenFile } from './fileRead.ts';

/** 1 MiB: mostly the whole file, in one request. */
const CHUNK_OFFSETS = 262_144;

export interface DeletedDocsFile {
  readonly file: OpenFile;
  /** Offsets in it that count. */
  readonly offsets: number;
  /** Rows of the segment. */
  readonly rows: number;
  readonly at: ErrorPlace;
}

/** The deleted rows of [start, end). Memory: a bit a row, and one chunk. Error: E_DELETED_DOCS for offsets of no row. */
export async function readDeletedRows(docs: DeletedDocsFile, start: number, end: number): Promise<DeletedRows> {
  const deleted = createDeletedRows(start, end);
  const chunk = new Int32Array(Math.min(CHUNK_OFFSETS, docs.offsets));
  for (let first = 0; first < docs.offsets; first += chunk.length) {
    const offsets = chunk.subarray(0, Math.min(chunk.length, docs.offsets - first));
    await docs.file.read(bytesOf(offsets), LENGTH_WORD_BYTES + first * OFFSET_BYTES);
    const bad = markDeleted(deleted, offsets, docs.rows);
    if (bad >= 0) throw offsetOutOfRange(offsets[bad]!, { position: first + bad, rows: docs.rows, at: docs.at });
  }
  return deleted;
}

function bytesOf(offsets: Int32Array): Uint8Array {
  return new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength);
}
