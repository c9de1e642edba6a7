/**
 * A Parquet file's frame: the magic bytes, where the column chunks lie, and the footer that says so.
 *
 * ```
 *   PAR1 | row group: chunk of column a | chunk of column b | … | row group … | footer | length of it (u32) | PAR1
 * ```
 * A chunk is one or more pages. Chunks of a group may lie in any order: the one that is too large to be held back goes
 * to the file as it comes, the others follow it.
 */
import { type ParquetColumn, PHYSICAL, pathOf, schemaElements } from './column.ts';
import { encodeStruct, i32, i64, list, type Struct, string, struct } from './thrift.ts';

export const MAGIC = Uint8Array.from(Buffer.from('PAR1', 'latin1'));

export interface Chunk {
  /** Offset of its first page. */
  readonly at: number;
  /** Pages with their headers. */
  readonly bytes: number;
  /** As Parquet counts: sum of the pages'. */
  readonly values: number;
}

export interface RowGroup {
  readonly rows: number;
  /** In the order of the columns. */
  readonly chunks: readonly Chunk[];
}

const PLAIN = 0;
const RLE = 3;
const UNCOMPRESSED = 0;

/** What follows the last row group: the footer, its length, the magic bytes. */
export function footer(columns: readonly ParquetColumn[], groups: readonly RowGroup[]): Uint8Array {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const metadata = encodeStruct([
    [1, i32(2)],
    [
      2,
      list(
        'struct',
        schemaElements(columns).map((element) => struct(...element)),
      ),
    ],
    [3, i64(rows)],
    [
      4,
      list(
        'struct',
        groups.map((group) => struct(...groupStruct(columns, group))),
      ),
    ],
    [6, string('milvus-migrate')],
  ]);
  const bytes = new Uint8Array(metadata.length + 8);
  bytes.set(metadata);
  new DataView(bytes.buffer).setUint32(metadata.length, metadata.length, true);
  bytes.set(MAGIC, metadata.length + 4);
  return bytes;
}

function groupStruct(columns: readonly ParquetColumn[], { rows, chunks }: RowGroup): Struct {
  return [
    [
      1,
      list(
        'struct',
        chunks.map((chunk, index) => struct(...chunkStruct(columns[index]!, chunk))),
      ),
    ],
    [2, i64(chunks.reduce((sum, { bytes }) => sum + bytes, 0))],
    [3, i64(rows)],
  ];
}

function chunkStruct(column: ParquetColumn, { at, bytes, values }: Chunk): Struct {
  const metadata = struct(
    [1, i32(PHYSICAL[column.physical])],
    [2, list('i32', [i32(PLAIN), i32(RLE)])],
    [3, list('string', pathOf(column).map(string))],
    [4, i32(UNCOMPRESSED)],
    [5, i64(values)],
    [6, i64(bytes)],
    [7, i64(bytes)],
    [9, i64(at)],
  );
  return [
    [2, i64(at)],
    [3, metadata],
  ];
}
