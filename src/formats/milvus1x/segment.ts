/**
 * The files of one Milvus 1.x segment: a uint64 byte length, then the values, little endian
 * (Milvus 1.x, codecs/default/DefaultVectorsFormat.cpp and DefaultDeletedDocsFormat.cpp).
 *
 * ```
 *   .rv            length | float32 or uint8 [rows][row bytes]
 *   .uid           length | int64 ids [rows]
 *   deleted_docs   length | int32 row offsets, in any order, repeated ones among them
 * ```
 * Only lengths are looked at here: whoever reads the values gets offsets that are known to lie in the file.
 */
import { type ErrorCode, type ErrorPlace, MigrateError } from '../../core/errors.ts';
import { grouped, inBytes } from './quantity.ts';

export const LENGTH_WORD_BYTES = 8;
export const ID_BYTES = 8;
export const OFFSET_BYTES = 4;

/** What is known of a segment's file before its values are read. */
export interface FileHead {
  /** Bytes of the whole file. */
  readonly size: number;
  /** Its first 8 bytes, or fewer where the file has no more. */
  readonly start: Uint8Array;
  /** Names the file, for errors. */
  readonly at: ErrorPlace;
}

/** Shape of a vector column: dimensions (bits of binary vectors) and what they come to in bytes. */
export interface VectorShape {
  readonly dim: number;
  readonly binary: boolean;
}

/** Bytes of one vector. */
export function vectorBytes({ dim, binary }: VectorShape): number {
  return binary ? dim / 8 : dim * 4;
}

/** Rows of a `.rv` file. Errors: E_SEGMENT_TRUNCATED, E_SEGMENT_OVERLONG, E_SEGMENT_ROWS. */
export function checkRv(head: FileHead, shape: VectorShape): number {
  const factors = shape.binary ? `${grouped(shape.dim)} / 8` : `${grouped(shape.dim)} × 4`;
  return checkColumn(head, { name: 'vector', rowBytes: vectorBytes(shape), factors });
}

/** Rows of a `.uid` file. Errors: E_SEGMENT_TRUNCATED, E_SEGMENT_OVERLONG, E_SEGMENT_ROWS. */
export function checkUid(head: FileHead): number {
  return checkColumn(head, { name: 'id', rowBytes: ID_BYTES, factors: '8' });
}

/** Rows of a segment: what the int32 offsets of deleted_docs can name. */
const MAX_ROWS = 2 ** 31;

/** Both files of a segment must have a value for each row. Error: E_SEGMENT_ROWS. */
export function checkSameRows(vectors: number, ids: number, at: ErrorPlace): void {
  if (vectors > MAX_ROWS)
    throw new MigrateError('E_SEGMENT_ROWS', 'the segment has more rows than Milvus 1.x can count', {
      at,
      found: `${grouped(vectors)} rows`,
      wanted: `at most ${grouped(MAX_ROWS)}`,
      hint: 'see whether its collection has the right dimension in the metadata',
    });
  if (vectors === ids) return;
  throw new MigrateError('E_SEGMENT_ROWS', 'the segment has not as many ids as vectors', {
    at,
    found: `${grouped(ids)} ids in .uid, ${grouped(vectors)} vectors in .rv`,
    wanted: 'as many of the one as of the other',
    hint: hintFor(Math.max(vectors, ids)),
  });
}

export interface DeletedDocsLayout {
  /** Offsets that count. */
  readonly offsets: number;
  /** Bytes behind them that do not: the file is longer than its length word says. */
  readonly surplus: number;
}

/** Offsets of a `deleted_docs` file. Error: E_DELETED_DOCS where it is shorter than it says, or holds broken offsets. */
export function checkDeletedDocs(head: FileHead): DeletedDocsLayout {
  const { size, at } = head;
  const length = lengthOf(head, 'E_DELETED_DOCS', 'deleted rows');
  if (length > BigInt(size - LENGTH_WORD_BYTES))
    throw new MigrateError('E_DELETED_DOCS', 'the list of deleted rows is shorter than it says', {
      at,
      found: inBytes(size),
      wanted: `${inBytes(length + 8n)} (8 + ${grouped(length)})`,
      hint: hintFor(undefined),
    });
  const bytes = Number(length);
  if (bytes % OFFSET_BYTES !== 0)
    throw new MigrateError('E_DELETED_DOCS', 'the list of deleted rows ends within an offset', {
      at: { ...at, offset: 0 },
      found: `a length of ${inBytes(bytes)}`,
      wanted: 'a multiple of 4',
      hint: hintFor(undefined),
    });
  return { offsets: bytes / OFFSET_BYTES, surplus: size - LENGTH_WORD_BYTES - bytes };
}

/** An offset that points at no row. `position`: its place among the offsets. */
export function offsetOutOfRange(
  offset: number,
  { position, rows, at }: { position: number; rows: number; at: ErrorPlace },
): MigrateError {
  return new MigrateError('E_DELETED_DOCS', 'a deleted row that the segment does not have', {
    at: { ...at, offset: LENGTH_WORD_BYTES + position * OFFSET_BYTES },
    found: `row ${offset}, entry ${grouped(position)} of the list`,
    wanted: rows === 0 ? 'no entry: the segment has 0 rows' : `rows 0 to ${rows - 1}: the segment has ${grouped(rows)}`,
    hint: hintFor(rows),
  });
}

interface ColumnFile {
  readonly name: string;
  readonly rowBytes: number;
  /** How a row's bytes come about, for the message. */
  readonly factors: string;
}

function checkColumn(head: FileHead, { name, rowBytes, factors }: ColumnFile): number {
  const { size, at } = head;
  const length = lengthOf(head, 'E_SEGMENT_TRUNCATED', name);
  const wanted = length + BigInt(LENGTH_WORD_BYTES);
  const rows = length / BigInt(rowBytes);
  const whole = rows * BigInt(rowBytes) === length;
  const sum = whole ? `8 + ${grouped(rows)} rows × ${factors}` : `8 + ${grouped(length)}`;
  const details = { at, found: inBytes(size), wanted: `${inBytes(wanted)} (${sum})` };
  const hint = hintFor(whole && wanted < 2n ** 50n ? Number(rows) : undefined);
  if (BigInt(size) < wanted)
    throw new MigrateError('E_SEGMENT_TRUNCATED', `the ${name} file is shorter than it says`, { ...details, hint });
  if (BigInt(size) > wanted)
    throw new MigrateError('E_SEGMENT_OVERLONG', `the ${name} file is longer than it says`, { ...details, hint });
  if (!whole)
    throw new MigrateError('E_SEGMENT_ROWS', `the ${name} file holds no whole number of rows`, {
      at: { ...at, offset: 0 },
      found: `a length of ${inBytes(length)}`,
      wanted: `a multiple of ${inBytes(rowBytes)}${name === 'id' ? '' : ` (${factors})`}`,
      hint: hintFor(undefined),
    });
  return Number(rows);
}

function lengthOf({ size, start, at }: FileHead, code: ErrorCode, name: string): bigint {
  if (size >= LENGTH_WORD_BYTES && start.length >= LENGTH_WORD_BYTES)
    return new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  throw new MigrateError(code, `the ${name} file is too short for its length word`, {
    at,
    found: inBytes(size),
    wanted: `at least ${inBytes(LENGTH_WORD_BYTES)}`,
    hint: hintFor(undefined),
  });
}

function hintFor(rows: number | undefined): string {
  const loss = rows === undefined ? 'it' : `its ${grouped(rows)} rows`;
  return `copy the segment again; or --skip-bad-segments to go on without ${loss}`;
}
