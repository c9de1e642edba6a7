/** One .npy file per field: what Milvus's bulk insert takes for schemas of fixed width. */
import { type Batch, columnOf } from '../core/batch.ts';
import type { Encoded, Encoder, PartFile, StoreGroup, StoreWriter } from '../core/contracts.ts';
import { crc32, crc32Combine } from '../core/crc32.ts';
import type { Field, FieldType, Schema } from '../core/schema.ts';
import { NPY_HEADER_BYTES, type NpyShape, npyHeader } from '../formats/npy.ts';

/** Milvus takes a column file's base name for the field's name. */
export function npyFileName(field: string): string {
  return `${field}.npy`;
}

interface FieldFile {
  readonly field: Field;
  readonly writer: StoreWriter;
  /** CRC-32 and length of the data so far, without the header. */
  crc: number;
  bytes: number;
}

/** Opens one file per field of `schema` in the group. */
export async function openNpyEncoder(group: StoreGroup, schema: Schema): Promise<Encoder> {
  const files: FieldFile[] = [];
  for (const field of schema.fields) {
    const writer = await group.create(npyFileName(field.name));
    // The true header comes last, with the row count; zeros until then are no NumPy file for anybody.
    await writer.write(new Uint8Array(NPY_HEADER_BYTES));
    files.push({ field, writer, crc: 0, bytes: 0 });
  }
  let rows = 0;
  return {
    async write(batch: Batch) {
      for (const file of files) {
        const { bytes } = columnOf(batch, file.field.name);
        const crc = crc32(bytes);
        await file.writer.write(bytes, crc);
        file.crc = crc32Combine(file.crc, crc, bytes.length);
        file.bytes += bytes.length;
      }
      rows += batch.rows;
    },
    async close(): Promise<Encoded> {
      const columnCrc = Object.fromEntries(files.map(({ field, crc }) => [field.name, crc]));
      return { files: await Promise.all(files.map((file) => finish(file, rows))), columnCrc };
    },
  };
}

async function finish({ field, writer, crc, bytes }: FieldFile, rows: number): Promise<PartFile> {
  const header = npyHeader(npyShape(field, rows));
  await writer.patchStart(header);
  await writer.close();
  return {
    name: npyFileName(field.name),
    bytes: NPY_HEADER_BYTES + bytes,
    crc32: crc32Combine(crc32(header), crc, bytes),
  };
}

/** NumPy's type of one value. Absent: Milvus takes no such column as NumPy, or values have no fixed width. */
const NPY_TYPE: Partial<Record<FieldType, NpyShape['type']>> = {
  Bool: '|b1',
  Int8: '|i1',
  Int16: '<i2',
  Int32: '<i4',
  Int64: '<i8',
  Float: '<f4',
  Double: '<f8',
  FloatVector: '<f4',
  BinaryVector: '|u1',
};

/** Whether a schema can be written as NumPy files: fixed widths and no nulls. */
export function fitsNpy(schema: Schema): boolean {
  return schema.fields.every(({ type, nullable }) => NPY_TYPE[type] !== undefined && nullable !== true);
}

/** Type and shape of a field's column: `[rows]`, FloatVector `[rows, dim]`, BinaryVector `[rows, dim / 8]`. */
export function npyShape(field: Field, rows: number): NpyShape {
  const type = NPY_TYPE[field.type];
  if (type === undefined) throw new TypeError(`${field.name} (${field.type}) can not be a NumPy file`);
  const width = field.type === 'BinaryVector' ? field.dim / 8 : field.dim;
  return { type, shape: width === 0 ? [rows] : [rows, width] };
}
