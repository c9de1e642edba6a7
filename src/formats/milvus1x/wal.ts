/**
 * Milvus 1.x's write-ahead log: `<file_no>.wal` files of packed records and `mxlog.meta`, three uint64
 * (Milvus 1.x, db/wal/WalDefinations.h, WalBuffer.cpp, WalMetaMgr). An LSN is file number << 32 | offset of the
 * record's end.
 *
 * ```
 *   lsn u64 | type u8 | name bytes u16 | tag bytes u16 | vectors u32 | data bytes u32 | name | tag | ids | data
 * ```
 */
import { MigrateError } from '../../core/errors.ts';
import { grouped, inBytes } from './quantity.ts';

const HEADER_BYTES = 21;
const ID_BYTES = 8;
/** One read gets the header and, nearly always, both names. */
const READ_AHEAD_BYTES = 512;

export const WAL_META_BYTES = 24;

export type WalKind = 'insert' | 'delete' | 'other';

export interface WalRecord {
  readonly lsn: bigint;
  readonly kind: WalKind;
  readonly collection: string;
  /** Partition tag; `''` for the default one, and for deletes. */
  readonly tag: string;
  /** Rows inserted or ids deleted. */
  readonly rows: number;
}

/** By the number of a record's type: none, insert binary, insert float, delete, update, flush. */
const KINDS: readonly WalKind[] = ['other', 'insert', 'insert', 'delete', 'insert', 'other'];

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** File number and offset of an LSN. */
export function splitLsn(lsn: bigint): { readonly file: number; readonly offset: number } {
  return { file: Number(lsn >> 32n), offset: Number(lsn & 0xffffffffn) };
}

/** The newest applied LSN, from mxlog.meta: the third number if the second equals it, else the first. Error: E_WAL. */
export function appliedLsn(meta: Uint8Array, file: string): bigint {
  if (meta.length < WAL_META_BYTES)
    throw new MigrateError('E_WAL', 'the meta file of the write-ahead log is too short', {
      at: { file },
      found: inBytes(meta.length),
      wanted: inBytes(WAL_META_BYTES),
    });
  const view = new DataView(meta.buffer, meta.byteOffset);
  const [first, second, third] = [0, 8, 16].map((offset) => view.getBigUint64(offset, true)) as [
    bigint,
    bigint,
    bigint,
  ];
  return second === third ? third : first;
}

export interface WalFile {
  readonly number: number;
  /** Bytes of the file. */
  readonly size: number;
  /** Where reading starts: the end of a record, or 0. */
  readonly start: number;
  /** Where it ends: the end of a record, at most `size`. */
  readonly end: number;
  /** Name, for errors. */
  readonly file: string;
}

/**
 * Reads the records of a log file, without I/O: asks for byte ranges (each inside the file) and is given exactly those.
 * Ids and vectors are not asked for. Error: E_WAL with file and offset where a record makes no sense.
 */
export function* readWalRecords(
  log: WalFile,
  onRecord: (record: WalRecord) => void,
): Generator<ByteRange, void, Uint8Array> {
  const text = new TextDecoder();
  for (let offset = log.start; offset < log.end; ) {
    const room = log.end - offset;
    if (room < HEADER_BYTES)
      throw broken(log, offset, `${inBytes(room)} left for a record`, `at least ${HEADER_BYTES}`);
    let bytes = yield { offset, length: Math.min(room, READ_AHEAD_BYTES) };
    const header = parseHeader(bytes);
    const end = offset + header.bytes;
    if (header.bytes > room)
      throw broken(log, offset, `a record of ${inBytes(header.bytes)}`, `at most ${grouped(room)}`);
    const lsn = (BigInt(log.number) << 32n) | BigInt(end);
    if (header.lsn !== lsn) throw broken(log, offset, `LSN ${header.lsn}`, `${lsn}, its end in this file`);
    const kind = KINDS[header.type];
    if (kind === undefined) throw broken(log, offset, `record type ${header.type}`, `0 to ${KINDS.length - 1}`);
    const namesEnd = HEADER_BYTES + header.nameBytes + header.tagBytes;
    if (namesEnd > bytes.length) bytes = yield { offset, length: namesEnd };
    const tagStart = HEADER_BYTES + header.nameBytes;
    onRecord({
      lsn,
      kind,
      collection: text.decode(bytes.subarray(HEADER_BYTES, tagStart)),
      tag: text.decode(bytes.subarray(tagStart, namesEnd)),
      rows: header.vectors,
    });
    offset = end;
  }
}

function parseHeader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const nameBytes = view.getUint16(9, true);
  const tagBytes = view.getUint16(11, true);
  const vectors = view.getUint32(13, true);
  return {
    lsn: view.getBigUint64(0, true),
    type: view.getUint8(8),
    nameBytes,
    tagBytes,
    vectors,
    bytes: HEADER_BYTES + nameBytes + tagBytes + vectors * ID_BYTES + view.getUint32(17, true),
  };
}

function broken({ file }: WalFile, offset: number, found: string, wanted: string): MigrateError {
  return new MigrateError('E_WAL', 'a broken record in the write-ahead log: rows that were not flushed may be lost', {
    at: { file, offset },
    found,
    wanted,
    hint: 'copy the wal folder again; or --ignore-unflushed to go on with what is in the segments',
  });
}
