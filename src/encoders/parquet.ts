/**
 * One Parquet file per part, as Milvus's import takes it: plain, uncompressed, vectors as lists.
 *
 * The first vector column, nearly all of the bytes, goes to the file batch by batch; the other columns of a row group
 * are held back until it ends, so memory is bounded by `HELD_BYTES` (times threads), whatever the part's size.
 */
import { type Batch, columnOf } from '../core/batch.ts';
import { createColumnCrc } from '../core/columnCrc.ts';
import type { Encoded, Encoder, StoreGroup, StoreWriter } from '../core/contracts.ts';
import { crc32 } from '../core/crc32.ts';
import type { Field, Schema } from '../core/schema.ts';
import type { ParquetColumn } from '../formats/parquet/column.ts';
import { type Chunk, footer, MAGIC, type RowGroup } from '../formats/parquet/file.ts';
import { dataPage } from '../formats/parquet/page.ts';
import { pageRows, parquetColumn } from '../formats/parquet/plain.ts';

export const PARQUET_FILE = 'part.parquet';

/** A row group ends when so much of the other columns is held back, */
const HELD_BYTES = 8 * 1024 * 1024;
/** or when it is that large: Milvus reads a group at a time. */
const GROUP_BYTES = 128 * 1024 * 1024;

interface OpenColumn {
  readonly field: Field;
  readonly column: ParquetColumn;
  /** Pages of the group that are not in the file yet. */
  held: Uint8Array[];
  /** Where the group's chunk begins, once it is in the file. */
  at: number;
  bytes: number;
  values: number;
}

export async function openParquetEncoder(group: StoreGroup, schema: Schema): Promise<Encoder> {
  const out = createOutput(await group.create(PARQUET_FILE));
  const columns = schema.fields.map(openColumn);
  const streamed = columns.find(({ field }) => field.dim > 0);
  const crcs = schema.fields.map((field) => createColumnCrc(field));
  const groups: RowGroup[] = [];
  let rows = 0;
  await out.write(MAGIC);

  const endGroup = async (): Promise<void> => {
    if (rows === 0) return;
    for (const column of columns) {
      if (column === streamed) continue;
      column.at = out.bytes();
      for (const piece of column.held) await out.write(piece);
    }
    groups.push({ rows, chunks: columns.map(chunkOf) });
    for (const column of columns) Object.assign(column, { held: [], at: 0, bytes: 0, values: 0 });
    rows = 0;
  };

  return {
    async write(batch: Batch) {
      if (batch.rows === 0) return;
      for (const [index, column] of columns.entries()) {
        const values = columnOf(batch, column.field.name);
        crcs[index]!.add(values, batch.rows);
        const page = dataPage(column.column, pageRows(column.field, values, batch.rows));
        if (column === streamed) {
          if (column.values === 0) column.at = out.bytes();
          await out.write(page.head);
          await out.write(page.values);
        } else column.held.push(page.head, new Uint8Array(page.values));
        column.bytes += page.head.length + page.values.length;
        column.values += page.count;
      }
      rows += batch.rows;
      const size = columns.reduce((sum, { bytes }) => sum + bytes, 0);
      if (size >= GROUP_BYTES || size - (streamed?.bytes ?? 0) >= HELD_BYTES) await endGroup();
    },
    async close(): Promise<Encoded> {
      await endGroup();
      await out.write(
        footer(
          columns.map(({ column }) => column),
          groups,
        ),
      );
      await out.close();
      const columnCrc = Object.fromEntries(schema.fields.map(({ name }, index) => [name, crcs[index]!.value()]));
      return { files: [{ name: PARQUET_FILE, bytes: out.bytes(), crc32: out.crc() }], columnCrc };
    },
  };
}

function openColumn(field: Field): OpenColumn {
  return { field, column: parquetColumn(field), held: [], at: 0, bytes: 0, values: 0 };
}

function chunkOf({ at, bytes, values }: OpenColumn): Chunk {
  return { at, bytes, values };
}

interface Output {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  bytes(): number;
  crc(): number;
}

/** Counts and sums what goes through. */
function createOutput(writer: StoreWriter): Output {
  let length = 0;
  let sum = 0;
  return {
    async write(bytes) {
      await writer.write(bytes);
      sum = crc32(bytes, sum);
      length += bytes.length;
    },
    close: () => writer.close(),
    bytes: () => length,
    crc: () => sum,
  };
}
